// Offsets on the wire count code points; JavaScript's strings count UTF-16 units.

import { h } from "./dom.js";

/** The part of `text` between two offsets in code points. */
export function between(text, start, end) {
  return Array.from(text).slice(start, end).join("");
}

/**
 * `text` with spans of it marked.
 *
 * @param {string} text
 * @param {{start: number, end: number, label?: string}[]} spans In code points; of two that
 *   overlap, the one that begins later is left out. A label is read out after the marked words.
 * @returns {(string | HTMLElement)[]}
 */
export function marked(text, spans) {
  const points = Array.from(text);
  const pieces = [];
  let place = 0;
  for (const { start, end, label } of [...spans].sort((a, b) => a.start - b.start)) {
    if (start < place || end > points.length || end <= start) continue;
    pieces.push(points.slice(place, start).join(""));
    const note = label && h("span", { class: "unseen" }, ` (${label})`);
    pieces.push(h("mark", {}, points.slice(start, end).join(""), note));
    place = end;
  }
  pieces.push(points.slice(place).join(""));
  return pieces;
}

const WORDS = { lang: "language", id: "ID", url: "URL", urls: "URLs" };

/** A name of the wire in words: `target_lang` becomes `Target language`. */
export function words(name) {
  const spoken = name.split(/[_\s-]+/).map((word) => WORDS[word] ?? word).join(" ");
  return spoken.charAt(0).toUpperCase() + spoken.slice(1);
}

const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language" });

/** The English name of a BCP 47 tag; the tag itself where there is none. */
export function languageName(tag) {
  try {
    return LANGUAGES.of(tag);
  } catch {
    return tag;
  }
}

/** `count` of something: `1 check`, `3 checks`. */
export function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
