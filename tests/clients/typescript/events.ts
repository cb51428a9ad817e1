/** Server-sent events of a response's body as they come; each is JSON on one line of data. */
export async function* events<Event>(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Event> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body ?? []) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) {
        yield JSON.parse(line.slice("data: ".length)) as Event;
      }
    }
  }
}
