"use strict";
// Sorting and saving of tables.
page.startTables = () => {
  for (const box of document.querySelectorAll("[data-table]")) {
    makeSortable(box.querySelector("table"));
    const texts = page.data.tables[box.dataset.table];
    if (texts) box.append(saveButtons(box.dataset.table, texts));
  }

  function saveButtons(name, texts) {
    const buttons = Object.entries(texts).map(([suffix, text]) =>
      page.element(
        "button",
        { type: "button", "aria-label": `Save the table ${name} as ${suffix}`,
          onclick: () => page.save(`${name}.${suffix}`, "text/plain", text) },
        suffix,
      ),
    );
    return page.element("p", { class: "save" }, "Save: ", ...buttons);
  }

  function makeSortable(table) {
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
