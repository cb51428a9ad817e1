"""Search: what is found, in which order, whatever is asked."""

import gc
import weakref
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.index import Found, Index
from app.knowledge.sources import Passage, Source
from app.knowledge.words import words

TEXTS = {
    "lamp/warranty": ("Warranty of the Lumo S2", "en", "It lasts two years from the delivery."),
    "lamp/errors": ("Errors of the Lumo S2", "en", "E7: the lamp is too hot. E-12: no Wi-Fi."),
    "lamp/wifi": ("Connect the Lumo S2", "en", "It needs a network at 2.4 GHz. Batteries do not."),
    "coffee/warranty": ("Warranty of the Brewly One", "en", "It lasts 1,200 days or three years."),
    "coffee/pflege": ("Pflege der Brewly One", "de", "Die Brühgruppe wird wöchentlich gespült."),
    "note/batterie": ("Autonomie de l'Inkwell Pro", "fr", "La tablette tient trois semaines."),
    "note/電池": ("Inkwell Proの電池", "ja", "電池の寿命は三週間です。"),
}


def passage(source: str, title: str, language: str | None, text: str) -> Passage:
    return Passage(Source(source, title, text, language=language), 0, len(text))


def rank(query: str, passages: list[Passage], limit: int, also: str = "") -> list[Found]:
    return Index(passages).search(query, limit, also=also)


PASSAGES = [passage(source, *rest) for source, rest in TEXTS.items()]
INDEX = Index(PASSAGES)


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("How long is the warranty of my Lumo?", "lamp/warranty"),
        ("warranties brewly", "coffee/warranty"),
        ("What does e7 mean?", "lamp/errors"),
        ("error E12", "lamp/errors"),
        ("E-12", "lamp/errors"),
        ("wifi error", "lamp/errors"),
        ("2,4GHz", "lamp/wifi"),
        ("battery", "lamp/wifi"),
        ("1200 days", "coffee/warranty"),
        ("Brühgruppe spülen", "coffee/pflege"),
        ("BRUHGRUPPE", "coffee/pflege"),
        ("combien de semaine", "note/batterie"),
        ("寿命", "note/電池"),
        ("brewly waranty", "coffee/warranty"),  # misspelt
        ("brewly warrnaty", "coffee/warranty"),
        ("brewly warrranty", "coffee/warranty"),
        ("１２００", "coffee/warranty"),  # full-width digits
    ],
)
def test_finds(query: str, source: str) -> None:
    assert INDEX.search(query)[0].passage.source.id == source


def test_a_name_matches_in_every_language() -> None:
    ids = {found.passage.source.id for found in INDEX.search("¿Qué es Brewly?")}
    assert ids == {"coffee/warranty", "coffee/pflege"}


def test_a_name_counts_no_more_in_the_language_of_few() -> None:
    texts = [f"The Brewly has {number} parts." for number in range(8)]
    english = [passage(text, "", "en", text) for text in [*texts, "The Brewly boils water."]]
    german = passage("de", "", "de", "Die Brewly.")
    assert rank("water of the Brewly", [german, *english], 1)[0].passage == english[-1]
    scores = {found.passage: found.score for found in rank("Brewly", [german, *english], 10)}
    assert scores[german] < 1.5 * scores[english[0]]


def test_a_word_whose_forms_are_in_every_passage_still_counts() -> None:
    german = [passage(str(number), "", "de", "warranty warranti") for number in range(4)]
    others = [passage("en", "", "en", "A lamp.")]
    assert [found.passage for found in rank("warranty", [*others, *german], 5)] == german


def test_earlier_words_help_and_count_less() -> None:
    assert rank("And the warranty?", PASSAGES, 1, also="What is Brewly?") == INDEX.search(
        "And the warranty?", 1, also="What is Brewly?"
    )
    assert INDEX.search("warranty", also="brewly")[0].passage.source.id == "coffee/warranty"
    assert INDEX.search("warranty", also="lumo")[0].passage.source.id == "lamp/warranty"
    assert INDEX.search("errors", also="warranty")[0].passage.source.id == "lamp/errors"
    asked = INDEX.search("brewly", 1)[0].score
    assert INDEX.search("zzz", 1, also="brewly")[0].score == pytest.approx(asked / 2)
    assert INDEX.search("brewly", 1, also="brewly")[0].score == asked


def test_a_slip_counts_less_and_only_where_the_word_is_unknown() -> None:
    right, slip = INDEX.search("warranty", 1)[0], INDEX.search("waranty", 1)[0]
    assert slip.score == pytest.approx(right.score / 2)
    both = [passage("form", "", "en", "A form."), passage("warm", "", "en", "Warm worm.")]
    assert [found.passage.source.id for found in rank("worm", both, 2)] == ["warm"]


