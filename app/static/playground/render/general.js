// Shows any result by general rules; the features' own renderers build on it.

import { fill, h } from "../dom.js";
import { words } from "../text.js";

export class General {
  /**
   * @param {import("../openapi.js").Feature} feature
   * @param {import("./renderers.js").Context} context
   */
  constructor(feature, context) {
    this.feature = feature;
    this.context = context;
  }

  /** The body to send for what is in the form. */
  extend(body) {
    return body;
  }

  /** What comes next has nothing to do with what was before. */
  restart() {}

  /** A request was sent. */
  begin() {
    this.texts = [];
    fill(this.context.mount);
  }

  /** An event of the stream came, other than its last. */
  event({ type, text, index = 0 }) {
    if (type !== "delta") return;
    if (!this.texts[index]) {
      this.texts[index] = h("p", { class: "streamed", dir: "auto" });
      this.context.mount.append(this.texts[index]);
    }
    this.texts[index].append(text);
  }

  /** The whole result is there. */
  complete({ model, adapter, usage, checks = [], ...rest }) {
    fill(this.context.mount, described(rest), checked(checks));
  }
}

/** What code looked at in an output, and what it found; null where it looked at nothing. */
export function checked(checks) {
  return checks.length ? h("ul", { class: "checks", "aria-label": "Checks" }, checks.map(check)) : null;
}

function check({ check: name, kept, missing, unexpected }) {
  const found = [["missing", missing], ["unexpected", unexpected]]
    .filter(([, items]) => items.length)
    .map(([what, items]) => `${what}: ${items.join(", ")}`);
  return h("li", { class: kept ? "kept" : "lost" },
    h("span", { "aria-hidden": "true" }, kept ? "✓ " : "✗ "),
    words(name), h("span", { class: "unseen" }, kept ? ": yes" : ": no"),
    found.length > 0 && h("span", { dir: "auto" }, ` (${found.join("; ")})`));
}

/** Names and values as a description list. */
export function described(record) {
  return h("dl", { class: "described" }, Object.entries(record).map(([name, value]) =>
    h("div", {}, h("dt", {}, words(name)), h("dd", {}, shown(value)))));
}

/** A value of any kind. */
export function shown(value) {
  if (value === null || value === "") return h("span", { class: "none" }, "none");
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) {
    if (!value.length) return h("span", { class: "none" }, "none");
    return h("ul", {}, value.map((item) => h("li", {}, shown(item))));
  }
  if (typeof value === "object") {
    return Object.keys(value).length ? described(value) : h("span", { class: "none" }, "none");
  }
  return h("span", { dir: "auto" }, String(value));
}
