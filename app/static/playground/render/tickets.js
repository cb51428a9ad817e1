// A ticket as a card, and the email with what it names.

import { between, languageName, marked, words } from "../text.js";
import { fill, h } from "../dom.js";
import { General, checked, described, shown } from "./general.js";

const FLAGS = {
  auto_reply: "A machine sent it",
  quoted_only: "Nothing new beside what is quoted",
  injection_suspected: "Something in it gives orders to a machine",
  truncated: "Too long for the model: its oldest part was left out",
};

export class Tickets extends General {
  complete(ticket, body) {
    fill(this.context.mount,
      h("article", { class: "ticket" },
        h("h3", {}, ticket.issue),
        h("p", { class: "summary" }, ticket.summary),
        notes(ticket),
        facts(ticket),
        ticket.custom_fields && section("Custom fields", described(ticket.custom_fields)),
        ticket.open_questions.length > 0 && section("Open questions",
          h("ul", { class: "questions" },
            ticket.open_questions.map((question) => h("li", { dir: "auto" }, question)))),
        checked(ticket.checks)),
      email(ticket.entities, body));
  }
}

function section(title, ...content) {
  return h("section", {}, h("h4", {}, title), content);
}

function notes({ needs_review: needsReview, flags }) {
  const raised = Object.keys(FLAGS).filter((flag) => flags[flag]);
  if (!needsReview && !raised.length) return null;
  return h("ul", { class: "notes" },
    needsReview && h("li", {}, "A human should look at this ticket"),
    raised.map((flag) => h("li", {}, FLAGS[flag])));
}

function facts({ urgency, category, product, sentiment, language, intent, confidence }) {
  const rows = [
    ["urgency", h("span", { class: "urgency", "data-level": urgency }, words(urgency))],
    ["category", words(category)],
    ["product", shown(product)],
    ["sentiment", words(sentiment)],
    ["language", language ? languageName(language) : shown(null)],
    ["intent", shown(intent)],
  ];
  return h("dl", { class: "facts-grid" }, rows
    .filter(([name]) => name !== "intent" || intent !== null)
    .map(([name, value]) => h("div", {},
      h("dt", {}, words(name)),
      h("dd", {}, value, typeof confidence[name] === "number" && meter(confidence[name])))));
}

/** How probable the model found a value: three bars, and the share beside them. */
function meter(probability) {
  const level = probability < 0.5 ? "low" : probability < 0.8 ? "medium" : "high";
  const bars = Math.ceil(probability * 3);
  return h("span", { class: "meter", "data-level": level },
    h("span", { class: "bars", "aria-hidden": "true" },
      [1, 2, 3].map((bar) => h("i", { class: bar <= bars ? "on" : "off" }))),
    `${Math.round(probability * 100)} % confidence`);
}

function email(entities, { subject, body, text }) {
  const parts = [["subject", subject], ["body", body ?? text]].filter(([, words_]) => words_);
  return h("section", { class: "email" },
    h("h4", {}, "What the email names"),
    h("div", { class: "letter" }, parts.map(([field, words_]) =>
      h("p", { class: field, dir: "auto" }, marked(words_, spansIn(entities, field, words_))))),
    entities.length > 0
      ? h("table", {},
        h("thead", {}, h("tr", {}, ["Kind", "As written", "Value"].map((name) =>
          h("th", { scope: "col" }, name)))),
        h("tbody", {}, entities.map(({ type, text: written, value }) =>
          h("tr", {}, h("td", {}, words(type)), h("td", {}, written), h("td", {}, value)))))
      : h("p", { class: "hint" }, "No numbers, addresses, dates or amounts."));
}

function spansIn(entities, field, text) {
  return entities
    .filter((entity) => entity.field === field &&
      between(text, entity.start, entity.end) === entity.text)
    .map(({ type, start, end }) => ({ start, end, label: words(type).toLowerCase() }));
}
