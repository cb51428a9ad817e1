// Fields made of fields: objects, lists, and maps of strings. What they offer: see leaves.js.

import { fill, h, prose, uniqueId } from "../dom.js";
import { plain } from "../openapi.js";
import { counted, words } from "../text.js";
import { leaf } from "./leaves.js";

const DEEPEST = 3; // below it, JSON is easier to write than a form

/** The field for any schema. */
export function fieldFor(api, name, schema, { required = false, label, depth = 0 } = {}) {
  const whole = plain(api, schema);
  const spec = { api, name, schema: whole, required, label: label ?? words(name), depth };
  if (depth < DEEPEST) {
    if (whole.type === "array" && whole.items) return new List(spec);
    if (isMap(whole)) return new Pairs(spec);
    if (isGroup(whole)) return new Group(spec);
  }
  return leaf(spec);
}

function isGroup({ type, properties = {} }) {
  return type === "object" && Object.values(properties).every((one) => !one.patternProperties) &&
    Object.keys(properties).length > 0;
}

function isMap({ type, properties, additionalProperties }) {
  return type === "object" && !properties && additionalProperties?.type === "string";
}

/** A set of fields with a legend, a hint and an error of its own; a bare one has neither. */
class Composite {
  constructor({ label, schema, required, bare }) {
    const id = uniqueId("group");
    this.required = required;
    this.error = h("p", { class: "error", id: `${id}-error`, hidden: true, tabindex: "-1" });
    this.body = h("div", { class: "group-body" });
    const hint = schema.description && h("p", { class: "hint" }, prose(schema.description));
    this.element = bare ? this.body : h("fieldset", { "aria-describedby": this.error.id },
      h("legend", {}, label), hint, this.body, this.error);
  }

  fail(message) {
    this.error.textContent = message;
    this.error.hidden = false;
  }

  clear() {
    this.error.hidden = true;
    for (const field of this.parts()) field.clear();
  }

  focus() {
    this.error.focus();
  }
}

/** An object: one field a property. */
export class Group extends Composite {
  /**
   * @param {any} spec With `only`, the names of the properties that are shown, in their order;
   *   with `explicit`, what the service assumes anyway is sent all the same.
   */
  constructor(spec) {
    super(spec);
    const { api, schema, depth } = spec;
    this.fields = new Map((spec.only ?? Object.keys(schema.properties)).map((name) => {
      const required = schema.required?.includes(name) ?? false;
      return [name, fieldFor(api, name, schema.properties[name], { required, depth: depth + 1 })];
    }));
    this.schema = schema;
    this.explicit = spec.explicit ?? false;
    fill(this.body, this.parts().map((field) => field.element));
  }

  parts() {
    return [...this.fields.values()];
  }

  read() {
    const value = {};
    for (const [name, field] of this.fields) {
      const one = field.read();
      if (one !== undefined && !this.isAssumed(name, one)) value[name] = one;
    }
    return Object.keys(value).length || this.required ? value : undefined;
  }

  isAssumed(name, value) {
    if (this.explicit || this.schema.required?.includes(name)) return false;
    return JSON.stringify(this.schema.properties[name].default) === JSON.stringify(value);
  }

  write(value) {
    for (const [name, field] of this.fields) field.write(value?.[name]);
  }

  find([name, ...rest]) {
    return this.fields.get(name)?.find(rest) ?? this;
  }
}

/** A list: one field an item, to add and to remove. */
class List extends Composite {
  constructor(spec) {
    super(spec);
    this.spec = spec;
    this.least = spec.required ? Math.max(spec.schema.minItems ?? 0, 1) : 0;
    this.noun = spec.label.replace(/ies$/, "y").replace(/s$/, "");
    this.items = [];
    this.list = h("ul", { class: "items" });
    this.more = h("button", { type: "button", class: "quiet", onclick: () => this.add() },
      `Add ${this.noun.toLowerCase()}`);
    fill(this.body, this.list, this.more);
    this.write(undefined);
  }

  parts() {
    return this.items;
  }

  make(place) {
    const { api, name, schema, depth } = this.spec;
    const item = plain(api, schema.items);
    const label = `${this.noun} ${place + 1}`;
    return fieldFor(api, name, { ...item, description: undefined },
      { required: true, label, depth: depth + 1 });
  }

  add() {
    const value = this.items.map((item) => item.read());
    this.write([...value, undefined]);
    this.items.at(-1).focus();
    this.changed();
  }

  remove(place) {
    const value = this.items.map((item) => item.read());
    this.write(value.toSpliced(place, 1));
    this.more.focus();
    this.changed();
  }

  changed() {
    this.element.dispatchEvent(new Event("input", { bubbles: true }));
  }

  read() {
    return this.items.length || this.required ? this.items.map((item) => item.read()) : undefined;
  }

  write(value) {
    const values = [...(value ?? [])];
    while (values.length < this.least) values.push(undefined);
    this.items = values.map((_, place) => this.make(place));
    this.items.forEach((item, place) => item.write(values[place]));
    fill(this.list, this.items.map((item, place) => h("li", {}, item.element,
      values.length > this.least && h("button", {
        type: "button", class: "quiet remove", onclick: () => this.remove(place),
        "aria-label": `Remove ${this.noun.toLowerCase()} ${place + 1}`,
      }, "Remove"))));
  }

  find([place, ...rest]) {
    return this.items[Number(place)]?.find(rest) ?? this;
  }

  focus() {
    if (this.error.hidden) (this.items[0] ?? this.more).focus();
    else super.focus();
  }
}

/** A map of strings: two texts a line. */
class Pairs extends Composite {
  constructor(spec) {
    super(spec);
    this.rows = [];
    this.noun = spec.label.replace(/ies$/, "y").replace(/s$/, "").toLowerCase();
    this.list = h("ul", { class: "items pairs" });
    this.more = h("button", { type: "button", class: "quiet", onclick: () => this.add() },
      `Add to ${spec.label.toLowerCase()}`);
    fill(this.body, this.list, this.more);
  }

  parts() {
    return [];
  }

  add() {
    this.show([...this.rows.map(({ key, value }) => [key.value, value.value]), ["", ""]]);
    this.rows.at(-1).key.focus();
  }

  read() {
    const kept = this.rows.filter(({ key }) => key.value !== "");
    return kept.length
      ? Object.fromEntries(kept.map(({ key, value }) => [key.value, value.value]))
      : undefined;
  }

  write(value) {
    this.show(Object.entries(value ?? {}));
  }

  show(pairs) {
    this.rows = pairs.map(([name, text], place) => {
      const what = `${this.noun} ${place + 1}`;
      const key = h("input", { type: "text", placeholder: "Name", "aria-label": `Name of ${what}` });
      const value = h("input", {
        type: "text", placeholder: "Value", "aria-label": `Value of ${what}`, dir: "auto",
      });
      key.value = name;
      value.value = text;
      return { key, value };
    });
    fill(this.list, this.rows.map(({ key, value }) => h("li", {}, key, value)));
  }

  find() {
    return this;
  }
}

/** How many fields of `group` have a value, in words; empty if none has. */
export function setCount(group) {
  const value = group.read();
  const count = Object.keys(value ?? {}).length;
  return count ? `${counted(count, "option")} set` : "";
}
