"""Long texts are cut where it harms least, and lose nothing."""

from time import perf_counter

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.translations.pieces import Pieces, cut, has_words

WORDS = (
    "Hello. world Dr. z.B. これは。 本です、 「はい\uff01」 他说\uff1a“好。” ไทย नमस्ते। 👨‍👩‍👧‍👦 e\u0301 🇩🇪 "
    '… -- ?! ) " 12.5'
)
SPACES = [" ", "  ", "\n", "\r\n", "\r", "\n\n", "\t", "\u2028", "\u0085", "\u3000", "\u00a0"]
PROSE = st.lists(st.sampled_from([*WORDS.split(), *SPACES]), max_size=60).map("".join)
TEXTS = PROSE | st.text(max_size=200)
LANGUAGES = st.sampled_from(["EN", "DE", "JA", "ZH", "TH", "PT-BR", "UNKNOWN"])


def texts_of(pieces: Pieces) -> list[str]:
    return [piece.text for piece in pieces.pieces]


def sentences(text: str, most: int = 40, language: str = "EN") -> list[str]:
    return texts_of(cut(text, language=language, most=most, keep_lines=False))


def lines(text: str, most: int = 40) -> list[str]:
    return texts_of(cut(text, language="EN", most=most, keep_lines=True))


@given(TEXTS, LANGUAGES, st.integers(1, 60), st.booleans())
@settings(max_examples=400, deadline=None)
def test_no_character_is_lost_and_no_piece_is_too_long(
    text: str, language: str, most: int, keep_lines: bool
) -> None:
    pieces = cut(text, language=language, most=most, keep_lines=keep_lines)
    assert pieces.join(texts_of(pieces)) == text
    for piece in pieces.pieces:
        assert piece.text == piece.text.strip()
        assert 0 < len(piece.text) <= most
        assert not piece.before.strip()


@given(TEXTS, st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_a_line_break_always_ends_a_piece_when_lines_are_kept(text: str, most: int) -> None:
    assert all(len(piece.splitlines()) == 1 for piece in lines(text, most))


@given(TEXTS)
def test_what_is_short_enough_is_one_piece(text: str) -> None:
    assert sentences(text, most=1000) == ([text.strip()] if text.strip() else [])


@given(PROSE, st.integers(30, 60))
@settings(deadline=None)
def test_a_grapheme_cluster_is_not_cut(text: str, most: int) -> None:
    joined = text.replace(" ", "")
    starts = {match.start() for match in regex.finditer(r"\X", joined)}
    at = 0
    for piece in cut(joined, language="EN", most=most, keep_lines=False).pieces:
        at += len(piece.before)
        assert at in starts
        at += len(piece.text)


def test_sentences_of_a_line_are_put_together_as_long_as_there_is_room() -> None:
    text = "One is here. Two is here. Three is here. Dr. Four is here."
    assert lines(text) == ["One is here. Two is here. Three is here.", "Dr. Four is here."]


def test_an_abbreviation_ends_no_sentence() -> None:
    text = "Please ask Dr. Smith about it. He knows."
    assert sentences(text, most=35) == ["Please ask Dr. Smith about it.", "He knows."]


def test_paragraphs_come_before_lines_and_lines_before_sentences() -> None:
    text = "First. Part.\nof it\n \nSecond. Part.\n\n\nThird line. It is longer\nthan that."
    assert sentences(text, most=45) == [
        "First. Part.\nof it\n \nSecond. Part.",
        "Third line. It is longer\nthan that.",
    ]
    assert sentences(text, most=28) == [
        "First. Part.\nof it",
        "Second. Part.",
        "Third line. It is longer",
        "than that.",
    ]


def test_white_space_is_kept_beside_the_pieces() -> None:
    pieces = cut(" \n One.  \r\n\r\nTwo.\t", language="EN", most=9, keep_lines=True)
    assert [(piece.before, piece.text) for piece in pieces.pieces] == [
        (" \n ", "One."),
        ("  \r\n\r\n", "Two."),
    ]
    assert pieces.after == "\t"
    assert pieces.join(["Eins.", "Zwei."]) == " \n Eins.  \r\n\r\nZwei.\t"


@pytest.mark.parametrize(
    ("sentence", "pieces"),
    [
        ("the first, the second; the third", ["the first,", "the second;", "the third"]),
        ("a price of 1,234,567.89 at 10:30", ["a price of", "1,234,567.89", "at 10:30"]),
        ("one two three four", ["one two", "three four"]),
        ("abcdefghijklmnopqrstuvwxyz", ["abcdefghijkl", "mnopqrstuvwx", "yz"]),
        ("很长的一句话\uff0c没有句号、也没有空格", ["很长的一句话\uff0c没有句号、", "也没有空格"]),
    ],
)
def test_a_sentence_that_is_too_long_is_cut_at_clauses_then_words_then_anywhere(
    sentence: str, pieces: list[str]
) -> None:
    assert sentences(sentence, most=12) == pieces


def test_japanese_sentences_are_cut_without_spaces() -> None:
    pieces = cut("これはペンです。あれは本です。", language="JA", most=10, keep_lines=True)
    assert texts_of(pieces) == ["これはペンです。", "あれは本です。"]
    assert pieces.join(["This is a pen.", "That is a book."]) == "This is a pen.That is a book."
    spaced = pieces.join(["This is a pen.", "That is a book."], spaced=True)
    assert spaced == "This is a pen. That is a book."


def test_no_space_is_put_into_a_word_or_beside_white_space() -> None:
    text = "/path/of/one/file\nこれは。 本です。"
    pieces = cut(text, language="EN", most=9, keep_lines=True)
    assert len(pieces.pieces) > 2
    assert pieces.join(texts_of(pieces), spaced=True) == text


def test_translations_are_as_many_as_pieces() -> None:
    pieces = cut("One.\nTwo.", language="EN", most=9, keep_lines=True)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        pieces.join(["Eins."])


def test_a_lone_surrogate_is_kept() -> None:
    text = "One \ud800 is here. Two is here. Three is here."
    pieces = cut(text, language="EN", most=15, keep_lines=True)
    assert pieces.join(texts_of(pieces)) == text


def test_a_sentence_longer_than_a_window_is_cut_at_its_words() -> None:
    text = f"{'word ' * 500}ends here. Next."
    pieces = sentences(text, most=2_600)
    assert pieces == [text]
    assert sentences(text, most=2_515) == [text.removesuffix(" Next."), "Next."]
    assert all(word == "word" for word in " ".join(sentences(text, most=99)[:20]).split())


@pytest.mark.parametrize(
    ("text", "words"),
    [("---", False), ("12.5 %", False), ("😀", False), ("", False), ("7 kg", True), ("本", True)],
)
def test_a_letter_makes_words(text: str, words: bool) -> None:
    assert has_words(text) is words


@pytest.mark.parametrize(
    "unit",
    [
        "これはペンです。",
        '"a. ',
        "a",
        "🇩",
        "a\u0301\u0301",
        "\r\n",
        "— ",
        "他说\uff1a“好。”",
        " ",
        "Dr. ",
    ],
)
def test_a_megabyte_takes_seconds(unit: str) -> None:
    text = (unit * 1_000_000)[:1_000_000]
    begun = perf_counter()
    pieces = cut(text, language="EN", most=500, keep_lines=False)
    assert perf_counter() - begun < 10  # quadratic time takes minutes
    assert pieces.join(texts_of(pieces)) == text
