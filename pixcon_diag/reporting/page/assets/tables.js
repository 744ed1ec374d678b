"use strict";
// Sorting and saving of tables.
page.startTables = () => {
  for (const box of document.querySelectorAll("[data-table]")) {
    page.makeSortable(box.querySelector("table"));
    if (page.data.tables[box.dataset.table]?.formats.length) box.append(page.saveButtons(box.dataset.table));
  }
};

// Buttons that save a table in every format in which the page holds it.
page.saveButtons = (name) => {
  const save = async (format) => {
    page.texts ??= page.unpack("tables");
    page.save(`${name}.${format}`, "text/plain", (await page.texts)[name][format]);
  };
  const buttons = page.data.tables[name].formats.map((format) => {
    const label = `Save the table ${name} as ${format}`;
    return page.element("button", { type: "button", "aria-label": label, onclick: () => save(format) }, format);
  });
  return page.element("p", { class: "save" }, "Save: ", ...buttons);
};

// Makes the heads of a table buttons that sort its rows: by the cells' data-value, else by their text.
page.makeSortable = (table) => {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  heads.forEach((head, column) => {
    const button = page.element("button", { type: "button", class: "sort", onclick: () => sort(column) });
    button.append(...head.childNodes);
    head.append(button);
  });

  function sort(column) {
    const descending = heads[column].getAttribute("aria-sort") !== "descending";
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(a.cells[column], b.cells[column], descending));
    table.tBodies[0].append(...rows);
  }

  // By number, undefined ones last in either direction; else by text.
  function compare(a, b, descending) {
    const sign = descending ? -1 : 1;
    const [x, y] = [a, b].map((cell) => (cell.dataset.value === undefined ? NaN : Number(cell.dataset.value)));
    if (Number.isNaN(x) && Number.isNaN(y)) return sign * a.textContent.localeCompare(b.textContent, "en");
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return sign * (x - y);
  }
};

// A table that a script fills: `heads` are texts, or pairs of text and "n" for numbers.
page.table = (caption, heads) => {
  const row = page.element("tr");
  for (const head of heads) {
    const [text, kind] = Array.isArray(head) ? head : [head];
    row.append(page.element("th", { scope: "col", class: kind }, text));
  }
  const body = page.element("tbody");
  const table = page.element("table", {}, page.element("caption", {}, caption), page.element("thead", {}, row), body);
  const box = page.element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
  return { box, table, body };
};

// Sets the text of a number's cell, and the value by which it sorts.
page.setCell = (cell, text, value) => {
  cell.textContent = text;
  if (Number.isFinite(value)) cell.dataset.value = value;
  else delete cell.dataset.value;
};
