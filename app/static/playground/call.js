// One call to the service: what it sent, what came back, and how long it took.

import { events } from "./sse.js";

/**
 * How a call went.
 *
 * @typedef {Object} Outcome
 * @property {"completed" | "problem" | "stopped"} ending
 * @property {number | null} status Of HTTP; null where there was no response.
 * @property {string | null} requestId
 * @property {string | null} retryAfter Seconds to wait, as the response has them.
 * @property {number} seconds From sending to the end.
 * @property {number | null} firstTokenSeconds To a stream's first piece of text.
 * @property {any} result What was asked for; null if it did not come.
 * @property {any} problem An RFC 9457 problem; null if there is none.
 * @property {any[]} events Of a stream.
 */

/** Where `path` is, also when the service is mounted below a prefix. */
export function urlOf(path) {
  return new URL(path.replace(/^\//, ""), document.baseURI).href;
}

/** The headers of a call. */
export function headersOf(key) {
  const authorization = key ? { Authorization: `Bearer ${key}` } : {};
  return { "Content-Type": "application/json", ...authorization };
}

/**
 * Make a call. It never throws: what goes wrong is a problem.
 *
 * @param {{path: string, body: any, key: string, signal: AbortSignal}} request
 * @param {(event: any) => void} onEvent Gets each event of a stream.
 * @returns {Promise<Outcome>}
 */
export async function call({ path, body, key, signal }, onEvent) {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const outcome = {
    ending: "problem", status: null, requestId: null, retryAfter: null, seconds: 0,
    firstTokenSeconds: null, result: null, problem: null, events: [],
  };
  try {
    const headers = headersOf(key);
    const response = await fetch(urlOf(path), {
      method: "POST", headers, body: JSON.stringify(body), signal,
    });
    outcome.status = response.status;
    outcome.requestId = response.headers.get("x-request-id");
    outcome.retryAfter = response.headers.get("retry-after");
    if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
      await follow(response.body, outcome, elapsed, onEvent);
    } else {
      settle(outcome, response.ok, await readJson(response));
    }
  } catch (error) {
    if (signal.aborted) outcome.ending = "stopped";
    else outcome.problem = trouble("The service did not answer", `${error.message}.`, "no-answer");
  }
  outcome.seconds = elapsed();
  return outcome;
}

/**
 * Ask for something that is no feature's. It never throws: what goes wrong is a problem.
 *
 * @param {string} path
 * @param {{key: string, method?: string, type?: string, body?: Blob}} request `type` is of the body.
 * @returns {Promise<{problem?: any, body?: any, type?: string}>} JSON, or else a Blob.
 */
export async function ask(path, { key, method, type: sent, body }) {
  try {
    const headers = { ...headersOf(key), ...(sent && { "Content-Type": sent }) };
    const response = await fetch(urlOf(path), { method, headers, body });
    if (!response.ok) return { problem: await readJson(response) };
    const type = response.headers.get("content-type") ?? "";
    return { type, body: await (/\bjson\b/.test(type) ? response.json() : response.blob()) };
  } catch (error) {
    return { problem: trouble("The service did not answer", `${error.message}.`, "no-answer") };
  }
}

async function follow(stream, outcome, elapsed, onEvent) {
  for await (const event of events(stream)) {
    outcome.events.push(event);
    if (event.type === "delta") outcome.firstTokenSeconds ??= elapsed();
    if (event.type === "failed") return settle(outcome, false, event.problem);
    if (event.type === "completed") return settle(outcome, true, event.result);
    onEvent(event);
  }
  const detail = "The stream ended before its last event.";
  return settle(outcome, false, trouble("The answer is not whole", detail, "stream-broken"));
}

function settle(outcome, good, body) {
  outcome.ending = good ? "completed" : "problem";
  outcome[good ? "result" : "problem"] = body;
}

async function readJson(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    const detail = `Something before the service answered: ${text.slice(0, 300) || "nothing"}`;
    return trouble(response.statusText || "No JSON", detail, "not-json");
  }
}

function trouble(title, detail, code) {
  return { title, detail, code };
}
