// Which renderer shows a feature's results: its own, or the general one.

import { Answers } from "./answers.js";
import { General } from "./general.js";
import { Tickets } from "./tickets.js";
import { Translations } from "./translations.js";

const OWN = { answers: Answers, tickets: Tickets, translations: Translations };

/**
 * The renderer of a feature.
 *
 * @param {import("../openapi.js").Feature} feature
 * @param {Context} context
 * @returns {General}
 *
 * @typedef {Object} Context
 * @property {HTMLElement} mount Where results are shown.
 * @property {() => string} key Gives the API key.
 * @property {() => void} changed To be called when the next request's body has changed.
 */
export function rendererFor(feature, context) {
  return new (OWN[feature.name] ?? General)(feature, context);
}
