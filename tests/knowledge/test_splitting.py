import re
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.sources import Heading, Source
from app.knowledge.splitting import LONGEST, split


@dataclass(frozen=True)
class _Part:
    text: str
    level: int = 0


def _source(*parts: _Part, language: str | None = "en") -> Source:
    headings: list[Heading] = []
    at = 0
    for part in parts:
        if part.level:
            headings.append(Heading(at, part.level, part.text))
        at += len(part.text) + 2
    text = "\n\n".join(part.text for part in parts)
    return Source("a", "", text, language=language, headings=tuple(headings))


def _path_at(source: Source, end: int) -> tuple[str, ...]:
    """The headings above a place, by the plainest way to find them."""
    path: list[Heading] = []
    for heading in source.headings:
        if heading.start < end:
            path = [*(above for above in path if above.level < heading.level), heading]
    return tuple(heading.text for heading in path)


def _repeated(text: str, times: int) -> str:
    return text * times


_WORDS = st.text(st.sampled_from("abcé. ?!“\"'。你\n\t"), max_size=60)
_PARAGRAPHS = st.one_of(
    _WORDS,
    st.builds(_repeated, _WORDS, st.integers(1, 60)),
    st.text(st.characters(exclude_categories=()), max_size=1200),
)
_HEADINGS = st.text(st.sampled_from("ABC d"), min_size=1, max_size=40).filter(str.strip)
_PARTS = st.one_of(
    st.builds(_Part, _PARAGRAPHS.filter(str.strip).map(str.strip)),
    st.builds(_Part, _HEADINGS.map(str.strip), st.integers(1, 6)),
)
_SOURCES = st.lists(_PARTS, max_size=12).map(lambda parts: _source(*parts))


@given(_SOURCES)
def test_passages_are_in_order_within_the_text_and_do_not_overlap(source: Source) -> None:
    passages = split(source)
    assert all(0 <= each.start < each.end <= len(source.text) for each in passages)
    assert all(before.end <= after.start for before, after in pairwise(passages))
    assert all(each.source is source for each in passages)


@given(_SOURCES)
def test_everything_is_in_a_passage(source: Source) -> None:
    inside = "".join(passage.text for passage in split(source))
    assert "".join(inside.split()) == "".join(source.text.split())


@given(_SOURCES)
def test_no_passage_is_longer_or_has_spaces_around_it(source: Source) -> None:
    for passage in split(source):
        assert len(passage.text) <= LONGEST
        assert passage.text == passage.text.strip()


@given(_SOURCES)
def test_a_passage_stands_under_its_headings(source: Source) -> None:
    for passage in split(source):
        assert passage.heading == _path_at(source, passage.end)


@given(_SOURCES)
def test_no_passage_ends_in_a_heading_that_has_words_below(source: Source) -> None:
    ends = {passage.end for passage in split(source)}
    bounds = [*(heading.start for heading in source.headings[1:]), len(source.text)]
    for heading, end in zip(source.headings, bounds, strict=False):
        last = heading.start + len(heading.text)
        if source.text[last:end].strip():
            assert last not in ends


def _texts(source: Source) -> list[str]:
    return [passage.text for passage in split(source)]


SENTENCE = "The lamp shines for twelve hours and is charged in three. "


def test_paragraphs_that_fit_together_are_together() -> None:
    paragraphs = [_Part(f"{number} {SENTENCE * 7}".strip()) for number in range(5)]
    assert [text.count("\n\n") + 1 for text in _texts(_source(*paragraphs))] == [2, 2, 1]


def test_a_paragraph_is_cut_between_sentences() -> None:
    texts = _texts(_source(_Part((SENTENCE * 40).strip())))
    assert len(texts) == 3
    assert all(text.startswith("The lamp") and text.endswith("three.") for text in texts)


@pytest.mark.parametrize("words", range(20, 170, 9))
def test_a_long_paragraph_is_cut_between_sentences_of_any_length(words: int) -> None:
    sentence = f"A{' lamp' * words}. "
    assert all(text.endswith("p.") for text in _texts(_source(_Part((sentence * 60).strip()))))


def test_a_list_or_table_is_cut_between_lines() -> None:
    rows = "\n".join(f"Lamp {number}. New | {number} hours" for number in range(100))
    texts = _texts(_source(_Part(rows)))
    assert "\n".join(texts) == rows
    assert all(text.startswith("Lamp") for text in texts)


def test_a_sentence_is_cut_between_words() -> None:
    texts = _texts(_source(_Part("word " * 399 + "word")))
    assert len(texts) == 3
    assert set(re.findall(r"\w+", " ".join(texts))) == {"word"}


def test_words_fill_a_sentence() -> None:
    assert [len(text) for text in _texts(_source(_Part("seven77 " * 225)))] == [599, 599, 599]


def test_a_word_without_end_is_cut() -> None:
    assert [len(text) for text in _texts(_source(_Part("x" * 2000)))] == [600, 600, 800]


def test_sections_are_not_put_together() -> None:
    source = _source(_Part("Lamp", 1), _Part("A", 2), _Part("One."), _Part("B", 2), _Part("Two."))
    assert [(each.text, each.heading) for each in split(source)] == [
        ("Lamp\n\nA\n\nOne.", ("Lamp", "A")),
        ("B\n\nTwo.", ("Lamp", "B")),
    ]


def test_a_heading_without_words_is_kept() -> None:
    source = _source(_Part("A", 2), _Part("B", 2), _Part("Words."), _Part("C", 1))
    assert _texts(source) == ["A", "B\n\nWords.", "C"]


def test_a_long_paragraph_begins_under_its_heading() -> None:
    source = _source(
        _Part("The battery of the lamp, and its care", 1),
        _Part((SENTENCE * 15).strip()),
        _Part("End."),
    )
    first, second = split(source)
    assert first.text.startswith("The battery of the lamp, and its care\n\nThe lamp")
    assert second.text.endswith("End.")


@pytest.mark.parametrize("size", range(895, 900))
def test_a_paragraph_that_just_fits_stands_under_its_heading(size: int) -> None:
    first, *_ = split(_source(_Part("A", 1), _Part("b" * size)))
    assert first.text.startswith("A\n\nb")


@pytest.mark.parametrize(
    "unit",
    ["x", '"', "你好。", "a ", "“a. ", "a\n\n", "\n", " ", "a\n \t"],
)
def test_hostile_texts_end(unit: str) -> None:
    passages = split(_source(_Part(unit * (200_000 // len(unit)) + "x")))
    assert all(len(passage.text) <= LONGEST for passage in passages)
