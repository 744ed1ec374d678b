"use strict";
// A class of the tables filters everything; the rows of the chosen one are marked.
page.sections.classes = (data) => {
  const rows = [...document.querySelectorAll("#classes tr[data-key]")];
  for (const row of rows) {
    const k = Number(row.dataset.key);
    row.cells[0].replaceChildren(page.classButton(k, data.classes[k]));
  }
  page.state.on("class", (chosen) => {
    for (const row of rows) row.classList.toggle("chosen", row.dataset.key === chosen);
  });
};
