"use strict";
// The filter at any threshold of the slider: what each checkpoint retains, the verdict, and the classes of one of them.
page.sections.filter = (data) => {
  const panel = document.getElementById("filter-panel");
  const words = { strict: "keep strict", floor: "lower to a floor", undecided: "undecided", none: "no verdict" };
  const colors = { strict: "good", floor: "bad", undecided: "warn", none: "warn" };

  const slider = page.tauSlider(data);
  const overall = page.table("What the threshold retains", [
    "checkpoint", ["retained px", "n"], ["retention", "n"], ["wrong px", "n"], ["ρ_F", "n"], ["95 %", "n"],
    ["macro ρ_F", "n"], "verdict",
  ]);
  const rows = data.members.map((member) => rowOf(overall.body, member.name, 7));
  const choice = page.choice("Classes of", "method", data.members.map((member) => member.name), data.members[0].name);
  const classes = page.table("By predicted class", [
    "class", ["predicted px", "n"], ["retained px", "n"], ["retention", "n"], ["wrong px", "n"], ["ρ_F", "n"],
  ]);
  const classRows = data.classes.map((name, k) => classRow(name, k));
  panel.append(slider, overall.box, document.getElementById("filter-curves"), page.element("p", {}, choice), classes.box);
  page.makeSortable(overall.table);
  page.makeSortable(classes.table);

  const rules = [...document.querySelectorAll("#filter-curves .chart svg")].map(ruleOf);
  page.state.on("tau", update, data.start);
  page.state.on("method", update, "");
  page.state.on("class", (chosen) => {
    classRows.forEach((cells, k) => cells[0].parentElement.classList.toggle("chosen", chosen === String(k)));
  });

  // The rule of a chart that marks the threshold, and where the horizontal axis begins and ends.
  function ruleOf(svg) {
    const [start, , end] = svg.querySelector("path.axis").getAttribute("d").match(/[\d.]+/g).map(Number);
    return { rule: svg.querySelector("path.rule"), start, end };
  }

  function rowOf(body, name, numbers) {
    const cells = [page.element("th", { scope: "row" }, name)];
    for (let i = 0; i < numbers; i++) cells.push(page.element("td", { class: i + 1 < numbers || numbers === 5 ? "n" : "" }));
    body.append(page.element("tr", {}, ...cells));
    return cells;
  }

  function classRow(name, k) {
    const cells = rowOf(classes.body, "", 5);
    cells[0].append(page.classButton(k, name));
    return cells;
  }

  function update() {
    const stop = page.stopOf(data);
    data.members.forEach((member, i) => {
      const [, kept, share, wrong, rho, ends, macro, verdict] = rows[i];
      const [retained, correct] = [member.retained[stop], member.correct[stop]];
      const { decision, low, high } = member.verdicts[stop];
      page.setCell(kept, page.count(retained), retained);
      page.setCell(share, page.percent(retained / member.valid), retained / member.valid);
      page.setCell(wrong, page.count(retained - correct), retained - correct);
      page.setCell(rho, page.percent((retained - correct) / retained, 2), (retained - correct) / retained);
      page.setCell(ends, Number.isFinite(low) ? `${(100 * (1 - high)).toFixed(2)}–${(100 * (1 - low)).toFixed(2)}` : "–", 1 - high);
      page.setCell(macro, page.percent(member.macro[stop], 2), member.macro[stop]);
      verdict.textContent = words[decision];
      verdict.className = colors[decision];
    });
    for (const { rule, start, end } of rules) {
      const at = start + ((end - start) * stop) / (data.stops.length - 1);
      rule.setAttribute("d", rule.getAttribute("d").replace(/([ML])[\d.]+/g, `$1${at.toFixed(1)}`));
    }
    updateClasses(stop);
  }

  function updateClasses(stop) {
    const name = page.state.get("method", data.members[0].name);
    const member = data.members.find((one) => one.name === name) ?? data.members[0];
    const { predicted, retained, correct } = member.classes;
    classRows.forEach(([, all, kept, share, wrong, rho], k) => {
      const [kept_, wrong_] = [retained[stop][k], retained[stop][k] - correct[stop][k]];
      page.setCell(all, page.count(predicted[k]), predicted[k]);
      page.setCell(kept, page.count(kept_), kept_);
      page.setCell(share, page.percent(kept_ / predicted[k]), kept_ / predicted[k]);
      page.setCell(wrong, page.count(wrong_), wrong_);
      page.setCell(rho, page.percent(wrong_ / kept_, 2), wrong_ / kept_);
    });
  }
};

// Index of the chosen threshold among the slider's stops; of the start where the state names none of them.
page.stopOf = (data) => {
  const stop = data.stops.indexOf(Number(page.state.get("tau", data.start)));
  return stop < 0 ? data.stops.indexOf(data.start) : stop;
};

// A slider over the thresholds. There may be several on the page; all follow the same state.
page.tauSlider = (data) => {
  const slider = page.element("input", {
    type: "range", min: 0, max: data.stops.length - 1, step: 1, "aria-label": "Confidence threshold τ",
    oninput: () => page.state.set("tau", data.stops[slider.value]),
  });
  const shown = page.element("output", { class: "tau" });
  page.state.on("tau", () => {
    slider.value = page.stopOf(data);
    shown.textContent = `τ = ${data.stops[slider.value]}`;
    slider.setAttribute("aria-valuetext", shown.textContent);
  });
  return page.element("div", { class: "slider" }, shown, slider);
};

// The name of a class as a button that filters everything by it, or by none again.
page.classButton = (k, name) => {
  const choose = () => page.state.set("class", page.state.get("class") === String(k) ? "" : k);
  const button = page.element("button", { type: "button", class: "class", onclick: choose }, name);
  page.state.on("class", (chosen) => button.setAttribute("aria-pressed", chosen === String(k)));
  return button;
};
