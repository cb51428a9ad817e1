// One batch: how far it is, and what can be done with it.

import { ask } from "../call.js";
import { fill, h } from "../dom.js";
import { problemCard } from "../problem.js";
import { words } from "../text.js";

const KINDS = { completed: "good", failed: "bad", expired: "bad", cancelled: "stopped" };

export class Card {
  /**
   * @param {any} report
   * @param {() => string} key
   */
  constructor(report, key) {
    this.key = key;
    this.state = h("p", { class: "state", role: "status" });
    this.bar = h("progress", { max: 1, "aria-label": "Progress" });
    this.facts = h("dl", { class: "facts" });
    this.said = h("div", { role: "alert" });
    this.cancel = h("button", { type: "button", onclick: () => this.end() }, "Cancel");
    const save = h("button", { type: "button", onclick: () => this.save() }, "Download results");
    this.element = h("li", { class: "batch" },
      h("div", { class: "batch-top" }, h("h3", {}, words(report.feature)), this.state),
      h("p", { class: "hint" }, h("code", {}, report.id), " ",
        new Date(report.created_at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })),
      this.bar, this.facts, h("div", { class: "actions" }, save, this.cancel), this.said);
    this.update(report);
  }

  /** Show how it stands now. */
  update(report) {
    this.report = report;
    const { status, progress, ended_at: ended } = report;
    this.element.dataset.kind = KINDS[status] ?? "busy";
    if (this.state.textContent !== words(status)) this.state.textContent = words(status);
    this.bar.value = progress;
    this.cancel.hidden = ended !== null;
    fill(this.facts, factsOf(report).map(([name, value]) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  }

  async end() {
    const { problem, body } = await ask(`/batches/${this.report.id}/cancel`,
      { method: "POST", key: this.key() });
    fill(this.said, problem && problemCard(problem));
    if (body) this.update(body);
  }

  async save() {
    const { problem, body, type } = await ask(`/batches/${this.report.id}/results`,
      { key: this.key() });
    fill(this.said, problem && problemCard(problem));
    if (problem) return;
    const link = h("a", {
      href: URL.createObjectURL(body),
      download: `${this.report.id}.${type.startsWith("text/csv") ? "csv" : "jsonl"}`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // until the browser has it
  }
}

function factsOf({ request_counts: { total, completed, failed }, rate, seconds_left: left, cost }) {
  const number = (value) => value.toLocaleString("en");
  return [
    ["Done", `${number(completed + failed)} of ${number(total)}`],
    ["Failed", number(failed)],
    rate !== null && ["A second", rate.toFixed(1)],
    left !== null && ["Left", clock(left)],
    cost !== null && ["Cost", cost.toFixed(2)],
  ].filter(Boolean);
}

function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.round(seconds) % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
