// The first line of a CSV file, read as the service reads it.

const SEPARATORS = [",", ";", "\t"];
const ENOUGH = 65_536; // bytes for a header

/**
 * The names in a file's first line.
 *
 * @param {Blob} file
 * @returns {Promise<string[]>}
 */
export async function columnsOf(file) {
  const text = decoded(new Uint8Array(await file.slice(0, ENOUGH).arrayBuffer()));
  const [line] = text.split(/\r|\n/, 1);
  const count = (separator) => line.split(separator).length;
  const separator = SEPARATORS.reduce((most, each) => (count(each) > count(most) ? each : most));
  return text ? firstRow(text, separator) : [];
}

function decoded(bytes) {
  const mark = bytes[0] * 256 + bytes[1];
  if (mark === 0xfffe) return new TextDecoder("utf-16le").decode(bytes);
  if (mark === 0xfeff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

function firstRow(text, separator) {
  const cells = [];
  let cell = "";
  let quoted = false;
  for (let place = 0; place < text.length; place += 1) {
    const letter = text[place];
    if (quoted && letter === '"' && text[place + 1] === '"') {
      cell += letter;
      place += 1;
    } else if (letter === '"' && (quoted || cell === "")) {
      quoted = !quoted;
    } else if (!quoted && letter === separator) {
      cells.push(cell);
      cell = "";
    } else if (!quoted && (letter === "\n" || letter === "\r")) {
      break;
    } else {
      cell += letter;
    }
  }
  return [...cells, cell];
}
