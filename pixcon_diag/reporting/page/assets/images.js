"use strict";
// The images: what is shown of them, their order and filter, and a grid of thumbnails above which one is viewed.
page.sections.images = (data) => {
  const grid = document.getElementById("image-grid");
  const filter = page.data.filter ?? { stops: [], start: 0 };
  const TRUTH = "ground truth";
  const SMALL = 200; // longest edge of a thumbnail's canvas
  const names = data.methods.map((method) => method.name);
  const known = Boolean(page.data.filter) && data.methods.some((method) => method.confidence);
  const views = [
    ["errors", "errors"], ["classes", "classes"],
    ...(known ? [["filter", "retained at τ"], ["confidence", "confidence"]] : []),
    ["photo", "photograph"],
  ];
  const orders = {
    "": ["as chosen", null],
    error: ["error of A", (image) => -numbers(image, 0).error],
    ...(names.length > 1 && {
      worse: ["Δ error B − A, worse first", (image) => -delta(image)],
      better: ["Δ error B − A, better first", delta],
    }),
    boundary: ["boundary error of A", (image) => -numbers(image, 0).boundary],
    ...(known && { wrong: ["wrong px of A retained at τ", (image) => -(numbers(image, 0).wrong[stop()] ?? NaN)] }),
    name: ["name", null],
  };
  const view = () => find(views.map(([name]) => name), page.state.get("view"), "errors");
  const stop = () => (page.data.filter ? page.stopOf(page.data.filter) : 0);
  for (const { methods } of data.images) {
    for (const one of methods) for (const name of ["error", "miou", "boundary"]) one[name] ??= NaN; // undefined
  }
  const byKey = new Map(data.images.map((image) => [image.key, image]));
  const thumbs = new Map(data.images.map((image) => [image.key, thumbnail(image)]));
  const visible = new Set();
  let list = data.images;
  let waiting = [];
  let started = false; // an address may name an image that its filter leaves out

  const status = page.element("p", { class: "note", role: "status" });
  const list_ = page.element("ul", { class: "thumbs" });
  const clear = page.element("button", { type: "button", onclick: () => page.state.set("pair", "") });
  const shown = { look, list: () => list, current };
  tools();
  grid.append(filters(), status, list_);
  const watcher = new IntersectionObserver(watch, { rootMargin: "200px" });
  for (const item of thumbs.values()) watcher.observe(item);
  const viewer = page.imageViewer(data, shown);

  for (const name of ["sort", "kind", "class", "pair", "a", "b"]) page.state.on(name, arrange);
  for (const name of ["view", "tau", "a", "b", "opacity", "contours", "pair"]) page.state.on(name, repaint);
  page.state.on("tau", () => { if (page.state.get("sort") === "wrong") arrange(); });
  page.state.on("image", showCurrent);
  started = true;

  function tools() {
    const range = (label, name, fallback) => {
      const input = page.element("input", { type: "range", min: 0, max: 100, step: 1,
        oninput: () => page.state.set(name, input.value) });
      page.state.on(name, (value) => { input.value = value; }, fallback);
      return page.element("label", {}, `${label} `, input);
    };
    const contours = page.element("input", { type: "checkbox",
      onchange: () => page.state.set("contours", contours.checked ? "" : "off") });
    page.state.on("contours", (value) => { contours.checked = value !== "off"; });
    const sides = [...names, TRUTH];
    document.getElementById("image-viewer").append(
      page.element("div", { class: "tools" },
        page.choice("View", "view", views, "errors"),
        page.choice("A", "a", sides, names[0]),
        page.choice("B", "b", sides, names[1] ?? TRUTH),
        range("Opacity", "opacity", 60),
        range("Divider", "divider", 100),
        page.element("label", {}, contours, " error contours"),
      ),
      known ? page.tauSlider(filter) : "",
      page.element("ul", { class: "legend colors" }, ...colorLegend()),
    );
  }

  function filters() {
    const classes = new Set(data.images.flatMap((image) => image.classes));
    const options = [["", "all"], ...[...classes].sort((x, y) => x - y).map((k) => [k, data.classes[k]])];
    return page.element("p", { class: "tools" },
      page.choice("Sort by", "sort", Object.entries(orders).map(([name, [text]]) => [name, text]), ""),
      page.choice("Kind", "kind", [["", "all"], ...Object.entries(data.kinds)], ""),
      page.choice("Class", "class", options, ""),
      clear,
    );
  }

  // What the colours of the views mean; those of classes stand beside the image.
  function colorLegend() {
    const entry = (style, text, of) => {
      const swatch = page.element("span", { class: `swatch ${style}` });
      const item = page.element("li", {}, swatch, text);
      page.state.on("view", () => { item.hidden = !of.includes(view()); });
      return item;
    };
    const last = filter.stops[filter.stops.length - 1];
    return [
      entry("is-kept", "retained, right", ["filter"]),
      entry("is-wrong", "retained, wrong (striped)", ["filter"]),
      entry("is-dropped", "dropped", ["filter"]),
      entry("is-error", "wrong", ["errors"]),
      entry("is-void", "void", ["errors", "filter"]),
      entry("is-heat", `confidence from 0 to at least ${last}; equal steps of the slider`, ["confidence"]),
    ];
  }

  function find(options, value, fallback) {
    return options.includes(value) ? value : fallback;
  }

  // Index of the method of side 0 (A) or 1 (B); −1 for the ground truth.
  function side(place) {
    const fallback = place ? (names[1] ?? TRUTH) : names[0];
    return names.indexOf(find([...names, TRUTH], page.state.get(place ? "b" : "a"), fallback));
  }

  function numbers(image, place) {
    const method = side(place);
    return image.methods[method < 0 ? Math.min(place, names.length - 1) : method];
  }

  function delta(image) {
    return numbers(image, 1).error - numbers(image, 0).error;
  }

  function percent(name, fallback) {
    const value = Number(page.state.get(name, fallback));
    return Math.min(1, Math.max(0, Number.isFinite(value) ? value / 100 : fallback / 100));
  }

  // How images are painted now.
  function look() {
    const [opacity, divider] = [percent("opacity", 60), percent("divider", 100)];
    return {
      view: view(), a: side(0), b: side(1), stop: stop(), divider, pair: pair(),
      contours: page.state.get("contours") !== "off" && view() !== "photo",
      colors: page.maps.colors(data.palette, opacity, filter.stops.length),
    };
  }

  function pair() {
    const [truth, predicted] = page.state.get("pair").split(",").map(Number);
    return data.classes[truth] !== undefined && data.classes[predicted] !== undefined ? [truth, predicted] : null;
  }

  // Pixels of the chosen pair of classes in an image, of the method that has most.
  function confused(image) {
    const [truth, predicted] = pair();
    return Math.max(...image.methods.map(
      ({ confused: cells }) => cells.find(([t, p]) => t === truth && p === predicted)?.[2] ?? 0));
  }

  function arrange() {
    const [kind, chosen] = [page.state.get("kind"), page.state.get("class")]; // an address may name unknown ones
    const k = Number(chosen);
    list = data.images.filter((image) =>
      (!(kind in data.kinds) || image.kinds.includes(kind)) &&
      (!(chosen in data.classes) || image.classes.includes(k) || image.methods.some((method) => method.classes.includes(k))) &&
      (!pair() || confused(image)));
    const name = page.state.get("sort");
    const key = orders[name]?.[1] ?? (pair() && !name ? (image) => -confused(image) : null);
    if (name === "name") list.sort((x, y) => x.name.localeCompare(y.name, "en"));
    else if (key) list.sort((x, y) => order(key(x), key(y)));
    list_.replaceChildren(...list.map((image) => thumbs.get(image.key)));
    for (const image of list) caption(image);
    const [truth, predicted] = pair() ?? [];
    clear.hidden = !pair();
    clear.textContent = pair() ? `${data.classes[truth]} predicted as ${data.classes[predicted]} ✕` : "";
    clear.setAttribute("aria-label", `Show images of all pairs, not only of ${clear.textContent.slice(0, -2)}`);
    const none = pair() ? "Other images may have such pixels: report --images N shows more." : "";
    status.textContent = `${list.length} of ${data.images.length} images. ${list.length ? "" : none}`;
    const open = list.includes(byKey.get(page.state.get("image")));
    if (started && list.length && !open) page.state.set("image", list[0].key);
  }

  // Ascending, undefined numbers last.
  function order(x, y) {
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
    return x - y;
  }

  function current() {
    return byKey.get(page.state.get("image")) ?? list[0] ?? data.images[0];
  }

  function showCurrent() {
    const image = current();
    for (const [key, item] of thumbs) {
      item.firstChild.setAttribute("aria-pressed", key === image.key);
    }
    viewer.show(image).catch((error) => page.fail(error));
  }

  function thumbnail(image) {
    const button = page.element("button", { type: "button", "data-key": image.key, "aria-pressed": "false",
      onclick: () => open(image.key) });
    button.append(
      page.element("span", { class: "picture" }),
      page.element("span", { class: "name" }, image.name.split("/").pop()),
      page.element("span", { class: "numbers" }),
      page.element("span", { class: "kinds" }, image.kinds.map((kind) => data.kinds[kind]).join(", ")),
    );
    button.title = image.name;
    return page.element("li", {}, button);
  }

  function open(key) {
    page.state.set("image", key);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.getElementById("image-viewer").scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
  }

  // The errors of A and B and their difference, marked by sign, colour and word.
  function caption(image) {
    const place = thumbs.get(image.key).querySelector(".numbers");
    const [a, b] = [side(0), side(1)];
    place.replaceChildren(`error ${page.percent(numbers(image, 0).error)}`);
    if (a < 0 || b < 0 || a === b) return;
    const difference = delta(image);
    const [word, color] = difference < 0 ? ["↑ better", "good"] : difference > 0 ? ["↓ worse", "bad"] : ["equal", ""];
    place.append(` → ${page.percent(numbers(image, 1).error)} `, page.element("b", { class: color },
      `${page.points(difference)} ${word}`));
  }

  // Thumbnails are read and painted while they can be seen, and forgotten afterwards.
  function watch(entries) {
    for (const { target, isIntersecting } of entries) {
      const key = target.firstChild.dataset.key;
      if (isIntersecting) visible.add(key);
      else {
        visible.delete(key);
        target.querySelector(".picture").replaceChildren();
      }
    }
    repaint();
  }

  // Repaints the visible thumbnails one after another, behind what the viewer shows.
  function repaint() {
    const idle = waiting.length === 0;
    waiting = [...visible];
    if (idle) setTimeout(next);
  }

  async function next() {
    const key = waiting.shift();
    if (key === undefined) return;
    if (visible.has(key)) await draw(key);
    setTimeout(next);
  }

  async function draw(key) {
    const image = await page.maps.load(key);
    const place = thumbs.get(key).querySelector(".picture");
    const step = Math.max(1, Math.ceil(Math.max(image.width, image.height) / SMALL));
    const [width, height] = [Math.ceil(image.width / step), Math.ceil(image.height / step)];
    if (!place.firstChild) {
      place.append(page.element("img", { alt: "", src: image.photo }), page.element("canvas", { width, height }));
    }
    const pixels = new ImageData(width, height);
    const now = look();
    page.maps.paint(new Uint32Array(pixels.data.buffer), image, now.a, { ...now, contours: false }, { step }, 0, width);
    place.lastChild.getContext("2d").putImageData(pixels, 0, 0);
  }
};
