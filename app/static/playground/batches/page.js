// The tab of the batches: a new one, and those that there are.

import { ask } from "../call.js";
import { fill, h } from "../dom.js";
import { problemCard } from "../problem.js";
import { Card } from "./card.js";
import { Order } from "./order.js";

const EVERY = 1500; // milliseconds between two looks, while one runs
const TYPING = 500;

export class BatchesPage {
  /**
   * @param {any} api The OpenAPI document.
   * @param {import("../openapi.js").Feature[]} features
   * @param {() => string} key
   */
  constructor(api, features, key) {
    this.key = key;
    this.cards = new Map();
    this.isShown = false;
    this.order = new Order(api, features, key, (report) => this.look(report));
    this.list = h("ul", { class: "batches" });
    this.said = h("div", {});
    this.element = h("section", { class: "feature" },
      h("header", {}, h("h2", {}, "Many rows at once"),
        h("p", {}, "A file in, a file out. It is worked on behind all who wait for an answer, goes " +
          "on when this page is closed, and is kept for a while.")),
      h("div", { class: "bench" }, this.order.element,
        h("section", { class: "response", "aria-label": "Your batches" },
          h("div", { class: "response-top" }, h("h3", { class: "name" }, "Your batches")),
          this.said, this.list)));
  }

  /** The tab was chosen, or another one. */
  show(isShown) {
    this.isShown = isShown;
    this.later(0);
  }

  /** The key is another. */
  changed() {
    this.later(TYPING);
  }

  later(milliseconds) {
    clearTimeout(this.timer);
    if (this.isShown) this.timer = setTimeout(() => this.look(), milliseconds);
  }

  /** Ask how they stand; `begun` is there already. */
  async look(begun) {
    if (begun) this.put([begun, ...this.reports()]);
    const { problem, body } = await ask("/batches", { key: this.key() });
    fill(this.said, problem && problemCard(problem),
      body?.data.length === 0 && h("p", { class: "empty" }, "There are none yet."));
    this.put(body?.data ?? []);
    if (this.reports().some(({ ended_at: ended }) => ended === null)) this.later(EVERY);
  }

  reports() {
    return [...this.cards.values()].map(({ report }) => report);
  }

  put(reports) {
    const before = this.cards;
    this.cards = new Map(reports.map((report) => {
      const card = before.get(report.id) ?? new Card(report, this.key);
      card.update(report);
      return [report.id, card];
    }));
    const elements = [...this.cards.values()].map(({ element }) => element);
    const isSame = elements.length === this.list.children.length &&
      elements.every((element, place) => element === this.list.children[place]);
    if (!isSame) fill(this.list, elements); // what is there keeps its focus
  }
}
