"use strict";
// The matrices of centroid cosines as grids of cells, and the t-SNE maps.
page.sections.embedding = (data) => {
  if (data.centroids) startMatrices(data.centroids);
  if (data.tsne) startMaps(data.tsne);

  // Cells are reached with the arrow keys, name what they hold, and choose a pair of classes.
  function startMatrices({ classes, kept, matrices }) {
    const readout = document.getElementById("cosine-readout");
    for (const table of document.querySelectorAll(".cosine-matrix")) startMatrix(table, matrices[table.dataset.matrix]);
    if (readout) readout.textContent = "Point at a cell, or move through the cells with the arrow keys.";

    function startMatrix(table, matrix) {
      const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].slice(1));
      table.setAttribute("role", "grid");
      table.parentElement.removeAttribute("tabindex");
      rows.flat().forEach((cell) => {
        cell.setAttribute("role", "gridcell");
        cell.tabIndex = -1;
      });
      if (rows.length) rows[0][0].tabIndex = 0;
      const placeOf = (cell) => [cell.parentElement.sectionRowIndex, cell.cellIndex - 1];
      table.addEventListener("focusin", ({ target }) => tell(target.closest("td[role]")));
      table.addEventListener("pointerover", ({ target }) => tell(target.closest("td[role]")));
      table.addEventListener("click", ({ target }) => choose(target.closest("td[role]")));
      table.addEventListener("keydown", (event) => {
        const cell = event.target.closest("td[role]");
        const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
        if (!cell || !(step || event.key === "Enter" || event.key === " ")) return;
        event.preventDefault();
        if (!step) return choose(cell);
        const [row, column] = placeOf(cell);
        focus(rows[row + step[0]]?.[column + step[1]]);
      });
      page.state.on("pair", (pair) => {
        rows.flat().forEach((cell) => cell.setAttribute("aria-selected", String(pairOf(cell) === pair)));
      });

      function focus(cell) {
        if (!cell) return;
        for (const other of table.querySelectorAll('td[tabindex="0"]')) other.tabIndex = -1;
        cell.tabIndex = 0;
        cell.focus();
      }

      function tell(cell) {
        if (!cell) return;
        const text = describe(matrix, ...placeOf(cell));
        cell.setAttribute("aria-label", text);
        readout.textContent = text;
      }

      function choose(cell) {
        if (cell) page.state.set("pair", page.state.get("pair") === pairOf(cell) ? "" : pairOf(cell));
      }

      function pairOf(cell) {
        const [row, column] = placeOf(cell);
        return `${kept[row]},${kept[column]}`;
      }
    }

    function describe({ name, cosine, confusion, pixels }, row, column) {
      const [truth, predicted] = [classes[kept[row]], classes[kept[column]]];
      if (row === column) {
        const right = confusion ? `${page.percent(confusion[row][row] / pixels[row])} of it is predicted right` : "";
        return `${name}: ${truth}${right && `; ${right}`}.`;
      }
      const value = cosine[row][column];
      const near = `${name}: ${truth} – ${predicted}, cosine ${value === null ? "–" : value.toFixed(3)}`;
      if (!confusion) return `${near}.`;
      const rate = (a, b) => `${page.percent(confusion[a][b] / pixels[a])} (${page.count(confusion[a][b])} pixels)`;
      return `${near}. Of ${truth}, ${rate(row, column)} is predicted as ${predicted}; of ${predicted}, ${rate(column, row)} as ${truth}.`;
    }
  }

  // A canvas for each method; a pixel that is pointed at is marked on all of them.
  function startMaps(tsne) {
    const { labels, images, pixels, classes, maps } = tsne;
    const box = document.getElementById("tsne-maps");
    const readout = page.element("p", { class: "readout", id: "tsne-readout", "aria-live": "polite" });
    const choices = [["class", "class"]];
    if (maps.some((map) => map.predicted)) choices.push(["correct", "correctness"]);
    if (maps.some((map) => map.confidence)) choices.push(["confidence", "confidence"]);
    const present = [...new Set(labels)].sort((a, b) => a - b);
    const legend = page.element("div", { class: "tsne-legend" });
    const views = maps.map((map) => view(map));
    box.append(
      page.element("p", {}, page.choice("Colour", "tsne", choices, "class")),
      legend,
      readout,
      page.element("div", { class: "tsne-maps" }, ...views.map(({ figure }) => figure)),
    );
    let chosen = -1;
    let waiting = false;
    choose(-1);
    for (const name of ["tsne", "class", "theme", "tau"]) page.state.on(name, redraw);
    new ResizeObserver(redraw).observe(box);

    function mode() {
      const wanted = page.state.get("tsne", "class");
      return choices.some(([known]) => known === wanted) ? wanted : "class";
    }

    function shownClass() {
      const text = page.state.get("class");
      return text === "" ? -1 : Number(text);
    }

    function threshold() {
      return Number(page.state.get("tau", page.data.filter?.start ?? 0.95));
    }

    // Several changes of the state lead to one drawing.
    function redraw() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        fillLegend();
        views.forEach((one) => one.draw());
      });
    }

    function choose(index) {
      chosen = index;
      readout.textContent = index < 0 ? "Point at a pixel, or move from one to the next with the arrow keys." : describe(index);
      views.forEach((one) => one.mark(index));
    }

    function describe(index) {
      const [image, row, column] = pixels[index];
      const seen = maps.map(({ name, predicted, confidence }) => {
        if (!predicted) return `${name}: prediction not cached`;
        const sure = confidence ? `, confidence at least ${Math.floor(1e4 * confidence[index]) / 1e4}` : "";
        const right = predicted[index] === labels[index] ? "correct" : "wrong";
        return `${name}: ${classes[predicted[index]]} (${right}${sure})`;
      });
      const where = `${images[image]}, row ${row}, column ${column}; truth ${classes[labels[index]]}`;
      return `${where}. ${seen.join("; ")}. ${page.hasImage(images[image]) ? "Enter or a click shows the image." : ""}`;
    }

    function fillLegend() {
      const kinds = {
        class: () => present.map((k) => classKey(k)),
        correct: () => [key("circle", color("--series-1"), "correct"), key("cross", color("--series-2"), "wrong")],
        confidence: () => [
          ...STEPS.slice(0, -1).map((low, step) => key("circle", shade(step), `${low} to ${STEPS[step + 1]}`)),
          key("ring", color("--text"), `hollow: below τ = ${threshold()}`),
        ],
      };
      const items = kinds[mode()]();
      const many = items.length > 30;
      const open = legend.querySelector("details")?.open ?? false;
      const list = page.element("div", { class: "tsne-keys" }, ...items);
      const summary = page.element("summary", {}, `${items.length} classes`);
      legend.replaceChildren(many ? page.element("details", { open }, summary, list) : list);
    }

    function classKey(k) {
      const toggle = () => page.state.set("class", shownClass() === k ? "" : k);
      const pressed = String(shownClass() === k);
      const properties = { type: "button", "aria-pressed": pressed, onclick: toggle, "data-key": k };
      const before = document.activeElement?.dataset?.key;
      const button = page.element("button", properties, sample("circle", tsne.palette[k]), classes[k]);
      if (before === String(k) && legend.contains(document.activeElement)) requestAnimationFrame(() => button.focus());
      return button;
    }

    function key(shape, fill, text) {
      return page.element("span", { class: "tsne-key" }, sample(shape, fill), text);
    }

    function sample(shape, fill) {
      const canvas = stampOf(shape, fill, 10);
      canvas.setAttribute("aria-hidden", "true");
      return canvas;
    }

    function view(map) {
      const canvas = page.element("canvas", {
        tabindex: "0", role: "application", "aria-label": `t-SNE map of ${map.name}`, "aria-describedby": "tsne-readout",
        onpointermove: (event) => choose(at(event)),
        onpointerdown: (event) => choose(at(event)),
        onpointerleave: () => choose(-1),
        onclick: show,
        onkeydown: step,
      });
      const figure = page.element("figure", {}, page.element("figcaption", {}, map.name), canvas);
      const context = canvas.getContext("2d");
      const picture = document.createElement("canvas");
      let edge = 0;
      return { figure, draw, mark };

      // The place of a point in pixels of the page.
      function place(index) {
        const inner = edge - 2 * MARGIN;
        const [x, y] = map.places[index];
        return [MARGIN + (inner * x) / GRID, MARGIN + inner * (1 - y / GRID)];
      }

      function draw() {
        edge = canvas.clientWidth;
        if (!edge) return; // not shown
        const scale = window.devicePixelRatio || 1;
        for (const one of [canvas, picture]) one.width = one.height = Math.round(edge * scale);
        const target = picture.getContext("2d");
        for (const { indices, shape, fill, faint } of layers(map)) {
          target.globalAlpha = faint ? 0.12 : 1;
          const stamp = stampOf(shape, fill, radius() * scale); // copied for each point, as one path of all is slow
          for (const index of indices) {
            const [x, y] = place(index);
            target.drawImage(stamp, Math.round(x * scale - stamp.width / 2), Math.round(y * scale - stamp.height / 2));
          }
        }
        mark(chosen);
      }

      function radius() {
        return Math.max(1.6, Math.min(4, (edge / 130) * Math.sqrt(800 / labels.length)));
      }

      function mark(index) {
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, canvas.width, canvas.height);
        context.drawImage(picture, 0, 0);
        if (index < 0 || !edge) return;
        const scale = canvas.width / edge;
        context.scale(scale, scale);
        const [x, y] = place(index);
        for (const [width, ink] of [[6, color("--back")], [3, color("--text")]]) {
          context.lineWidth = width;
          context.strokeStyle = ink;
          context.beginPath();
          context.arc(x, y, radius() + 5, 0, 2 * Math.PI);
          context.stroke();
        }
      }

      // The nearest point within reach of the pointer, of the class that is shown.
      function at(event) {
        const bounds = canvas.getBoundingClientRect();
        const [x, y] = [event.clientX - bounds.left - canvas.clientLeft, event.clientY - bounds.top - canvas.clientTop];
        return nearest((dx, dy) => dx * dx + dy * dy, [x, y], REACH * REACH);
      }

      function nearest(cost, [x, y], most, apart = -1) {
        const only = shownClass();
        let [best, least] = [-1, most];
        for (let index = 0; index < labels.length; index++) {
          if (index === apart || (only >= 0 && labels[index] !== only)) continue;
          const [px, py] = place(index);
          const value = cost(px - x, py - y);
          if (value < least) [best, least] = [index, value];
        }
        return best;
      }

      // The next point in a direction: near, and rather ahead than aside.
      function step(event) {
        const direction = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
        if (event.key === "Enter" || event.key === " ") show();
        else if (event.key === "Escape") choose(-1);
        else if (!direction) return;
        else if (chosen < 0) choose(nearest((dx, dy) => dx * dx + dy * dy, [edge / 2, edge / 2], Infinity));
        else {
          const ahead = (dx, dy) => dx * direction[0] + dy * direction[1];
          const aside = (dx, dy) => Math.abs(dx * direction[1]) + Math.abs(dy * direction[0]);
          const cost = (dx, dy) => (ahead(dx, dy) > 0 ? ahead(dx, dy) + 3 * aside(dx, dy) : Infinity);
          const next = nearest(cost, place(chosen), Infinity, chosen);
          if (next >= 0) choose(next);
        }
        event.preventDefault();
      }

      function show() {
        const image = chosen < 0 ? "" : images[pixels[chosen][0]];
        if (page.hasImage(image)) page.openImage(image);
      }
    }

    // Points to draw in one way, those that are to be seen best last.
    function layers(map) {
      const only = shownClass();
      const look = looks(map);
      const found = new Map();
      for (let index = 0; index < labels.length; index++) {
        const faint = only >= 0 && labels[index] !== only;
        const { shape, fill, last } = look(index);
        const name = `${faint ? 0 : 1}${last ? 1 : 0} ${shape} ${fill}`;
        if (!found.has(name)) found.set(name, { shape, fill, faint, name, indices: [] });
        found.get(name).indices.push(index);
      }
      return [...found.values()].sort((a, b) => a.name.slice(0, 2).localeCompare(b.name.slice(0, 2)));
    }

    // How each point of a map is drawn; colours are looked up once.
    function looks({ predicted, confidence }) {
      if (mode() === "correct" && predicted) {
        const kinds = [
          { shape: "circle", fill: color("--series-1"), last: false },
          { shape: "cross", fill: color("--series-2"), last: true },
        ];
        return (index) => kinds[Number(predicted[index] !== labels[index])];
      }
      if (mode() === "confidence" && confidence) {
        const tau = threshold();
        const fills = STEPS.slice(1).map((_, step) => shade(step));
        return (index) => {
          const step = Math.max(0, STEPS.findLastIndex((low, place) => place < fills.length && confidence[index] >= low));
          return { shape: confidence[index] < tau ? "ring" : "circle", fill: fills[step], last: step < 2 };
        };
      }
      const plain = mode() === "class" ? null : color("--soft");
      return (index) => ({ shape: "circle", fill: plain ?? tsne.palette[labels[index]], last: false });
    }

    function shade(step) {
      return color("--series-2", "--series-1", step / (STEPS.length - 2));
    }
  }

  // A colour of the theme, or a mixture of two.
  function color(name, other = name, share = 0) {
    const style = getComputedStyle(document.documentElement);
    const [first, second] = [name, other].map((one) => parts(style.getPropertyValue(one).trim()));
    return `rgb(${first.map((part, place) => Math.round(part * (1 - share) + second[place] * share)).join(" ")})`;
  }

  function parts(hex) {
    return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
  }

  // A point; rings of the text's colour keep colours visible that are near the background's.
  function stampOf(shape, fill, radius) {
    const edge = 2 * Math.ceil(radius + 2);
    const canvas = page.element("canvas", { width: edge, height: edge });
    const context = canvas.getContext("2d");
    context.translate(edge / 2, edge / 2);
    context.beginPath();
    if (shape === "cross") {
      context.moveTo(-radius, -radius);
      context.lineTo(radius, radius);
      context.moveTo(radius, -radius);
      context.lineTo(-radius, radius);
    } else {
      context.arc(0, 0, radius, 0, 2 * Math.PI);
    }
    context.lineWidth = shape === "circle" ? 0.4 : Math.max(1.5, radius / 3);
    context.strokeStyle = shape === "circle" ? color("--text") : fill;
    context.fillStyle = fill;
    if (shape === "circle") context.fill();
    context.stroke();
    return canvas;
  }
};

const GRID = 1000; // positions on a map go from 0 to this
const MARGIN = 10;
const REACH = 14; // pixels between the pointer and the point that it names
const STEPS = [0, 0.5, 0.8, 0.95, 0.99, 1]; // of the confidence's colours
