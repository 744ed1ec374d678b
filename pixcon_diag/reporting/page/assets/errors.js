"use strict";
// The confusion matrix of one checkpoint. A cell names the images in which one class is predicted as the other.
page.sections.errors = (data) => {
  const place = document.getElementById("confusion");
  const names = data.members.map((member) => member.name);
  const choice = page.choice("Confusions of", "method", names, names[0]);
  const matrix = page.element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix" });
  const named = page.element("div", { class: "named", "aria-live": "polite" });
  const note = page.element("p", { class: "note" });
  place.append(page.element("h3", {}, "Confusion matrix"), page.element("p", {}, choice), matrix, note, named);

  const chosen = () => data.members.find((one) => one.name === page.state.get("method")) ?? data.members[0];
  page.state.on("method", () => {
    draw(chosen());
    mark();
  });
  page.state.on("pair", mark);

  function draw(member) {
    const table = page.element("table", { class: "matrix" });
    const head = page.element("tr", {}, page.element("td", {}, "truth ↓ predicted →"));
    for (const k of member.shown) head.append(page.element("th", { scope: "col" }, page.element("span", {}, data.classes[k])));
    const body = page.element("tbody");
    member.shown.forEach((t, i) => {
      const row = page.element("tr", {}, page.element("th", { scope: "row" }, data.classes[t]));
      member.shown.forEach((p, j) => row.append(cell(member, t, p, member.matrix[i][j], member.truth[i])));
      body.append(row);
    });
    table.append(page.element("thead", {}, head), body);
    matrix.replaceChildren(table);
    note.textContent =
      "Per cent of the pixels of a class that are predicted as another one; – is none. A cell shows its images." +
      (member.shown.length < data.classes.length
        ? ` The ${member.shown.length} of ${data.classes.length} classes with most confused pixels.`
        : "");
  }

  function cell(member, t, p, pixels, all) {
    const share = pixels / all;
    const text = !pixels ? "–" : 100 * share < 0.1 ? "<0.1" : (100 * share).toFixed(100 * share < 10 ? 1 : 0);
    const shade = t === p ? 0 : Math.min(1, share / 0.3);
    const style = `--shade:${(100 * shade).toFixed(0)}%`;
    if (t === p || !pixels) return page.element("td", { class: t === p ? "diagonal" : "n", style }, text);
    const label = `${data.classes[t]} predicted as ${data.classes[p]}: ${page.percent(share, 2)}, ${page.count(pixels)} px`;
    const button = page.element(
      "button",
      { type: "button", "data-pair": `${t},${p}`, "aria-label": label, title: label,
        onclick: () => page.state.set("pair", page.state.get("pair") === `${t},${p}` ? "" : `${t},${p}`) },
      text,
    );
    return page.element("td", { class: "n", style }, button);
  }

  function mark() {
    const pair = page.state.get("pair");
    for (const button of matrix.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", button.dataset.pair === pair);
    }
    named.replaceChildren();
    const [t, p] = pair.split(",").map(Number);
    if (!pair || !(t in data.classes) || !(p in data.classes)) return;
    const images = chosen().images[pair] ?? [];
    const list = page.element("ul");
    for (const [image, pixels] of images) list.append(page.element("li", {}, page.imageLink(image), ` ${page.count(pixels)} px`));
    const title = `${data.classes[t]} predicted as ${data.classes[p]}`;
    named.append(page.element("h4", {}, title), images.length ? list : page.element("p", {}, "Its images are not listed."));
  }
};

// Whether an image is on the page, and what shows it there.
page.hasImage = (name) => imageKey(name) !== undefined;
page.openImage = (name) => {
  page.state.set("image", imageKey(name));
  page.goTo("images");
};

// An image's name; a button that opens it where it is on the page.
page.imageLink = (name) => {
  if (!page.hasImage(name)) return page.element("span", {}, name);
  return page.element("button", { type: "button", class: "link", onclick: () => page.openImage(name) }, name);
};

function imageKey(name) {
  return page.data.images?.images.find((image) => image.name === name)?.key;
}
