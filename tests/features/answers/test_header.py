"""The brackets that an answer begins with, whole and in pieces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.features.answers.task import Written


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
    )
)
@settings(deadline=None)
def test_what_was_read_when_the_text_began_stays(parts: list[str]) -> None:
    whole = Written("".join(parts))
    for end in range(len(parts)):
        begun = Written("".join(parts[:end]))
        if not begun.is_open:
            assert (begun.action, begun.sources) == (whole.action, whole.sources)
            assert whole.rest.startswith(begun.rest)


@pytest.mark.parametrize("part", ["", " ", "[", "[3", "[3]", "[3] [", "[3], ", "[unkn"])
def test_brackets_that_may_still_be_closed_are_open(part: str) -> None:
    assert Written(part).is_open
    assert not Written(f"{part}\N{EM DASH}").is_open


def test_no_brackets_are_open_for_long() -> None:
    assert not Written("[" + "1" * 63).is_open


@pytest.mark.parametrize("unit", ["[", "[1", "[1]", "[1, ", "1", " ", "[unknown] ", "]"])
def test_hostile_texts_end(unit: str) -> None:
    Written(unit * 200_000)  # quadratic, this would take hours
