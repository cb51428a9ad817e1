// The same request as code that runs as it is copied. A key is read from the environment.

const KEY = "GROUNDWORK_API_KEY";

/**
 * @typedef {Object} Request
 * @property {string} url
 * @property {any} body
 * @property {boolean} stream Whether the answer comes as events.
 * @property {boolean} withKey Whether a key is sent.
 */

/** For a POSIX shell. */
function curl({ url, body, stream, withKey }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    `curl ${stream ? "-N " : ""}${quoted(url)}`,
    `-H 'Content-Type: application/json'`,
    ...(withKey ? [`-H "Authorization: Bearer $${KEY}"`] : []),
    `-d ${quoted(JSON.stringify(body, null, 2))}`,
  ].join(" \\\n  ");
}

/** With httpx. */
function python({ url, body, stream, withKey }) {
  const imports = [stream && "import json", withKey && "import os"].filter(Boolean);
  const call = [
    "url",
    "json=body",
    ...(withKey ? ["headers=headers"] : []),
    "timeout=60",
  ].join(", ");
  return lines(
    ...imports,
    imports.length > 0 && "",
    "import httpx",
    "",
    `url = ${JSON.stringify(url)}`,
    withKey && `headers = {"Authorization": f"Bearer {os.environ['${KEY}']}"}`,
    `body = ${pythonLiteral(body)}`,
    "",
    ...(stream
      ? [
        `with httpx.stream("POST", ${call}) as response:`,
        "    response.raise_for_status()",
        "    for line in response.iter_lines():",
        `        if line.startswith("data: "):`,
        `            event = json.loads(line.removeprefix("data: "))`,
        "            print(event)",
      ]
      : [`response = httpx.post(${call})`, "response.raise_for_status()", "print(response.json())"]),
  );
}

/** With fetch, for browsers and Node. */
function typescript({ url, body, stream, withKey }) {
  return lines(
    `const response = await fetch(${JSON.stringify(url)}, {`,
    `  method: "POST",`,
    withKey ? "  headers: {" : `  headers: { "Content-Type": "application/json" },`,
    withKey && `    "Content-Type": "application/json",`,
    withKey && `    Authorization: \`Bearer \${process.env.${KEY}}\`,`,
    withKey && "  },",
    `  body: JSON.stringify(${indented(JSON.stringify(body, null, 2), "  ")}),`,
    "});",
    "if (!response.ok || !response.body) throw new Error(await response.text());",
    ...(stream
      ? [
        "",
        "const reader = response.body.getReader();",
        "const decoder = new TextDecoder();",
        `let buffer = "";`,
        "for (;;) {",
        "  const { value, done } = await reader.read();",
        "  if (done) break;",
        "  buffer += decoder.decode(value, { stream: true });",
        String.raw`  const frames = buffer.split("\n\n");`,
        `  buffer = frames.pop() ?? "";`,
        "  for (const frame of frames) {",
        "    const event = JSON.parse(frame.slice(6)); // after \"data: \"",
        "    console.log(event);",
        "  }",
        "}",
      ]
      : ["console.log(await response.json());"]),
  );
}

/** JSON as a Python literal. */
export function pythonLiteral(value, indent = "") {
  const deeper = `${indent}    `;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value);
  const [open, close] = isList ? "[]" : "{}";
  const items = isList
    ? value.map((item) => pythonLiteral(item, deeper))
    : Object.entries(value).map(
      ([name, item]) => `${JSON.stringify(name)}: ${pythonLiteral(item, deeper)}`,
    );
  if (!items.length) return open + close;
  return `${open}\n${items.map((item) => `${deeper}${item},\n`).join("")}${indent}${close}`;
}

function indented(text, indent) {
  return text.replaceAll("\n", `\n${indent}`);
}

function lines(...parts) {
  return `${parts.filter((part) => part !== false).join("\n")}\n`;
}

export const SNIPPETS = [
  { name: "curl", write: curl },
  { name: "Python", write: python },
  { name: "TypeScript", write: typescript },
];
