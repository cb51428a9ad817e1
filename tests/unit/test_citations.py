"""A citation is the document's own words: found where the model quotes, and where it does not."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.answers.grounding.citations import Citation, align, locate
from app.knowledge.sources import Passage, Source
from app.sentences import spans

_TEXT = (
    "Notes for staff. The warranty of the “Lumo” lamp lasts three\u00a0years — from the date of "
    "purchase.\n\nIt doesn’t cover bulbs. A café\tlamp costs 49 euros.\nDelivery: 3 to 5 days. "
    "保証期間は三年です。電池は対象外です。"
)
_SOURCE = Source("lamp", "Lumo lamp", _TEXT)
_PASSAGE = Passage(_SOURCE, _TEXT.index("The warranty"), len(_TEXT))

_SPACE = st.text(st.sampled_from(" \t\n\r\u00a0\u2003\u3000"), min_size=1, max_size=4)
_WORDS = st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=3)


def _passage(text: str, title: str = "") -> Passage:
    return Passage(Source("any", title, text), 0, len(text))


def _quote(wanted: str) -> str | None:
    place = locate(wanted, _PASSAGE)
    return None if place is None else _TEXT[slice(*place)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("the warranty of the Lumo", None),  # there are quotation marks
        ('The warranty of the "Lumo" lamp', "The warranty of the “Lumo” lamp"),
        ('the warranty of the "Lumo" lamp', "The warranty of the “Lumo” lamp"),
        ("THE WARRANTY OF THE", None),
        ("three years - from the date", "three\u00a0years — from the date"),
        ("“lasts three  years …”", "lasts three\u00a0years"),
        ("It doesn't cover bulbs.", "It doesn’t cover bulbs."),
        ("It doesn't cover bulbs", "It doesn’t cover bulbs"),
        (unicodedata.normalize("NFD", "A café lamp costs"), "A café\tlamp costs"),
        ("A cafe lamp costs", None),
        ("49 euros", "49 euros"),
        ("9 euros", None),
        ("49 euro", None),
        ("purchase. It doesn't cover", "purchase.\n\nIt doesn’t cover"),
        ("電池は対象外", "電池は対象外"),
        ("the date", None),
        ("of", None),
        ("", None),
        ("…", None),
        ("Notes for staff", None),  # it stands before the passage
        ("lasts four years", None),
    ],
)
def test_a_quote_is_found_word_for_word(wanted: str, found: str | None) -> None:
    assert _quote(wanted) == found


def test_a_letter_in_parts_is_found_as_one_and_the_other_way_round() -> None:
    decomposed = unicodedata.normalize("NFD", "Le café est très chaud.")
    place = locate("café est très chaud", _passage(decomposed))
    assert place
    assert decomposed[slice(*place)] == unicodedata.normalize("NFD", "café est très chaud")


@given(_WORDS, st.data())
def test_a_quote_is_found_whatever_became_of_its_white_space(
    words: list[str], data: st.DataObject
) -> None:
    text = "".join(word + data.draw(_SPACE) for word in words)
    first = data.draw(st.integers(0, len(words) - 3))
    last = data.draw(st.integers(first + 3, len(words)))
    mangled = "".join(word + data.draw(_SPACE) for word in words[first:last])
    passage = _passage(text)
    place = locate(mangled, passage)
    assert place
    quote = passage.source.text[slice(*place)]
    assert " ".join(quote.split()) == " ".join(mangled.split())


@given(st.text(max_size=200), st.text(max_size=60), st.integers(0, 50), st.integers(0, 200))
def test_what_is_found_lies_in_the_passage(text: str, wanted: str, start: int, end: int) -> None:
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    place = locate(wanted, Passage(Source("any", "", text), start, end))
    assert place is None or start <= place[0] < place[1] <= end


def _aligned(answer: str, *passages: Passage, question: str = "") -> list[str]:
    return [citation.quote for citation in align(answer, passages, question=question)]


_PLANS = _passage(
    "The Free plan includes three projects. The Team plan includes fifty projects and costs 29 "
    "dollars per month.\nSupport answers within two days.",
    "Plans of Taskwell",
)
_BILLS = _passage("Invoices are sent to the account owner. We bill every month.", "Billing")


def test_each_claim_is_aligned_with_the_sentence_that_says_it() -> None:
    answer = "The Team plan costs $29 a month. Invoices go to the owner of the account. Bye!"
    assert _aligned(answer, _PLANS, _BILLS) == [
        "The Team plan includes fifty projects and costs 29 dollars per month.",
        "Invoices are sent to the account owner.",
    ]


def test_a_claim_from_two_places_is_aligned_with_both() -> None:
    answer = "With the Free plan you have 3 projects, and support answers within 2 days."
    assert _aligned(answer, _BILLS, _PLANS) == [
        "The Free plan includes three projects.",
        "Support answers within two days.",
    ]


def test_the_same_sentence_is_cited_once() -> None:
    answer = "The Free plan has three projects. So three projects are free."
    assert _aligned(answer, _PLANS) == ["The Free plan includes three projects."]


def test_what_no_sentence_supports_gets_no_citation() -> None:
    assert not _aligned("The moon is made of cheese.", _PLANS, _BILLS)
    weak = "The village Team won a great football match against much stronger opponents."
    assert not _aligned(weak, _PLANS, _BILLS)
    assert not _aligned("I don't know. Can I help you otherwise?", _PLANS)
    assert not _aligned("The Free plan includes three projects.")


def test_the_question_tells_what_yes_and_it_mean() -> None:
    lamps = _passage("The Pro is waterproof.\nThe Mini is waterproof, too.", "Lamps")
    for answer in ("Yes.", "Yes, it is waterproof."):
        quotes = _aligned(answer, lamps, question="Is the Mini waterproof?")
        assert quotes == ["The Mini is waterproof, too."]


@given(st.text(st.characters(codec="utf-8") | st.sampled_from(".?! “\n。"), max_size=3_000))
def test_sentences_hold_all_of_a_text_but_white_space(text: str) -> None:
    found = spans(text, "en")
    assert "".join("".join(text[start:end].split()) for start, end in found) == "".join(
        text.split()
    )
    assert all(first[1] <= second[0] for first, second in pairwise(found))


def test_a_sentence_longer_than_a_window_of_others_is_whole() -> None:
    short, long = "It is small. ", "It is " + "very " * 180 + "small. "
    text = short * 30 + long + short
    assert [text[start:end] for start, end in spans(text, "en")][30] == long.strip()


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3), st.integers(0, 20))
def test_citations_lie_in_the_passages(answer: str, texts: list[str], cut: int) -> None:
    passages = [Passage(Source("any", "", text), min(cut, len(text)), len(text)) for text in texts]
    found = align(answer, passages)
    assert len(set(found)) == len(found)
    for citation in found:
        assert isinstance(citation, Citation)
        assert citation.passage in passages
        assert citation.passage.start <= citation.start < citation.end <= citation.passage.end
        assert citation.quote == citation.passage.source.text[citation.start : citation.end]
