// Reads what the service offers and makes one tab of each feature.

import { BatchesPage } from "./batches/page.js";
import { headersOf, urlOf } from "./call.js";
import { fill, h } from "./dom.js";
import { BATCHES, featuresOf } from "./openapi.js";
import { tabs } from "./tabs.js";
import { words } from "./text.js";
import { Workbench } from "./workbench.js";

const KEY = "groundwork-key";
const THEME = "groundwork-theme";
const PATIENCE = 1500; // milliseconds between two questions whether the model is ready

const main = document.getElementById("main");

function themeButton() {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const label = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  button.setAttribute("aria-label", "Change between light and dark");
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem(THEME, root.dataset.theme);
    label();
  });
  system.addEventListener("change", label);
  label();
}

function keyField(onChange) {
  const field = document.getElementById("key");
  field.value = sessionStorage.getItem(KEY) ?? "";
  field.addEventListener("input", () => {
    if (field.value) sessionStorage.setItem(KEY, field.value);
    else sessionStorage.removeItem(KEY);
    onChange();
  });
  return () => field.value.trim();
}

/** The document; where it is told to nobody without a key, once there is one. */
async function readDocument(key) {
  for (;;) {
    const response = await fetch(urlOf("/openapi.json"), { headers: headersOf(key()) });
    if (response.ok) return response.json();
    const { title, detail } = await response.json();
    if (response.status !== 401) throw new Error(detail);
    fill(main, h("p", { class: "problem", role: "alert" }, `${title}. ${detail}`));
    const field = document.getElementById("key");
    field.closest("details").open = true;
    field.focus();
    await new Promise((resolve) => field.addEventListener("change", resolve, { once: true }));
  }
}

async function watchReadiness() {
  const line = document.getElementById("readiness");
  try {
    const response = await fetch(urlOf("/readyz"));
    const { status, model, reason } = await response.json();
    line.dataset.ready = String(status === "ready");
    fill(line, status === "ready" ? model ?? "Ready" : reason ?? "The model is not ready");
    if (status === "ready") return;
  } catch {
    fill(line, "The service does not answer");
  }
  setTimeout(watchReadiness, PATIENCE);
}

async function start() {
  themeButton();
  watchReadiness();
  const benches = [];
  const key = keyField(() => benches.forEach((bench) => bench.changed()));
  const api = await readDocument(key);
  document.getElementById("tagline").textContent = api.info.summary ?? "";
  const features = featuresOf(api);
  benches.push(...features.map((feature) => new Workbench(api, feature, key)));
  const batches = new BatchesPage(api, features, key);
  benches.push(batches);
  const names = [...features.map(({ name }) => name), BATCHES];
  const pages = names.map((name, place) => ({ name: words(name), panel: benches[place].element }));
  const named = () => Math.max(0, names.findIndex((name) => `#${name}` === location.hash));
  const nav = tabs("Features", pages, (place) => {
    if (named() !== place) history.replaceState(null, "", `#${names[place]}`);
    batches.show(benches[place] === batches);
  });
  nav.element.classList.add("nav");
  addEventListener("hashchange", () => nav.select(named()));
  fill(main, nav.element, pages.map(({ panel }) => panel));
  nav.select(named());
}

start().catch((error) => {
  fill(main, h("p", { class: "problem", role: "alert" },
    `The playground could not read openapi.json: ${error.message}.`));
});
