// The request as code to copy.

import { fill, h } from "./dom.js";
import { SNIPPETS } from "./snippets.js";

export class Code {
  constructor() {
    this.chosen = SNIPPETS[0];
    this.choices = SNIPPETS.map((snippet) => h("button", {
      type: "button", class: "chip", "aria-pressed": String(snippet === this.chosen),
      onclick: () => this.choose(snippet),
    }, snippet.name));
    this.pre = h("pre", { tabindex: "0", "aria-label": "Code of the request" });
    this.copied = h("span", { role: "status", class: "copied" });
    this.element = h("div", { class: "code-view" },
      h("div", { class: "bar" },
        h("div", { class: "chips", role: "group", "aria-label": "Copy as" },
          h("span", { class: "chips-name" }, "Copy as"), this.choices),
        this.copied,
        h("button", { type: "button", class: "copy", onclick: () => this.copy() }, "Copy")),
      this.pre);
  }

  choose(snippet) {
    this.chosen = snippet;
    this.choices.forEach((button, place) =>
      button.setAttribute("aria-pressed", String(SNIPPETS[place] === snippet)));
    this.show(this.request);
  }

  /** @param {import("./snippets.js").Request} request */
  show(request) {
    this.request = request;
    fill(this.pre, this.chosen.write(request));
    fill(this.copied);
  }

  async copy() {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(this.pre.textContent);
    } else { // there is none where the page came over plain HTTP from another machine
      getSelection().selectAllChildren(this.pre);
      document.execCommand("copy");
    }
    fill(this.copied, "Copied");
  }
}
