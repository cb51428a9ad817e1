// One feature's tab: its form, its call, and the three views of what came back.

import { call, urlOf } from "./call.js";
import { Code } from "./code.js";
import { fill, h, prose } from "./dom.js";
import { Form } from "./form/form.js";
import { Unreadable } from "./form/leaves.js";
import { problemCard } from "./problem.js";
import { Raw } from "./raw.js";
import { rendererFor } from "./render/renderers.js";
import { Status } from "./status.js";
import { tabs } from "./tabs.js";

export class Workbench {
  /**
   * @param {any} api The OpenAPI document.
   * @param {import("./openapi.js").Feature} feature
   * @param {() => string} key Gives the API key; empty if there is none.
   */
  constructor(api, feature, key) {
    this.feature = feature;
    this.key = key;
    this.running = null;
    this.form = new Form(api, feature);
    this.status = new Status();
    this.raw = new Raw();
    this.code = new Code();
    this.result = h("div", { class: "result" },
      h("p", { class: "empty" }, "Pick an example or write your own, then send it."));
    this.renderer = rendererFor(feature, {
      mount: this.result, key, changed: () => this.changed(),
    });
    this.element = h("section", { class: "feature" },
      h("header", {}, h("h2", {}, feature.summary),
        h("p", {}, prose(feature.description.split("\n\n")[0]))),
      h("div", { class: "bench" }, this.makeRequest(), this.makeResponse()));
    if (feature.examples.length) this.form.write(feature.examples[0]);
    this.changed();
  }

  makeRequest() {
    const { examples, streams } = this.feature;
    this.send = h("button", { type: "submit", class: "primary" }, "Send");
    this.stop = h("button", { type: "button", hidden: true, onclick: () => this.abort() }, "Stop");
    this.stream = h("input", { type: "checkbox", checked: true });
    const form = h("form", {
      class: "request", novalidate: true, "aria-label": "Request",
      onsubmit: (event) => { event.preventDefault(); this.submit(); },
      onkeydown: (event) => this.shortcut(event),
      oninput: () => this.changed(),
    },
    examples.length > 0 && h("div", { class: "chips examples", role: "group",
      "aria-label": "Examples" },
    h("span", { class: "chips-name" }, "Examples"),
    examples.map((example) => h("button", {
      type: "button", class: "chip", dir: "auto", onclick: () => this.example(example),
    }, nameOf(example, this.feature.request)))),
    this.form.element,
    h("div", { class: "actions" }, this.send, this.stop,
      streams && h("label", { class: "inline" }, this.stream, "Stream")));
    return form;
  }

  makeResponse() {
    const pages = [
      { name: "Result", panel: this.result },
      { name: "JSON", panel: this.raw.element },
      { name: "Code", panel: this.code.element },
    ];
    const views = tabs("Views of the response", pages);
    views.select(0);
    views.element.classList.add("views");
    this.response = h("section", { class: "response", "aria-label": "Response" },
      h("div", { class: "response-top" }, views.element, this.status.element),
      pages.map(({ panel }) => panel));
    return this.response;
  }

  get streams() {
    return this.feature.streams && this.stream.checked;
  }

  get path() {
    return `/${this.feature.name}${this.streams ? "/stream" : ""}`;
  }

  /** The body as it would be sent now. */
  body() {
    return this.renderer.extend(this.form.read());
  }

  changed() {
    this.form.recount();
    try {
      this.code.show({
        url: urlOf(this.path), body: this.body(), stream: this.streams, withKey: Boolean(this.key()),
      });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
    }
  }

  example(body) {
    this.renderer.restart();
    this.form.write(body);
    this.changed();
  }

  shortcut(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.submit();
    if (event.key === "Escape") this.abort();
  }

  abort() {
    this.running?.abort();
  }

  async submit() {
    if (this.running) return;
    this.form.clear();
    let body;
    try {
      body = this.body();
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.form.failUnreadable(error);
      return;
    }
    this.busy(new AbortController());
    this.status.begin(this.streams);
    this.raw.show(body, null);
    this.renderer.begin(body);
    this.response.scrollIntoView({ block: "nearest" });
    const request = { path: this.path, body, key: this.key(), signal: this.running.signal };
    const outcome = await call(request, (event) => {
      this.status.say("busy", "Receiving");
      this.renderer.event(event);
    });
    this.busy(null);
    this.finish(body, outcome);
  }

  finish(body, outcome) {
    this.status.end(outcome);
    this.raw.show(body, outcome);
    if (outcome.result) this.renderer.complete(outcome.result, body);
    else if (outcome.problem) this.fail(outcome);
    this.changed();
  }

  fail({ problem, retryAfter, events }) {
    const goTo = (pointer) => this.form.find(pointer)?.focus();
    const card = problemCard(problem, { retryAfter, goTo });
    if (events.length) this.result.append(card); // what was streamed before stays
    else fill(this.result, card);
    this.form.fail(problem.errors ?? []);
  }

  busy(controller) {
    const hadFocus = [this.send, this.stop].includes(document.activeElement);
    this.running = controller;
    this.send.hidden = Boolean(controller);
    this.stop.hidden = !controller;
    this.result.setAttribute("aria-busy", String(Boolean(controller)));
    if (hadFocus) (controller ? this.stop : this.send).focus();
  }
}

const NAME_LENGTH = 40;

/** An example's name is the first text in it, in the order of the schema. */
function nameOf(example, { properties = {} }) {
  const [text = "Example"] = Object.keys(properties).flatMap((name) => texts(example[name]));
  return text.length > NAME_LENGTH ? `${text.slice(0, NAME_LENGTH - 1).trimEnd()}…` : text;
}

function texts(value) {
  if (typeof value === "string") return [value];
  return value && typeof value === "object" ? Object.values(value).flatMap(texts) : [];
}
