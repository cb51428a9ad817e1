// Elements without markup: text is only ever text, so nothing that a model writes can become HTML.

/**
 * Make an element.
 *
 * @param {string} tag Its name.
 * @param {Object<string, any>} attributes `on…` are listeners; false, null and undefined are left
 *   out; true is an empty attribute.
 * @param {...any} children Elements, text, or lists of them; false, null and undefined are left out.
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

/** Replace all that is in `element`. */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== false && child != null);
}

let count = 0;

/** An id that no other element of the page has. */
export function uniqueId(kind) {
  count += 1;
  return `${kind}-${count}`;
}

/** Text with what stands between backticks as code. */
export function prose(text) {
  return text.split("`").map((part, place) => (place % 2 ? h("code", {}, part) : part));
}

/** A thumb, up or down. */
export function thumb(rating) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS(svg.namespaceURI, "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", `thumb ${rating}`);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", "M2.5 9h3v8h-3zM8 9l3-6.5c1.6 0 2.2 1.2 2 2.6L12.6 8h4.2c1 0 1.7 1 1.4 " +
    "1.9l-1.7 5.9c-.2.7-.8 1.2-1.5 1.2H8z");
  svg.append(path);
  return svg;
}

/** A link if `url` is one of the web, otherwise its text alone. */
export function link(url, text) {
  const isWeb = /^https?:\/\//i.test(url ?? "");
  return isWeb ? h("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, text) : text;
}
