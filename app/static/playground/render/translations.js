// Texts and their translations side by side, with what was compared.

import { fill, h } from "../dom.js";
import { problemCard } from "../problem.js";
import { languageName } from "../text.js";
import { General, checked } from "./general.js";

export class Translations extends General {
  begin({ text = [], target_lang: target = "EN" }) {
    this.rows = text.map((source) => new Row(source, target));
    fill(this.context.mount, h("ol", { class: "pairs-list" }, this.rows.map((row) => row.element)));
  }

  event({ type, index, text }) {
    if (type === "delta") this.rows[index].target.append(text);
  }

  complete({ translations }) {
    translations.forEach((translation, place) => this.rows[place].complete(translation));
  }
}

class Row {
  constructor(source, targetLanguage) {
    this.source = h("p", { dir: "auto" }, source);
    this.sourceName = h("h3", { class: "name" }, "Text");
    this.target = h("p", { class: "streamed", dir: "auto", lang: targetLanguage });
    this.notes = h("div");
    this.element = h("li", { class: "pair" },
      h("div", {}, this.sourceName, this.source),
      h("div", {}, h("h3", { class: "name" }, languageName(targetLanguage)), this.target, this.notes));
  }

  complete({ text, detected_source_language: language, detection_score: score, checks, repaired,
    problem }) {
    if (language) {
      this.source.lang = language;
      const sure = score !== null && ` · detected, ${Math.round(score * 100)} % sure`;
      fill(this.sourceName, languageName(language), sure);
    }
    if (problem) {
      fill(this.target);
      fill(this.notes, problemCard(problem));
      return;
    }
    this.target.textContent = text;
    fill(this.notes, checked(checks),
      repaired && h("p", { class: "hint" }, "The model was asked to put something right."));
  }
}
