// The form of a feature, made from the schema of its request.

import { fill, h } from "../dom.js";
import { Group, setCount } from "./composites.js";
import { Unreadable } from "./leaves.js";

export class Form {
  /**
   * What is required comes first, and what the first example uses; the rest is folded.
   *
   * @param {any} api The OpenAPI document.
   * @param {import("../openapi.js").Feature} feature
   */
  constructor(api, feature) {
    const { request } = feature;
    const names = Object.keys(request.properties ?? {});
    const first = [...(request.required ?? []), ...Object.keys(feature.examples[0] ?? {})];
    const isFirst = (name) => first.includes(name);
    const group = (explicit) => new Group({
      api, schema: request, required: true, depth: 0, bare: true, explicit,
      only: names.filter((name) => isFirst(name) === explicit),
    });
    this.main = group(true);
    this.more = group(false);
    this.error = h("p", { class: "error whole", tabindex: "-1", hidden: true });
    this.count = h("span", { class: "count" });
    this.fold = h("details", { class: "more" },
      h("summary", {}, "More options", this.count), this.more.element);
    this.element = h("div", { class: "fields" },
      this.error, this.main.element, this.more.fields.size > 0 && this.fold);
  }

  /**
   * The body of the request.
   *
   * @throws {Unreadable} Something that was typed is no value.
   */
  read() {
    return { ...this.main.read(), ...this.more.read() };
  }

  /** Show a body. */
  write(body) {
    this.main.write(body);
    this.more.write(body);
    this.clear();
    this.fold.open = this.recount() > 0;
  }

  /** Count the folded fields that are set, and say so on the fold. */
  recount() {
    try {
      const said = setCount(this.more);
      fill(this.count, said && ` · ${said}`);
      return said ? 1 : 0;
    } catch (error) {
      if (error instanceof Unreadable) return 1;
      throw error;
    }
  }

  clear() {
    this.error.hidden = true;
    this.main.clear();
    this.more.clear();
  }

  /**
   * Say at each field what is wrong with it, and go to the first.
   *
   * @param {{pointer: string, detail: string}[]} errors
   */
  fail(errors) {
    const failed = errors.map(({ pointer, detail }) => {
      const field = this.find(pointer);
      if (field) field.fail(detail);
      else this.failWhole(detail);
      return field ?? this.error;
    });
    failed[0]?.focus();
  }

  failWhole(detail) {
    this.error.textContent = detail;
    this.error.hidden = false;
  }

  /** The field that a JSON Pointer (RFC 6901) names; null where it is the whole body. */
  find(pointer) {
    const [, ...path] = pointer.split("/")
      .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
    if (this.main.fields.has(path[0])) return this.main.find(path);
    if (!this.more.fields.has(path[0])) return null;
    this.fold.open = true;
    return this.more.find(path);
  }

  /** What was typed that is no value: say so at its field. */
  failUnreadable(error) {
    if (this.more.element.contains(error.field.element)) this.fold.open = true;
    error.field.fail(error.message);
    error.field.focus();
  }
}
