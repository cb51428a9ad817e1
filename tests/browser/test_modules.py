"""Laws of the playground's modules, tried in the browser that runs them."""

import ast
import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

TEXTS = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("🔦𝕏é\n")), max_size=40)
EXACT = 2**53  # up to here JavaScript writes a number as it is
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-EXACT, EXACT)
    | st.floats(-EXACT, EXACT, allow_nan=False)
    | st.text()
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@given(text=TEXTS, data=st.data())
@settings(deadline=None, max_examples=60)
async def test_offsets_count_code_points(modules: Page, text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    between, whole, mark = await modules.evaluate(
        """async ([text, start, end]) => {
            const { between, marked } = await import("/static/playground/text.js");
            const box = document.createElement("div");
            box.append(...marked(text, [{ start, end }]));
            const mark = box.querySelector("mark");
            return [between(text, start, end), box.textContent, mark ? mark.textContent : ""];
        }""",
        [text, start, end],
    )
    assert between == mark == text[start:end]
    assert whole == text


@given(
    spans=st.lists(
        st.tuples(st.integers(-2, 12), st.integers(-2, 12)).map(
            lambda pair: {"start": pair[0], "end": pair[1], "label": "x"}
        )
    )
)
@settings(deadline=None, max_examples=40)
async def test_no_span_changes_the_text(modules: Page, spans: list[dict[str, Any]]) -> None:
    text = "🔦 A lamp 🔦"
    whole = await modules.evaluate(
        """async ([text, spans]) => {
            const { marked } = await import("/static/playground/text.js");
            const box = document.createElement("div");
            box.append(...marked(text, spans));
            box.querySelectorAll(".unseen").forEach((note) => note.remove());
            return box.textContent;
        }""",
        [text, spans],
    )
    assert whole == text


@given(
    values=st.lists(JSON_VALUES, max_size=5),
    end=ENDS,
    note=st.sampled_from(["", ": a comment\n", "event: x\n"]),
    cuts=st.lists(st.integers(0, 400), max_size=8) | st.just(list(range(400))),  # or byte by byte
)
@settings(deadline=None, max_examples=60)
async def test_events_do_not_depend_on_how_the_bytes_come(
    modules: Page, values: list[Any], end: str, note: str, cuts: list[int]
) -> None:
    frames = ["".join(f"{note}data: {line}{end}" for line in _lines(value)) for value in values]
    stream = (end.join(frames) + end + "data: null without its blank line").encode()
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    chunks = [list(stream[a:b]) for a, b in pairwise(places)]
    got = await modules.evaluate(
        """async (chunks) => {
            const { events } = await import("/static/playground/sse.js");
            const source = new ReadableStream({
                start(controller) {
                    for (const chunk of chunks) controller.enqueue(new Uint8Array(chunk));
                    controller.close();
                },
            });
            const found = [];
            for await (const event of events(source)) found.push(JSON.stringify(event));
            return found;
        }""",
        chunks,
    )
    assert [json.loads(event) for event in got] == values


def _lines(value: Any) -> list[str]:
    return json.dumps(value, indent=1, ensure_ascii=False).split("\n")


@given(value=JSON_VALUES)
@settings(deadline=None, max_examples=60)
async def test_python_literal_is_the_same_value(modules: Page, value: Any) -> None:
    literal: str = await modules.evaluate(
        """async (text) => {
            const { pythonLiteral } = await import("/static/playground/snippets.js");
            return pythonLiteral(JSON.parse(text));
        }""",
        json.dumps(value),
    )
    assert ast.literal_eval(literal) == value
