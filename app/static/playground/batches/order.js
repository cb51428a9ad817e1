// What is ordered: a file, a feature, and which field is in which column.

import { ask } from "../call.js";
import { fill, h, prose, uniqueId } from "../dom.js";
import { Unreadable } from "../form/leaves.js";
import { problemCard } from "../problem.js";
import { words } from "../text.js";
import { columnsOf } from "./csv.js";
import { Mapping } from "./mapping.js";

const TYPES = { csv: "text/csv", jsonl: "application/x-ndjson", ndjson: "application/x-ndjson" };
const LINE = 'Each line is a request: `{"custom_id": "r1", "params": {…}}`.';

export class Order {
  /**
   * @param {any} api The OpenAPI document.
   * @param {import("../openapi.js").Feature[]} features
   * @param {() => string} key
   * @param {(report: any) => void} onBegun
   */
  constructor(api, features, key, onBegun) {
    Object.assign(this, { api, features, key, onBegun });
    this.input = h("input", {
      type: "file", id: uniqueId("file"), accept: ".csv,.jsonl,.ndjson",
      onchange: () => this.take(this.input.files[0]),
    });
    this.feature = h("select", { id: uniqueId("feature"), onchange: () => this.show() },
      features.map(({ name }) => h("option", { value: name }, words(name))));
    this.skip = h("input", { type: "checkbox" });
    this.begin = h("button", { type: "submit", class: "primary" }, "Begin");
    this.rows = h("div", { class: "rows" });
    this.said = h("div", { role: "alert" });
    this.element = h("form", {
      class: "request", "aria-label": "New batch", novalidate: true,
      onsubmit: (event) => { event.preventDefault(); this.submit(); },
    },
    this.dropZone(),
    h("div", { class: "field" }, h("label", { for: this.feature.id }, "Feature"), this.feature),
    this.rows,
    h("div", { class: "actions" }, this.begin,
      h("label", { class: "inline" }, this.skip, "Skip rows that are not valid")),
    this.said);
  }

  dropZone() {
    const over = (isOver) => (event) => {
      event.preventDefault();
      zone.toggleAttribute("data-over", isOver);
      if (event.type === "drop") this.take(event.dataTransfer.files[0]);
    };
    const zone = h("div", {
      class: "drop", ondragover: over(true), ondragleave: over(false), ondrop: over(false),
    },
    h("label", { for: this.input.id }, "File"),
    h("p", { class: "hint" }, "CSV or JSON Lines, up to 100,000 rows. Drop it here, too."),
    this.input);
    return zone;
  }

  /** A file was chosen or dropped. */
  async take(file) {
    if (!file) return;
    this.file = file;
    this.type = TYPES[file.name.split(".").pop().toLowerCase()];
    if (this.input.files[0] !== file) {
      const dropped = new DataTransfer();
      dropped.items.add(file);
      this.input.files = dropped.files;
    }
    fill(this.said, !this.type && h("p", { class: "error" },
      "The name must end in .csv, .jsonl or .ndjson."));
    this.columns = this.type === TYPES.csv ? await columnsOf(file) : null;
    this.show();
  }

  /** What there is to say of the rows. */
  show() {
    const feature = this.features.find(({ name }) => name === this.feature.value);
    this.mapping = this.columns && new Mapping(this.api, feature, this.columns);
    fill(this.rows, this.mapping?.element ??
      (this.type && h("p", { class: "hint" }, prose(LINE))));
  }

  async submit() {
    if (!this.type) {
      this.input.focus();
      return;
    }
    let said;
    try {
      said = this.mapping?.read();
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      error.field.fail(error.message);
      error.field.focus();
      return;
    }
    const query = new URLSearchParams({
      ...said, feature: this.feature.value, skip_invalid: this.skip.checked,
    });
    this.busy(true);
    const { problem, body } = await ask(`/batches?${query}`, {
      method: "POST", key: this.key(), type: this.type, body: this.file,
    });
    this.busy(false);
    fill(this.said, problem && problemCard(problem));
    if (body) this.onBegun(body);
  }

  busy(isBusy) {
    this.begin.disabled = isBusy;
    this.begin.textContent = isBusy ? "Sending…" : "Begin";
  }
}
