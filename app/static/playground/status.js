// The line that tells how a call went.

import { fill, h } from "./dom.js";

export class Status {
  constructor() {
    this.state = h("p", { class: "state", role: "status" });
    this.facts = h("dl", { class: "facts" });
    this.element = h("div", { class: "status" }, this.state, this.facts);
    this.say("idle", "Nothing sent yet");
  }

  /** @param {"idle" | "busy" | "good" | "bad" | "stopped"} kind */
  say(kind, text) {
    this.element.dataset.kind = kind;
    if (this.state.textContent !== text) this.state.textContent = text;
  }

  begin(streams) {
    fill(this.facts);
    this.say("busy", streams ? "Waiting for the first token" : "Waiting for the answer");
  }

  /** @param {import("./call.js").Outcome} outcome */
  end(outcome) {
    const { ending, seconds, problem } = outcome;
    if (ending === "completed") this.say("good", "Done");
    else if (ending === "stopped") this.say("stopped", `Stopped after ${spoken(seconds)}`);
    else this.say("bad", problem.title);
    fill(this.facts, factsOf(outcome).map(([name, value]) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  }
}

function factsOf({ status, seconds, firstTokenSeconds, requestId, result }) {
  const { usage, model, adapter } = result ?? {};
  const cached = usage?.cached_input_tokens;
  return [
    ["HTTP", status ?? "none"],
    firstTokenSeconds !== null && ["First token", spoken(firstTokenSeconds)],
    ["Total", spoken(seconds)],
    adapter && ["Adapter", adapter],
    usage && ["Tokens in", `${usage.input_tokens}${cached ? ` (${cached} cached)` : ""}`],
    usage && ["Tokens out", usage.output_tokens],
    model && ["Model", model],
    requestId && ["Request ID", h("code", {}, requestId)],
  ].filter(Boolean);
}

function spoken(seconds) {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
