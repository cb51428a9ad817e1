// What went over the wire, as it is.

import { fill, h } from "./dom.js";

export class Raw {
  constructor() {
    this.element = h("div", { class: "raw" });
    this.show(null, null);
  }

  /**
   * @param {any} body Of the request; null before there was one.
   * @param {import("./call.js").Outcome | null} outcome Null before it ended.
   */
  show(body, outcome) {
    const { result, problem, events = [] } = outcome ?? {};
    fill(this.element,
      body === null && h("p", { class: "empty" }, "The request and its answer will be here."),
      body !== null && part("Request", pretty(body)),
      (result ?? problem) && part("Response", pretty(result ?? problem)),
      events.length > 0 && part(`Events (${events.length})`,
        events.map((event) => `data: ${JSON.stringify(event)}`).join("\n")));
  }
}

function part(title, text) {
  return [h("h3", { class: "name" }, title), h("pre", { tabindex: "0", "aria-label": title }, text)];
}

function pretty(value) {
  return JSON.stringify(value, null, 2);
}
