// A problem (RFC 9457), in words.

import { h } from "./dom.js";

/**
 * @param {any} problem
 * @param {{retryAfter?: string | null, goTo?: (pointer: string) => void}} options `goTo` goes to
 *   the field that a pointer names.
 */
export function problemCard(problem, { retryAfter, goTo } = {}) {
  const { title, detail, code, errors } = problem;
  return h("div", { class: "problem" },
    h("h3", {}, title),
    h("p", {}, detail),
    retryAfter && h("p", {}, `Try again in ${retryAfter} s.`),
    errors && h("ul", {}, errors.map((error) => h("li", {},
      goTo
        ? h("button", { type: "button", class: "pointer", onclick: () => goTo(error.pointer) },
          placeOf(error))
        : h("code", {}, placeOf(error)),
      " ", error.detail))),
    h("p", { class: "code-name" }, "Code ", h("code", {}, code)));
}

function placeOf({ line, pointer }) {
  return [line && `line ${line}`, pointer].filter(Boolean).join(" ") || "the body";
}
