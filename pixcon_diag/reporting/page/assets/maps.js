"use strict";
// Maps of the images: read exactly, counted, and painted. A browser may change the colours of a canvas, so PNGs are
// decoded here. Void pixels of the truth are in no count.
page.maps = {
  get VOID() { // 255, or 65535 where maps are of 16 bits
    return page.data.images.void;
  },
  KEPT: 40, // images whose maps stay in memory
  loaded: new Map(),

  // The maps of an image: {width, height, scale, photo, truth, methods: [{labels, confidence, counts}]}.
  load(key) {
    const found = this.loaded.get(key) ?? this.read(key);
    this.loaded.delete(key);
    this.loaded.set(key, found); // the last one of the order is the one used last
    if (this.loaded.size > this.KEPT) this.loaded.delete(this.loaded.keys().next().value);
    return found;
  },

  async read(key) {
    const files = page.files(key);
    const truth = await decode(files.truth);
    const { width, height, values } = truth;
    const scale = Math.max(1, Math.floor(700 / Math.max(width, height))); // of the viewer's canvas
    const image = { width, height, scale, truth: values, photo: `data:image/jpeg;base64,${files.photo}`, methods: [] };
    for (let i = 0; `labels-${i}` in files; i++) {
      const labels = (await decode(files[`labels-${i}`])).values;
      const confidence = files[`confidence-${i}`] ? (await decode(files[`confidence-${i}`])).values : null;
      const method = { labels, confidence };
      image.methods.push({ ...method, counts: count(image.truth, method) });
    }
    return image;

    async function decode(text) {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const view = new DataView(bytes.buffer);
      const [width, height] = [view.getUint32(16), view.getUint32(20)];
      const size = bytes[24] / 8; // bytes of a value
      if (![1, 2].includes(size) || bytes[25] || bytes[28]) throw new Error("a map is no gray PNG of 8 or 16 bits");
      const parts = [];
      for (let at = 8; at < bytes.length; at += 12 + view.getUint32(at)) {
        const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
        if (name === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
      }
      const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
      const rows = new Uint8Array(await new Response(stream).arrayBuffer());
      const unfiltered = unfilter(rows, width * size, height, size);
      return { width, height, values: size === 1 ? unfiltered : joined(unfiltered) };
    }

    // Values of two bytes, the upper one first.
    function joined(parts) {
      return Uint16Array.from({ length: parts.length / 2 }, (_, i) => 256 * parts[2 * i] + parts[2 * i + 1]);
    }

    // The bytes of rows as PNG stores them: each row behind the number of its filter, as differences from a prediction
    // by the neighbouring pixels, which are `size` bytes away.
    function unfilter(rows, width, height, size) {
      const values = new Uint8Array(width * height);
      for (let y = 0; y < height; y++) {
        const [filter, from, to] = [rows[y * (width + 1)], y * (width + 1) + 1, y * width];
        for (let x = 0; x < width; x++) {
          const left = x >= size ? values[to + x - size] : 0;
          const up = y ? values[to + x - width] : 0;
          const corner = x >= size && y ? values[to + x - width - size] : 0;
          values[to + x] = rows[from + x] + predicted(filter, left, up, corner);
        }
      }
      return values;
    }

    function predicted(filter, left, up, corner) {
      if (filter < 3) return [0, left, up][filter];
      if (filter === 3) return (left + up) >> 1;
      const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
      return a <= b && a <= c ? left : b <= c ? up : corner;
    }

    // Valid and wrong pixels, and by stop of the slider the retained ones and the wrong ones among them.
    function count(truth, { labels, confidence }) {
      const { VOID } = page.maps;
      const [all, wrong] = [new Array(256).fill(0), new Array(256).fill(0)];
      for (let i = 0; i < truth.length; i++) {
        if (truth[i] === VOID) continue;
        const stop = confidence ? confidence[i] : 0;
        all[stop]++;
        if (labels[i] !== truth[i]) wrong[stop]++;
      }
      for (let stop = 254; stop >= 0; stop--) {
        all[stop] += all[stop + 1];
        wrong[stop] += wrong[stop + 1];
      }
      return { valid: all[0], wrong: wrong[0], retainedAt: all, wrongAt: wrong };
    }
  },

  // The pixels of the viewer's canvas that lie along the border of wrong regions: {inside, outside}.
  contour({ width, height, truth, scale }, method) {
    if (method.contour) return method.contour;
    const [columns, rows] = [width * scale, height * scale];
    const { VOID } = this;
    const wrong = new Uint8Array(columns * rows);
    for (let y = 0, at = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, at++) {
        const i = Math.floor(y / scale) * width + Math.floor(x / scale);
        wrong[at] = truth[i] !== VOID && method.labels[i] !== truth[i];
      }
    }
    const sides = [[], []]; // not wrong, wrong
    const thick = Math.max(1, Math.round(Math.max(columns, rows) / 700));
    for (let y = 0, at = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, at++) {
        if (x + 1 < columns && wrong[at] !== wrong[at + 1]) mark(at, 1);
        if (y + 1 < rows && wrong[at] !== wrong[at + columns]) mark(at, columns);
      }
    }
    return (method.contour = { outside: Uint32Array.from(sides[0]), inside: Uint32Array.from(sides[1]) });

    // Marks both sides of a border between a pixel and the one that follows it by `step`.
    function mark(from, step) {
      for (let k = 0; k < thick; k++) {
        for (const at of [from - k * step, from + (k + 1) * step]) if (at in wrong) sides[wrong[at]].push(at);
      }
    }
  },

  // Paints `side` of an image into `pixels` as `look` says, from column `left` to below `right`: of every `step`-th
  // pixel of the maps, each as a square of `scale` pixels.
  paint(pixels, image, side, look, { step = 1, scale = 1 }, left, right) {
    const { width, height } = image;
    const columns = Math.ceil(width / step) * scale;
    const method = image.methods[side];
    const row = new Uint32Array(width);
    const fill = this.filler(image, method, look, row);
    for (let y = 0, to = 0; y < height; y += step, to += columns * scale) {
      fill(y, left * step, Math.min(width, right * step), step);
      if (look.pair && method) this.markPair(image, method, look, row, y);
      for (let column = left, at = to + left * scale; column < right; column++) {
        for (let k = 0; k < scale; k++) pixels[at++] = row[column * step];
      }
      for (let k = 1; k < scale; k++) {
        pixels.copyWithin(to + k * columns + left * scale, to + left * scale, to + right * scale);
      }
    }
    if (look.contours && method) {
      const { inside, outside } = this.contour(image, method);
      const within = (at) => at % columns >= left * scale && at % columns < right * scale;
      for (const at of outside) if (within(at)) pixels[at] = look.colors.black;
      for (const at of inside) if (within(at)) pixels[at] = look.colors.white;
    }
  },

  markPair({ width, truth }, { labels }, { pair, colors }, row, y) {
    for (let x = 0, i = y * width; x < width; x++, i++) {
      if (truth[i] === pair[0] && labels[i] === pair[1]) row[x] = striped(x, y, width) ? colors.pair : colors.white;
    }
  },

  // A function (y, from, below, step) that fills `row` with the colours of row y: of the truth where there is no method.
  filler({ width, truth }, method, { view, stop, colors }, row) {
    const { VOID } = this;
    const { labels, confidence } = method ?? {};
    if (view === "photo") return () => {};
    if (!method) return each((i) => (truth[i] === VOID ? colors.void : colors.classes[truth[i]]));
    if (view === "classes") return each((i) => colors.classes[labels[i]]);
    if (view === "errors" || !confidence) {
      return each((i) => (truth[i] === VOID ? colors.void : labels[i] === truth[i] ? 0 : colors.wrong));
    }
    if (view === "confidence") return each((i) => colors.heat[confidence[i]]);
    return (y, from, below, step) => {
      for (let x = from; x < below; x += step) {
        const i = y * width + x;
        if (truth[i] === VOID) row[x] = colors.void;
        else if (confidence[i] < stop) row[x] = colors.dropped;
        else if (labels[i] === truth[i]) row[x] = colors.kept;
        else row[x] = striped(x, y, width) ? colors.wrong : colors.black;
      }
    };

    function each(color) {
      return (y, from, below, step) => {
        for (let x = from; x < below; x += step) row[x] = color(y * width + x);
      };
    }
  },
};

