"use strict";
// Buttons that save tables, figures and charts, and copy the command.
page.sections.downloads = (data) => {
  listTables();
  fillFigures();
  listCharts();
  copyCommand();

  function listTables() {
    const box = document.getElementById("saved-tables");
    const field = page.element("input", { type: "search", oninput: search });
    const count = page.element("span", { "aria-live": "polite" });
    const { box: scroll, body } = page.table("Tables of this report", ["table", ["rows", "n"], "save as"]);
    for (const [name, { title, rows, formats }] of Object.entries(page.data.tables)) {
      const save = formats.length ? page.saveButtons(name) : `${name}.csv lies beside this page`;
      body.append(
        page.element(
          "tr", {},
          page.element("td", {}, title, page.element("code", {}, name)),
          page.element("td", { class: "n" }, page.count(rows)),
          page.element("td", {}, save),
        ),
      );
    }
    box.append(page.element("p", {}, page.element("label", {}, "Search ", field), " ", count), scroll);
    search();

    function search() {
      const words = field.value.toLowerCase().split(/\s+/);
      const rows = [...body.rows];
      for (const row of rows) {
        const text = row.cells[0].textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
      const shown = rows.filter((row) => !row.hidden).length;
      count.textContent = `${shown} of ${rows.length} tables`;
    }
  }

  function fillFigures() {
    const list = document.getElementById("saved-figures");
    list?.replaceChildren(...data.figures.map(({ name, files, held }) => {
      const beside = files.filter((suffix) => !held.includes(suffix)).map((suffix) => `${name}.${suffix}`);
      const note = beside.length ? `${beside.join(", ")} beside this page` : null;
      return page.element("li", { class: "save" }, page.element("code", {}, name), ...held.map((suffix) => button(name, suffix)), note);
    }));

    function button(name, suffix) {
      const type = { svg: "image/svg+xml", pdf: "application/pdf" }[suffix];
      const save = async () => page.save(`${name}.${suffix}`, type, await page.unzip(page.files(`figure-${name}`)[suffix]));
      return page.element("button", { type: "button", "aria-label": `Save the figure ${name} as ${suffix}`, onclick: save }, suffix);
    }
  }

  // The charts of the page, in the colours of the theme that is shown.
  function listCharts() {
    const charts = [...document.querySelectorAll("main figure svg")].filter((svg) => svg.closest("section"));
    if (!charts.length) return;
    const items = charts.map((svg, place) => {
      const section = svg.closest("section").id;
      const title = svg.closest("figure").querySelector("figcaption")?.textContent ?? svg.getAttribute("aria-label") ?? "";
      const save = () => page.save(`${section}-${place + 1}.svg`, "image/svg+xml", drawn(svg));
      const label = `Save the chart ${title} as svg`;
      return page.element("li", { class: "save" }, `${section}: ${title}`, page.element("button", { type: "button", "aria-label": label, onclick: save }, "svg"));
    });
    const summary = page.element("summary", {}, `Charts of this page (${charts.length})`);
    document.getElementById("saved-charts").append(page.element("details", {}, summary, page.element("ul", {}, ...items)));
  }

  function drawn(svg) {
    const copy = svg.cloneNode(true);
    const copies = [copy, ...copy.querySelectorAll("*")];
    [svg, ...svg.querySelectorAll("*")].forEach((element, place) => {
      const style = getComputedStyle(element);
      for (const name of DRAWN) copies[place].style.setProperty(name, style.getPropertyValue(name));
      copies[place].removeAttribute("class");
    });
    const [x, y, width, height] = (svg.getAttribute("viewBox") ?? `0 0 ${svg.clientWidth} ${svg.clientHeight}`).split(/[\s,]+/);
    const back = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ x, y, width, height })) back.setAttribute(name, value);
    back.style.fill = getComputedStyle(document.body).backgroundColor;
    copy.prepend(back);
    copy.setAttribute("xmlns", SVG);
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    return new XMLSerializer().serializeToString(copy);
  }

  function copyCommand() {
    const command = document.getElementById("command");
    if (!command) return;
    const told = page.element("span", { "aria-live": "polite" });
    const copy = async () => {
      getSelection().selectAllChildren(command); // what remains where the clipboard is not allowed
      await navigator.clipboard.writeText(command.textContent).then(
        () => (told.textContent = "copied"),
        () => (told.textContent = "selected; copy it with the keyboard"),
      );
    };
    command.parentElement.after(page.element("p", { class: "save" }, page.element("button", { type: "button", onclick: copy }, "Copy"), told));
  }
};

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "stroke-linejoin", "opacity", "color", "font-family", "font-size", "font-weight", "text-anchor", "display", "visibility"];
