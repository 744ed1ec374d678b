"use strict";
// What all sections share: the data, the state in the address, and small helpers. Text from files enters the page
// through textContent and attributes alone, never as HTML.
const page = {
  sections: {}, // by name: a function (data) that starts the section; data is undefined where the section has none
  data: {},

  // The state of the page is a set of names and texts, kept in the address after #, so that a link shows the same view.
  state: {
    values: new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : ""),
    listeners: {},
    get(name, fallback = "") {
      return this.values.get(name) ?? fallback;
    },
    set(name, value) {
      if (this.get(name) === String(value)) return;
      if (value === "" || value === null) this.values.delete(name);
      else this.values.set(name, value);
      history.replaceState(null, "", `#${this.values}`);
      this.tell(name);
    },
    // Calls `listener` with the value now and after each change.
    on(name, listener, fallback = "") {
      const tell = () => listener(this.get(name, fallback));
      (this.listeners[name] ??= []).push(tell);
      tell();
    },
    tell(name) {
      for (const listener of this.listeners[name] ?? []) listener();
    },
    restore() {
      const now = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
      const names = new Set([...this.values.keys(), ...now.keys()]);
      const before = this.values;
      this.values = now;
      for (const name of names) if (before.get(name) !== now.get(name)) this.tell(name);
    },
  },

  // An element: properties, then children, which are elements or text.
  element(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  },

  // Numbers as text, as the tables write them; an undefined number is a dash.
  percent(value, digits = 1) {
    return Number.isFinite(value) ? `${(100 * value).toFixed(digits)} %` : "–";
  },
  points(value, digits = 2) {
    if (!Number.isFinite(value)) return "–";
    return `${value < 0 ? "−" : "+"}${Math.abs(100 * value).toFixed(digits)}`;
  },
  count(value) {
    return Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–";
  },

  // Files of a block that stands outside the compressed data, by key: {key: base64}.
  files(key) {
    const block = document.getElementById(`image-${key}`);
    return Object.fromEntries(block.textContent.split("\n").map((line) => line.split(" ")));
  },

  save(name, type, content) {
    const link = page.element("a", { download: name, href: URL.createObjectURL(new Blob([content], { type })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  },

  async unpack(id) {
    return JSON.parse(await (await page.unzip(document.getElementById(id).textContent)).text());
  },

  // The content of a compressed file in base64.
  async unzip(base64) {
    const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).blob();
  },

  async start() {
    page.data = await page.unpack("data");
    page.startControls();
    for (const section of document.querySelectorAll("main > section")) {
      try {
        page.sections[section.id]?.(page.data[section.id]);
      } catch (error) {
        page.fail(error); // the other sections work
      }
    }
    page.startTables();
    page.startTerms();
    window.addEventListener("hashchange", () => page.state.restore());
    page.goTo(page.state.get("at") || (location.hash.includes("=") ? "" : location.hash.slice(1)));
    document.documentElement.dataset.ready = "yes";
  },

  // Scrolls to a section, and keeps it in the address beside the rest of the state.
  goTo(name) {
    document.getElementById(name)?.scrollIntoView();
    if (name) page.state.set("at", name);
  },

  focusOn(name) {
    const target = document.getElementById(name);
    target?.setAttribute("tabindex", "-1");
    target?.focus({ preventScroll: true });
  },

  startControls() {
    for (const link of document.querySelectorAll('main a[href^="#"]')) {
      if (document.getElementById(link.getAttribute("href").slice(1))) continue;
      if (link.closest("ol.verdict") && !link.classList.contains("term")) link.remove(); // an arrow to a section that this page lacks
      else link.replaceWith(...link.childNodes);
    }
    document.addEventListener("click", (event) => {
      const link = event.target.closest('a[href^="#"]');
      if (!link || link.classList.contains("skip")) return;
      event.preventDefault();
      const name = link.getAttribute("href").slice(1);
      page.goTo(name);
      page.focusOn(name); // as the browser does where it follows a link, so that Tab goes on from there
    });
    page.startBaseline();
    page.startTheme();
  },

  // Everything that depends on the baseline stands in the page once for each, and one of them is shown.
  startBaseline() {
    const { baselines = [] } = page.data.compared ?? {};
    if (!baselines.length) return;
    const select = page.choice("Baseline", "baseline", baselines, baselines[0]);
    if (baselines.length > 1) document.getElementById("controls").append(select);
    page.state.on("baseline", (name) => {
      const shown = baselines.includes(name) ? name : baselines[0];
      for (const variant of document.querySelectorAll(".variant")) variant.hidden = variant.dataset.baseline !== shown;
    });
  },

  // A labeled list that follows a name of the state and changes it; `options` are texts, or pairs of value and text.
  choice(label, name, options, fallback) {
    const pairs = options.map((option) => (Array.isArray(option) ? option : [option, option]));
    const select = page.element("select", { onchange: () => page.state.set(name, select.value) });
    select.append(...pairs.map(([value, text]) => page.element("option", { value }, text)));
    page.state.on(name, (value) => {
      select.value = pairs.some(([known]) => String(known) === value) ? value : fallback;
    });
    return page.element("label", {}, `${label} `, select);
  },

  startTheme() {
    const choice = page.element("button", { type: "button", onclick: () => page.state.set("theme", other()) });
    const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;
    const other = () => ((page.state.get("theme") || (dark() ? "dark" : "light")) === "dark" ? "light" : "dark");
    page.state.on("theme", (theme) => {
      document.documentElement.dataset.theme = theme || (dark() ? "dark" : "light");
      choice.textContent = other() === "dark" ? "Dark" : "Light";
      choice.setAttribute("aria-label", `Switch to the ${other()} theme`);
    });
    document.getElementById("controls").append(choice);
  },

  fail(error) {
    const failure = document.getElementById("failure");
    failure.hidden = false;
    failure.textContent = `Interactive parts of this page could not start: ${error}. Its tables and figures are complete.`;
    console.error(error);
  },
};