// Whether a pixel lies on a stripe: kept-but-wrong pixels and pairs differ from others without colour, too.
function striped(x, y, width) {
  const period = Math.max(4, Math.round(width / 50));
  return 3 * ((x + y) % period) < 2 * period;
}

// The colours of the painter as pixels of a canvas (bytes in the order red, green, blue, alpha).
page.maps.colors = (palette, opacity, stops) => {
  const color = ([red, green, blue], alpha = opacity) =>
    ((Math.round(255 * alpha) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  return {
    classes: palette.map((one) => color(one)),
    heat: Array.from({ length: stops }, (_, stop) => color(page.maps.heat(stop / Math.max(1, stops - 1)))),
    void: color([128, 128, 128], opacity * 0.8),
    kept: color([0, 114, 178], opacity * 0.6),
    wrong: color([230, 60, 0], Math.min(1, opacity + 0.3)),
    dropped: color([20, 20, 20]),
    pair: color([200, 0, 160], 1),
    white: color([255, 255, 255], 1),
    black: color([0, 0, 0], 1),
  };
};

// A scale from dark blue (0) over green to yellow (1), whose lightness ascends.
page.maps.heat = (share) => {
  const scale = [[40, 20, 80], [50, 80, 140], [30, 145, 140], [110, 200, 90], [250, 230, 40]];
  const place = share * (scale.length - 1);
  const [low, part] = [Math.min(scale.length - 2, Math.floor(place)), place - Math.min(scale.length - 2, Math.floor(place))];
  return scale[low].map((value, i) => Math.round(value + part * (scale[low + 1][i] - value)));
};
