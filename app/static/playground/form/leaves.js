// Fields that hold one value. Every field, here and in composites.js, has
//   element     what is put on the page
//   read()      the value; undefined where it is to be left out of the body
//   write(v)    show a value; undefined empties the field
//   find(path)  the field at the parts of a JSON Pointer, or the nearest one around it
//   fail(text)  say what is wrong; clear() takes it back
//   focus()

import { h, prose, uniqueId } from "../dom.js";
import { languageName } from "../text.js";

/** Thrown by `read()` where what was typed is no value at all. */
export class Unreadable extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** A field with a label, a hint and one control. */
class Leaf {
  /**
   * @param {{label: string, schema: any, required: boolean}} spec
   * @param {HTMLElement} control
   */
  constructor({ label, schema, required }, control) {
    const id = uniqueId("field");
    this.control = control;
    this.required = required;
    this.error = h("p", { class: "error", id: `${id}-error`, hidden: true });
    const { description } = schema;
    const hint = description && h("p", { class: "hint", id: `${id}-hint` }, prose(description));
    this.hintId = hint ? hint.id : "";
    control.id = id;
    if (description) control.placeholder = description; // seen where style hides the hint
    this.label = h("label", { for: id }, label);
    this.element = h("div", { class: "field" }, this.label, hint, control, this.error);
    this.describe();
  }

  describe() {
    const ids = [this.hintId, this.error.hidden ? "" : this.error.id].filter(Boolean).join(" ");
    if (ids) this.control.setAttribute("aria-describedby", ids);
    else this.control.removeAttribute("aria-describedby");
  }

  find() {
    return this;
  }

  fail(message) {
    this.error.textContent = message;
    this.error.hidden = false;
    this.control.setAttribute("aria-invalid", "true");
    this.describe();
  }

  clear() {
    this.error.hidden = true;
    this.control.removeAttribute("aria-invalid");
    this.describe();
  }

  focus() {
    this.control.focus();
  }
}

const LINE = 1000; // characters up to which a text is one line

class Text extends Leaf {
  constructor(spec) {
    const { maxLength = Infinity } = spec.schema;
    const isLine = maxLength <= LINE;
    super(spec, h(isLine ? "input" : "textarea", {
      type: isLine && "text", rows: isLine ? false : spec.rows ?? 4, dir: "auto",
    }));
  }

  read() {
    const text = this.control.value;
    return text === "" && !this.required ? undefined : text;
  }

  write(value) {
    this.control.value = value ?? "";
  }
}

class Numeric extends Leaf {
  constructor(spec) {
    const { type, minimum, maximum } = spec.schema;
    const step = type === "integer" ? 1 : "any";
    super(spec, h("input", { type: "number", step, min: minimum, max: maximum }));
  }

  read() {
    return this.control.value === "" ? undefined : this.control.valueAsNumber;
  }

  write(value) {
    this.control.value = value ?? "";
  }
}

class Choice extends Leaf {
  constructor(spec) {
    const { schema, name = "" } = spec;
    const values = schema.enum ?? [true, false];
    const nameOf = (value) => (typeof value === "boolean" ? (value ? "yes" : "no") : `${value}`);
    const labelOf = (value) =>
      /lang/.test(name) ? `${languageName(value)} (${value})` : nameOf(value);
    const open = schema.nullable || schema.default === undefined;
    super(spec, h("select", {},
      open && h("option", { value: "" }, schema.nullable ? "not given" : "choose"),
      values.map((value, place) => h("option", { value: place }, labelOf(value)))));
    this.values = values;
    this.initial = schema.default;
    this.write(undefined);
  }

  read() {
    return this.control.value === "" ? undefined : this.values[Number(this.control.value)];
  }

  write(value) {
    const place = this.values.indexOf(value ?? this.initial);
    this.control.value = place < 0 ? "" : String(place);
  }
}

class Switch extends Leaf {
  constructor(spec) {
    super(spec, h("input", { type: "checkbox" }));
    this.element.classList.add("switch");
    this.element.prepend(this.control);
    this.initial = spec.schema.default ?? false;
    this.write(undefined);
  }

  read() {
    return this.control.checked;
  }

  write(value) {
    this.control.checked = value ?? this.initial;
  }
}

/** What has no form of its own: JSON in a text area. */
class Json extends Leaf {
  constructor(spec) {
    super(spec, h("textarea", { class: "code", rows: 4, spellcheck: "false" }));
    this.label.append(h("span", { class: "kind" }, " JSON"));
  }

  read() {
    const text = this.control.value.trim();
    if (!text) return undefined;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Unreadable(this, `This is not JSON: ${error.message}.`);
    }
  }

  write(value) {
    this.control.value = value === undefined ? "" : JSON.stringify(value, null, 2);
  }
}

/** The field for a schema of one value. */
export function leaf(spec) {
  const { schema } = spec;
  if (schema.enum || (schema.type === "boolean" && schema.nullable)) return new Choice(spec);
  if (schema.type === "boolean") return new Switch(spec);
  if (schema.type === "integer" || schema.type === "number") return new Numeric(spec);
  if (schema.type === "string") return new Text(spec);
  return new Json(spec);
}
