"""The sentences of passages: what is one, where it stands, and that none is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge import splitting
from app.knowledge.sources import Heading, Source
from app.knowledge.splitting import LONGEST_SENTENCE as LONGEST
from app.knowledge.splitting import split


def texts(text: str, language: str | None = "en") -> list[str]:
    return [
        each.text
        for passage in split(Source("a", "", text, language=language))
        for each in passage.sentences
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "One lamp. It burns e.g. at night! Why?",
            ["One lamp.", "It burns e.g. at night!", "Why?"],
        ),
        ("- One. Two.\n- three\n  - four", ["- One.", "Two.", "- three", "- four"]),
        ("1. Open it.\n2. Close it.", ["1. Open it.", "2. Close it."]),
        ("Lamp 1. New | 12 h\nLamp 2. Old | 6 h", ["Lamp 1. New | 12 h", "Lamp 2. Old | 6 h"]),
        ("Street 5\nCity\n\nOpen", ["Street 5", "City", "Open"]),
        ("灯亮。不亮？好", ["灯亮。", "不亮？", "好"]),
        ("", []),
        (" \n\t\n ", []),
    ],
)
def test_a_sentence_an_item_and_a_row_are_one_each(text: str, expected: list[str]) -> None:
    assert texts(text, "zh" if "灯" in text else "en") == expected


WRAPPED = """\
The lamp shines for twelve hours and is charged within three hours, if
it is charged with the cable that came with it. Other cables may take
longer."""


def test_a_sentence_goes_on_over_lines_that_are_full() -> None:
    first, second = texts(WRAPPED)
    assert first.endswith("cable that came with it.")
    assert second == "Other cables may take\nlonger."


@pytest.mark.parametrize("mark", ["- ", "* ", "\u2022 ", "12. ", "b) ", "(c) ", "> ", "| "])
def test_an_item_is_one_even_below_a_full_line(mark: str) -> None:
    lines = [mark + line for line in WRAPPED.split("\n")[:2]]
    assert texts("\n".join(lines))[0] == lines[0]


def test_a_full_row_does_not_go_on() -> None:
    rows = [
        f"Lumo {number} | shines for twelve hours | charged in three | 49 EUR" for number in "ab"
    ]
    assert texts("\n".join(rows)) == rows


def test_headings_are_left_out() -> None:
    text = "Lamp\n\nCare\n\nWipe it.\n\nEnd\n\nLast"
    headings = (Heading(0, 1, "Lamp"), Heading(6, 2, "Care"), Heading(22, 2, "End"))
    passages = split(Source("a", "", text, headings=headings))
    found = [each for passage in passages for each in passage.sentences]
    assert [(each.start, each.end, each.text) for each in found] == [
        (12, 20, "Wipe it."),
        (27, 31, "Last"),
    ]
    assert [each.heading for each in found] == [("Lamp", "Care"), ("Lamp", "End")]


def test_a_sentence_without_end_is_cut_between_words() -> None:
    found = texts("word " * 1_000)
    assert {len(text) for text in found[:-1]} == {LONGEST - 1}
    assert set(" ".join(found).split()) == {"word"}
    assert [len(text) for text in texts("x" * 1_000)] == [600, 400]


TEXTS = st.text(st.sampled_from("abé. ?!\u201c\"'。你\n\t|-\ud800"), max_size=400) | st.text(
    max_size=900
)


@given(TEXTS, st.sampled_from([None, "de", "zh", "xx", "EN-gb"]), st.integers(1, 40))
def test_nothing_is_lost_nothing_is_twice(text: str, language: str | None, times: int) -> None:
    source = Source("a", "", (text * times)[:5_000], language=language)
    passages = split(source)
    found = [each for passage in passages for each in passage.sentences]
    assert "".join("".join(each.text.split()) for each in found) == "".join(source.text.split())
    for each in found:
        assert each.text == source.text[each.start : each.end] == each.text.strip()
        assert len(each.text) <= LONGEST
    for passage in passages:
        for each in passage.sentences:
            assert passage.start <= each.start < each.end <= passage.end


def test_the_last_word_is_found_in_linear_time() -> None:
    """No clock: it takes milliseconds, or an hour where each of a word's letters may begin one."""
    text = "a" * 500_000 + " "
    assert splitting._LAST_WORD.sub("", f"{text}b", 1) == text  # pyright: ignore[reportPrivateUsage]