def test_function_words_count_little() -> None:
    texts = ["What is it that they do with this and that?", "A lamp.", "It is."]
    passages = [passage(str(number), "", "en", text) for number, text in enumerate(texts)]
    assert [found.passage for found in rank("What is it that a lamp does?", passages, 3)] == [
        passages[1],
        passages[0],
        passages[2],
    ]


def test_words_of_headings_and_titles_are_found() -> None:
    source = Source("a", "Inkwell Pro", "Two.\n\nThree.")
    parts = [Passage(source, 0, 4, ("Limits", "Weight")), Passage(source, 6, 12, ("Limits",))]
    assert [found.passage for found in rank("weight", parts, 5)] == parts[:1]
    assert [found.passage for found in rank("Inkwell limit", parts, 5)] == parts[::-1]


def test_equals_stand_in_the_order_given() -> None:
    same = [passage(str(number), "Lumo", "en", "The lamp.") for number in range(50)]
    found = [each.passage for each in rank("lamp", same, 8)]
    assert found == same[:8]


def test_counts() -> None:
    assert (INDEX.documents, INDEX.passages) == (7, 7)
    source = Source("a", "", "One. Two.")
    assert Index([Passage(source, 0, 4), Passage(source, 5, 9)]).documents == 1


@pytest.mark.parametrize(
    "passages", [[], [passage("a", "", None, "")], [passage("a", "", None, "…")]]
)
def test_without_words_nothing_is_found(passages: list[Passage]) -> None:
    assert rank("warranty", passages, 5, also="warranty") == []


QUERIES = st.text(max_size=1_000) | st.lists(
    st.sampled_from(
        ["warranty", "AND", "OR", "NOT", '"', "'", "*", "(", ")", ":", "^", "~", "-", "\0"]
    )
).map(" ".join)


@given(QUERIES, QUERIES, st.integers(0, 10))
def test_any_query_is_answered(query: str, also: str, limit: int) -> None:
    found = INDEX.search(query, limit, also=also)
    assert len(found) <= limit
    assert all(each.score > 0 for each in found)
    assert found == sorted(found, key=lambda each: -each.score)
    assert found == INDEX.search(query, 10, also=also)[:limit]
    assert found == rank(query, PASSAGES, limit, also=also)


@given(st.lists(st.text(max_size=40), max_size=6), st.sampled_from([None, "de", "th", "xx"]))
def test_a_passage_is_found_by_its_own_words(texts: list[str], language: str | None) -> None:
    passages = [passage(str(number), "", language, text) for number, text in enumerate(texts)]
    for each in passages:
        found = [one.passage for one in rank(each.text, passages, len(passages))]
        assert (each in found) == bool(words(each.text, language))


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The batteries' capacity", "en", "the batteri capac"),
        ("2,4 GHz or 2.4GHz", "en", "2.4 ghz or 2.4 ghz"),
        ("1,200 1.200 12,50 1,200.50", "en", "1200 1200 12.50 1200.50"),
        ("Wi-Fi E-7 E7 USB-C", "en", "wi fi wifi e7 e7 usb usbc"),
        ("Die Äpfel der Straße", "de", "die apfel der strass"),
        ("années économie", "fr", "anne econom"),
        ("Ėjimas ėjimas", "xx", "ejimas ejimas"),
        ("電池の寿命 iphone用", "ja", "電池 池の の寿 寿命 iphone 用"),
        ("배터리", "ko", "배터 터리"),
        ("हिन्दी", "hi", "हिन्द"),
        ("Båtene", "nb", "bat"),
        ("a\u0301 \u0301 … -", "en", "a \u0301"),
    ],
)
def test_words(text: str, language: str, expected: str) -> None:
    assert words(text, language) == expected.split()


def test_a_text_of_no_known_language_is_taken_for_english() -> None:
    assert words("batteries", None) == words("batteries", "en") != words("batteries", "xx")


@given(st.text())
def test_a_text_has_as_many_words_in_each_language(text: str) -> None:
    assert len({len(words(text, language)) for language in (None, "de", "fr", "th", "xx")}) == 1


@given(st.text())
def test_case_and_width_do_not_matter(text: str) -> None:
    assert words(text.casefold()) == words(text)


def test_long_texts_take_linear_time() -> None:
    for unit in ("a", "1", "a-", "漢", "1,", "\u0301"):
        words(unit * 200_000)  # quadratic, this would take an hour


def test_it_is_searched_by_many_threads_while_another_is_built() -> None:
    expected = INDEX.search("warranty of the Lumo")
    results: list[bool] = []

    def work() -> None:
        results.extend(INDEX.search("warranty of the Lumo") == expected for _ in range(50))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        Index(PASSAGES)
    for thread in threads:
        thread.join()
    assert results == [True] * 200


def test_it_leaves_nothing_behind() -> None:
    index = Index(PASSAGES)
    gone = weakref.ref(index)
    del index
    gc.collect()
    assert gone() is None
