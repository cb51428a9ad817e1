"""The brackets that an answer begins with, whole and in pieces."""

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.features.answers.header import Header, Written


@pytest.mark.parametrize(
    ("written", "action", "sources", "text"),
    [
        ("[3] Yes.", "answer", (3,), "Yes."),
        ("[2][5] Until 10:30.", "answer", (2, 5), "Until 10:30."),
        ("[2] [5]\n\nUntil 10:30.", "answer", (2, 5), "Until 10:30."),
        ("[2, 5,2] Twice.", "answer", (2, 5), "Twice."),
        ("[2], [5]: Yes.", "answer", (2, 5), "Yes."),
        ("  [12]No space.  ", "answer", (12,), "No space."),
        ("[unknown] I don't know.", "unknown", (), "I don't know."),
        ("[ Clarify ] Which one?", "clarify", (), "Which one?"),
        ("[handoff][3] A colleague takes over.", "handoff", (3,), "A colleague takes over."),
        ("[3] [sic] is not read.", "answer", (3,), "[sic] is not read."),
        ("[1]–[3] are three.", "answer", (1,), "–[3] are three."),
        ("[1]] odd", "answer", (1,), "] odd"),
    ],
)
def test_brackets_say_what_the_answer_rests_on(
    written: str, action: str, sources: tuple[int, ...], text: str
) -> None:
    read = Written(written)
    assert (read.action, read.sources, read.text) == (action, sources, text)
    assert read.is_headed
    assert read == written, "an example is written as it stands in its file"


@pytest.mark.parametrize(
    "written",
    [
        f"[{'1,' * 40}1] x",
        "Yes.",
        "[the motor] is new.",
        "[3",
        "[,] x",
        "[ ] x",
        "[[3] x",
        "[answer] x",
        "[²] x",
    ],
)
def test_other_text_is_text(written: str) -> None:
    read = Written(written)
    assert (read.action, read.sources, read.text) == ("answer", (), written)
    assert not read.is_headed


@pytest.mark.parametrize("written", ["", "[3]", "[unknown] \n", " "])
def test_without_a_text_there_is_no_answer(written: str) -> None:
    with pytest.raises(ValidationError, match="no text"):
        TypeAdapter(Written).validate_python(written)


@given(
    st.lists(
        st.sampled_from(["[", "]", "3", "12", ",", " ", "\n", "unknown", "Clarify", "x", "é", ":"])
    ),
    st.integers(1, 7),
)
@settings(deadline=None)
def test_pieces_are_read_as_the_whole_is(parts: list[str], size: int) -> None:
    text = "".join(parts)
    whole, pieces = Header(), Header()
    shown = whole.feed(text) + whole.end()
    cut = [pieces.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert "".join(cut) + pieces.end() == shown
    assert shown in text
    assert (pieces.action, pieces.sources) == (whole.action, whole.sources)


def calls_to_read(length: int) -> int:
    """Python calls while a header and a text of some length come letter by letter."""
    header, calls = Header(), 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    text = "[" + "3" * length + "x" * length
    sys.setprofile(count)
    try:
        for letter in text:
            header.feed(letter)
    finally:
        sys.setprofile(None)
    return calls


def test_time_is_linear_in_the_text() -> None:
    assert calls_to_read(4_000) < 5 * calls_to_read(1_000)


def test_no_brackets_are_held_back_for_long() -> None:
    header = Header()
    shown = [header.feed(letter) for letter in "[" + "1" * 500]
    assert sum(map(len, shown)) == 501
    assert max(map(len, shown)) < 100
