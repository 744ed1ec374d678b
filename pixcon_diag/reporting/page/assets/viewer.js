"use strict";
// The viewer of one image: two sides, A and B, in one of several views, with the numbers of every method.
page.imageViewer = (data, shown) => {
  const place = document.getElementById("image-viewer");
  const filter = page.data.filter ?? { stops: [], start: 0 };
  const photo = page.element("img", { alt: "" });
  const canvas = page.element("canvas", {
    tabindex: "0", role: "application", "aria-describedby": "image-keys",
    "aria-label": "Image; arrow keys move over its pixels, F held shows the other side",
  });
  const divide = page.element("span", { class: "divide" });
  const cursor = page.element("span", { class: "cursor", hidden: true });
  const stage = page.element("div", { class: "stage" }, photo, canvas, divide, cursor);
  const sides = page.element("p", { class: "sides" });
  const pixel = page.element("p", { class: "pixel", role: "status" });
  const legend = page.element("ul", { class: "legend" });
  const title = page.element("h3");
  const numbers = page.table("On this image", [
    "method", ["error", "n"], ["mIoU", "n"], ["retained px", "n"], ["retained, wrong px", "n"], ["dropped px", "n"],
    ["dropped, wrong px", "n"],
  ]);
  const rows = data.methods.map((method) => numberRow(method.name));
  const flip = page.element("button", { type: "button", class: "flip", "aria-pressed": "false" }, "Hold to flip A/B");
  const step = (by, text) => page.element("button", { type: "button", onclick: () => move(by) }, text);
  let image = null; // the maps shown, and their record
  let record = null;
  let pixels = null; // of the canvas
  let flipped = false;
  let at = null; // the pixel under the cursor

  place.append(
    page.element("p", { class: "tools" }, step(-1, "‹ Previous"), step(1, "Next ›"), flip),
    title,
    page.element("div", { class: "view" }, page.element("div", {}, stage, sides, pixel), page.element("div", {}, legend)),
    page.element("p", { id: "image-keys", class: "note" },
      "Keys: N and P show the next and the previous image; F or space, held, flips A and B; on the image, arrow keys " +
      "name pixels, with Shift ten at once."),
    numbers.box,
  );
  place.addEventListener("keydown", press);
  place.addEventListener("keyup", (event) => { if ("fF ".includes(event.key)) turn(false); });
  place.addEventListener("focusout", () => { if (!flip.matches(":active")) turn(false); }); // a key is let go elsewhere
  flip.addEventListener("pointerdown", (event) => { flip.setPointerCapture(event.pointerId); turn(true); });
  for (const end of ["pointerup", "pointercancel"]) flip.addEventListener(end, () => turn(false));
  for (const event of ["pointermove", "pointerdown"]) canvas.addEventListener(event, point);
  canvas.addEventListener("pointerleave", () => { if (document.activeElement !== canvas) name(null); });
  for (const state of ["tau", "view", "a", "b", "opacity", "divider", "contours", "pair"]) page.state.on(state, update);
  page.state.on("theme", update);

  return { show };

  // Shows the image of a record; an image asked for later replaces it even if it is read first.
  async function show(wanted) {
    place.dataset.key = wanted.key;
    const found = await page.maps.load(wanted.key);
    if (place.dataset.key !== wanted.key) return;
    [image, record] = [found, wanted];
    title.textContent = record.name;
    photo.src = image.photo;
    pixels = new ImageData(image.width * image.scale, image.height * image.scale);
    [canvas.width, canvas.height] = [pixels.width, pixels.height];
    stage.style.setProperty("--shape", image.width / image.height);
    showLegend();
    name(null);
    update();
    place.dataset.shown = record.key;
  }

  function update() {
    if (!image) return;
    const look = shown.look();
    const [a, b] = flipped ? [look.b, look.a] : [look.a, look.b];
    const middle = Math.round(image.width * look.divider);
    const words = new Uint32Array(pixels.data.buffer);
    page.maps.paint(words, image, a, look, image, 0, middle);
    page.maps.paint(words, image, b, look, image, middle, image.width);
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    divide.style.left = `${100 * look.divider}%`;
    divide.hidden = look.divider === 0 || look.divider === 1;
    const [first, second] = [a, b].map((side) => data.methods[side]?.name ?? "ground truth");
    sides.textContent = divide.hidden
      ? `Shown: ${look.divider ? first : second}`
      : `Left of the line: ${first}; right of it: ${second}`;
    rows.forEach((cells, i) => showNumbers(cells, record.methods[i].miou, image.methods[i], look.stop));
    place.dataset.flipped = flipped;
    name(at);
  }

  function numberRow(method) {
    const cells = [page.element("th", { scope: "row" }, method)];
    for (let i = 0; i < 6; i++) cells.push(page.element("td", { class: "n" }));
    numbers.body.append(page.element("tr", {}, ...cells));
    return cells;
  }

  // Pixels are counted on the maps shown; the mIoU of the image comes with the data.
  function showNumbers(cells, ofData, { counts, confidence }, stop) {
    const [, error, miou, kept, keptWrong, dropped, droppedWrong] = cells;
    page.setCell(error, page.percent(counts.wrong / counts.valid, 2), counts.wrong / counts.valid);
    page.setCell(miou, page.percent(ofData, 2), ofData);
    const [retained, wrong] = confidence ? [counts.retainedAt[stop], counts.wrongAt[stop]] : [NaN, NaN];
    page.setCell(kept, page.count(retained), retained);
    page.setCell(keptWrong, page.count(wrong), wrong);
    page.setCell(dropped, page.count(counts.valid - retained), counts.valid - retained);
    page.setCell(droppedWrong, page.count(counts.wrong - wrong), counts.wrong - wrong);
  }

  function showLegend() {
    const there = new Set([...record.classes, ...record.methods.flatMap((method) => method.classes)]);
    legend.replaceChildren(
      ...[...there].sort((x, y) => x - y).map((k) => {
        const swatch = page.element("span", { class: "swatch" });
        swatch.style.background = `rgb(${data.palette[k].join(" ")})`;
        return page.element("li", {}, swatch, data.classes[k]);
      }),
    );
  }

  function turn(on) {
    if (flipped === on) return;
    flipped = on;
    flip.setAttribute("aria-pressed", on);
    update();
  }

  function move(by) {
    const list = shown.list();
    const now = list.indexOf(shown.current());
    const next = list[(now + by + list.length) % list.length] ?? list[0];
    if (next) page.state.set("image", next.key);
  }

  function press(event) {
    if (event.target.closest("select, input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrows = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const key = event.key.toLowerCase();
    if (event.target === canvas && event.key in arrows && image) {
      const [x, y] = at ?? [image.width >> 1, image.height >> 1];
      const far = event.shiftKey ? 10 : 1;
      const [right, down] = arrows[event.key];
      name([clamp(x + far * right, image.width), clamp(y + far * down, image.height)]);
    } else if (key === "n" || key === "p") {
      move(key === "n" ? 1 : -1);
    } else if (key === "f" || (key === " " && (event.target === canvas || event.target === flip))) {
      turn(true);
    } else return;
    event.preventDefault();
  }

  function clamp(value, size) {
    return Math.max(0, Math.min(size - 1, value));
  }

  function point(event) {
    if (!image) return;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    name([clamp(Math.floor(x * image.width), image.width), clamp(Math.floor(y * image.height), image.height)]);
  }

  // Names truth, prediction and confidence of the pixel at [x, y]; null names none.
  function name(where) {
    at = where;
    cursor.hidden = !at;
    if (!at) {
      pixel.textContent = "Point at the image, or move over it with the arrow keys, to name its pixels.";
      return;
    }
    const [x, y] = at;
    const i = y * image.width + x;
    cursor.style.left = `${(100 * (x + 0.5)) / image.width}%`;
    cursor.style.top = `${(100 * (y + 0.5)) / image.height}%`;
    const truth = image.truth[i] === page.maps.VOID ? "void" : data.classes[image.truth[i]];
    const said = image.methods.map(({ labels, confidence }, k) => {
      const verdict = truth === "void" ? "" : labels[i] === image.truth[i] ? " (right)" : " (wrong)";
      return `${data.methods[k].name}: ${data.classes[labels[i]]}${verdict}${confidence ? reached(confidence[i]) : ""}`;
    });
    pixel.textContent = `Pixel ${x}, ${y}. Truth: ${truth}. ${said.join("; ")}.`;
  }

  // The interval of confidences that a byte stands for.
  function reached(stop) {
    const next = filter.stops[stop + 1];
    return `, confidence ${next === undefined ? `at least ${filter.stops[stop]}` : `${filter.stops[stop]} to ${next}`}`;
  }
};
