"use strict";
// Definitions of terms: shown while one is pointed at or focused, or the button that holds it; tapping shows it first.
page.startTerms = () => {
  const tip = page.element("div", { id: "term-tip", class: "tip", role: "tooltip", hidden: true });
  document.body.append(tip);
  let owner = null;
  let leaving = 0;

  // The focusable element, and the term that it mentions.
  function found(target) {
    const term = target.closest?.(".term") ?? target.closest?.("button.sort")?.querySelector(".term");
    return term ? [term.closest("a, button") ?? term, term] : [null, null];
  }

  function show(target) {
    const [element, term] = found(target);
    const entry = term && document.getElementById(`term-${term.dataset.term}`);
    if (!entry) return;
    clearTimeout(leaving);
    if (owner !== element) hide();
    owner = element;
    owner.setAttribute("aria-describedby", tip.id);
    tip.replaceChildren(page.element("b", {}, entry.textContent), page.element("span", {}, entry.nextElementSibling.textContent));
    tip.hidden = false;
    place(term);
  }

  function place(term) {
    const [bounds, edge] = [term.getBoundingClientRect(), 8];
    const left = Math.max(edge, Math.min(bounds.left, document.documentElement.clientWidth - tip.offsetWidth - edge));
    const above = bounds.bottom + tip.offsetHeight + edge > innerHeight && bounds.top > tip.offsetHeight;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${(above ? bounds.top - tip.offsetHeight - 4 : bounds.bottom + 4) + scrollY}px`;
  }

  function hide() {
    owner?.removeAttribute("aria-describedby");
    owner = null;
    tip.hidden = true;
  }

  // The pointer may move from the term to its definition.
  function leave() {
    clearTimeout(leaving);
    leaving = setTimeout(hide, 200);
  }

  document.addEventListener("pointerover", (event) => {
    if (tip.contains(event.target)) clearTimeout(leaving);
    else if (event.pointerType !== "touch" && found(event.target)[0]) show(event.target);
    else if (owner && owner !== document.activeElement) leave();
  });
  document.addEventListener("focusin", (event) => show(event.target));
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  // A first tap shows the definition, a second one follows the link.
  let touched = null;
  document.addEventListener("pointerdown", (event) => {
    const [element] = found(event.target);
    touched = event.pointerType === "touch" && element?.matches("a") && (tip.hidden || owner !== element) ? element : null;
  }, true);
  document.addEventListener("click", (event) => {
    const [element] = found(event.target);
    if (!element || element !== touched) return;
    event.preventDefault();
    event.stopPropagation();
    show(event.target);
  }, true);
};
