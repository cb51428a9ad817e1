// Tabs by the ARIA Authoring Practices: one tab stop, arrow keys, Home and End.

import { h, uniqueId } from "./dom.js";

/**
 * @param {string} label What the tabs choose, for screen readers.
 * @param {{name: string, panel: HTMLElement}[]} pages
 * @param {(place: number) => void} [onSelect]
 * @returns {{element: HTMLElement, select: (place: number) => void}}
 */
export function tabs(label, pages, onSelect = () => {}) {
  const buttons = pages.map(({ name, panel }, place) => {
    panel.id ||= uniqueId("panel");
    const id = uniqueId("tab");
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", id);
    return h("button", {
      type: "button", role: "tab", id, "aria-controls": panel.id, onclick: () => select(place),
    }, name);
  });

  function select(chosen) {
    buttons.forEach((button, place) => {
      const isChosen = place === chosen;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
      pages[place].panel.hidden = !isChosen;
    });
    onSelect(chosen);
  }

  function move(event) {
    const from = buttons.indexOf(document.activeElement);
    const steps = { ArrowRight: from + 1, ArrowLeft: from - 1, Home: 0, End: -1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const to = buttons.at(steps[event.key] % buttons.length);
    to.focus();
    to.click();
  }

  const element = h("div", { role: "tablist", "aria-label": label, onkeydown: move }, buttons);
  return { element, select };
}
