// An answer with its citations beside it, and the conversation that it belongs to.

import { call } from "../call.js";
import { fill, h, link, thumb } from "../dom.js";
import { counted, marked } from "../text.js";
import { General, checked } from "./general.js";

const NOTES = {
  clarify: ["Asks back", "What is meant has to be made clear first."],
  handoff: ["Hand over to a human", "A person is asked for, or what only staff can do."],
  unknown: ["Unknown", "The documents do not tell."],
};

export class Answers extends General {
  constructor(feature, context) {
    super(feature, context);
    this.restart();
  }

  restart() {
    this.turns = []; // {question, answer}, the oldest first
    this.conversation = null; // the id of a conversation that the service keeps
  }

  /** The turns before `question`; asked again, it takes the place of its last turn. */
  turnsBefore(question) {
    const isAgain = this.turns.at(-1)?.question === question;
    return isAgain ? this.turns.slice(0, -1) : this.turns;
  }

  /** Goes on with the conversation, unless the form has one of its own. */
  extend(body) {
    const turns = this.turnsBefore(body.question);
    if (body.history || body.conversation_id || !turns.length) return body;
    if (this.conversation) return { ...body, conversation_id: this.conversation };
    return { ...body, history: turns.flatMap(({ question, answer }) => [
      { role: "user", content: question }, { role: "assistant", content: answer },
    ]) };
  }

  begin({ question }) {
    this.turns = this.turnsBefore(question);
    this.passages = [];
    this.citations = [];
    this.text = h("p", { class: "streamed answer-text", dir: "auto" });
    this.notes = h("div", { class: "answer-notes" });
    this.sources = h("aside", { class: "sources", "aria-label": "Sources" });
    fill(this.context.mount, this.earlier(),
      h("article", { class: "answer" },
        h("h3", { class: "question", dir: "auto" }, question),
        h("div", { class: "answer-columns" },
          h("div", { class: "answer-main" }, this.text, this.notes), this.sources)));
  }

  earlier() {
    return this.turns.length > 0 && h("section", { class: "earlier", "aria-label": "Earlier turns" },
      h("ol", {}, this.turns.map(({ question, answer }) => h("li", {},
        h("p", { class: "question", dir: "auto" }, question),
        h("p", { dir: "auto" }, answer)))),
      h("button", { type: "button", class: "quiet", onclick: (event) => this.forget(event) },
        "Start a new conversation"));
  }

  forget(event) {
    this.restart();
    event.target.closest(".earlier").remove();
    this.context.changed();
  }

  event({ type, text, passages, citation }) {
    if (type === "delta") this.text.append(text);
    if (type === "started") this.passages = passages;
    if (type === "citation") this.citations.push(citation);
    if (type === "started" || type === "citation") this.showSources();
  }

  complete(answer, { question }) {
    const { passages = [], citations = [] } = answer;
    Object.assign(this, { passages, citations });
    this.text.textContent = answer.answer;
    this.turns.push({ question, answer: answer.answer });
    this.conversation = answer.conversation_id ?? null;
    fill(this.notes, this.badges(answer, question), this.feedback(answer));
    this.showSources();
  }

  badges({ action, grounded, checks, query, truncated }, question) {
    const lost = checks.filter(({ kept }) => !kept);
    return [
      NOTES[action] && note(...NOTES[action]),
      grounded && h("p", { class: "grounded" }, "Its figures and addresses stand in its sources"),
      lost.length > 0 && note("Not proven", "Its sources do not hold all that it says.", checked(lost)),
      truncated && note("Cut", "The model could not read all of the documents or the conversation."),
      query && query !== question && h("p", { class: "hint" }, "Searched for: ",
        h("q", { dir: "auto" }, query)),
    ];
  }

  feedback({ message_id: id }) {
    if (!this.feature.takesFeedback || !id) return null;
    const said = h("span", { role: "status" });
    const button = (rating, name) => h("button", {
      type: "button", class: "rate", "aria-label": name, "aria-pressed": "false",
      onclick: (event) => this.rate(id, rating, event.currentTarget, said),
    }, thumb(rating));
    return h("div", { class: "feedback", role: "group", "aria-label": "Feedback" },
      "Was this right?", button("up", "Yes, it was right"), button("down", "No, it was wrong"),
      said);
  }

  async rate(id, rating, button, said) {
    const { ending, problem } = await call({
      path: `/answers/${encodeURIComponent(id)}/feedback`, body: { rating },
      key: this.context.key(), signal: new AbortController().signal,
    }, () => {});
    const isKept = ending === "completed";
    for (const one of button.parentElement.querySelectorAll("button")) {
      one.setAttribute("aria-pressed", String(isKept && one === button));
    }
    fill(said, isKept ? "Thank you." : problem.detail);
  }

  showSources() {
    const found = this.passages.map((passage) => ({
      passage, citations: this.citations.filter((citation) => isWithin(citation, passage)),
    }));
    const cited = found.filter(({ citations }) => citations.length);
    const others = found.filter(({ citations }) => !citations.length);
    const loose = this.citations.filter((one) => !this.passages.some((p) => isWithin(one, p)));
    fill(this.sources,
      cited.length + loose.length > 0 && [h("h4", {}, "Sources"), h("ol", {},
        cited.map(({ passage, citations }) => source(passage, marked(passage.text,
          citations.map(({ start, end }) => ({
            start: start - passage.start, end: end - passage.start,
          }))))),
        loose.map((citation) => source(citation, h("mark", {}, citation.quote))))],
      others.length > 0 && h("details", { class: "more" },
        h("summary", {}, `${counted(others.length, "passage")} searched, not cited`),
        h("ol", {}, others.map(({ passage }) => source(passage, passage.text)))));
  }
}

function note(title, text, more) {
  return h("div", { class: "note" }, h("p", {}, h("strong", {}, title), " ", text), more);
}

/** Both have offsets into the same document's text. */
function isWithin(citation, passage) {
  return citation.document_id === passage.document_id &&
    passage.start <= citation.start && citation.end <= passage.end;
}

function source({ title, document_id: id, url, heading }, text) {
  return h("li", { class: "source" },
    h("p", { class: "source-title", dir: "auto" }, link(url, title || id)),
    heading && h("p", { class: "hint", dir: "auto" }, heading),
    h("blockquote", { dir: "auto" }, text));
}
