// Which field of a feature's request is in which column, or what it is in all rows.

import { fill, h, prose, uniqueId } from "../dom.js";
import { fieldFor } from "../form/composites.js";
import { words } from "../text.js";

const SAME = "same";

/** A field: one choice among the columns, or a value. */
class Mapped {
  constructor(api, name, schema, required, columns) {
    const [id, hint] = [uniqueId("column"), uniqueId("hint")];
    this.columns = columns;
    this.value = fieldFor(api, name, { ...schema, description: undefined },
      { required: true, label: `${words(name)} in all rows` });
    this.choice = h("select", { id, "aria-describedby": hint, onchange: () => this.changed() },
      h("option", { value: "" }, required ? "choose" : "not given"),
      columns.map((column, place) => h("option", { value: place }, `column ${column}`)),
      h("option", { value: SAME }, "the same in all rows"));
    if (columns.includes(name)) this.choice.value = String(columns.indexOf(name));
    this.element = h("div", { class: "field" },
      h("label", { for: id }, words(name)),
      h("p", { class: "hint", id: hint }, prose(schema.description ?? "")),
      this.choice, this.value.element);
    this.changed();
  }

  changed() {
    this.value.element.hidden = this.choice.value !== SAME;
  }

  /** For the query; undefined where nothing was said. */
  read() {
    if (this.choice.value !== SAME) return this.columns[this.choice.value];
    const value = this.value.read();
    return typeof value === "object" ? JSON.stringify(value) : value;
  }
}

export class Mapping {
  /**
   * @param {any} api The OpenAPI document.
   * @param {import("../openapi.js").Feature} feature
   * @param {string[]} columns
   */
  constructor(api, { request, examples }, columns) {
    const required = request.required ?? [];
    const first = [...required, ...Object.keys(examples[0] ?? {})];
    this.fields = new Map(Object.entries(request.properties ?? {}).map(([name, schema]) =>
      [name, new Mapped(api, name, schema, required.includes(name), columns)]));
    const shown = (isFirst) => [...this.fields]
      .filter(([name]) => first.includes(name) === isFirst).map(([, field]) => field.element);
    this.names = h("select", { id: uniqueId("names") },
      h("option", { value: "" }, "row-1, row-2 and so on"),
      columns.map((column) => h("option", { value: column }, `column ${column}`)));
    const names = h("div", { class: "field" },
      h("label", { for: this.names.id }, "Names of the rows"), this.names);
    this.element = h("div", { class: "group-body" });
    fill(this.element, shown(true), h("details", { class: "more" },
      h("summary", {}, "More options"), h("div", { class: "group-body" }, shown(false), names)));
  }

  /** The query's part. */
  read() {
    const said = [...this.fields].map(([name, field]) => [name, field.read()]);
    return Object.fromEntries([...said, ["custom_id", this.names.value || undefined]]
      .filter(([, value]) => value !== undefined && value !== ""));
  }
}
