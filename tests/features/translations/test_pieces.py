"""Long texts are cut where it harms least, and lose nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.translations.sheets import has_words
from app.features.translations.texts import cut
from app.features.translations.translator import in_the_shape_of

WORDS = (
    "Hello. world Dr. z.B. これは。 本です、 「はい\uff01」 他说\uff1a“好。” ไทย नमस्ते। 👨‍👩‍👧‍👦 e\u0301 🇩🇪 "
    '… -- ?! ) " 12.5'
)
SPACES = [" ", "  ", "\n", "\r\n", "\r", "\n\n", "\t", "\u2028", "\u0085", "\u3000", "\u00a0"]
PROSE = st.lists(st.sampled_from([*WORDS.split(), *SPACES]), max_size=60).map("".join)
TEXTS = PROSE | st.text(max_size=200)
LANGUAGES = st.sampled_from(["EN", "DE", "JA", "ZH", "TH", "PT-BR", "UNKNOWN"])


def pieces(text: str, most: int = 40, language: str = "EN") -> list[str]:
    return [part for part in cut(text, language=language, most=most) if part.strip()]


@given(TEXTS, LANGUAGES, st.integers(30, 60))
@settings(max_examples=100, deadline=None)
def test_no_character_is_lost_and_no_piece_is_too_long(text: str, language: str, most: int) -> None:
    parts = cut(text, language=language, most=most)
    assert "".join(parts) == text
    for part in parts:
        assert part
        assert part.isspace() or (part == part.strip() and len(part) <= most)


@given(TEXTS)
def test_what_is_short_enough_is_one_piece(text: str) -> None:
    assert pieces(text, most=1000) == ([text.strip()] if text.strip() else [])


def test_sentences_are_put_together_as_long_as_there_is_room() -> None:
    text = "One is here. Two is here. Three is here. Dr. Four is here."
    assert pieces(text) == ["One is here. Two is here. Three is here.", "Dr. Four is here."]


def test_an_abbreviation_ends_no_sentence() -> None:
    text = "Please ask Dr. Smith about it. He knows."
    assert pieces(text, most=35) == ["Please ask Dr. Smith about it.", "He knows."]


def test_a_line_ends_a_sentence() -> None:
    text = "First. Part.\nof it\n \nSecond. Part.\n\n\nThird line. It is longer\nthan that."
    assert pieces(text, most=45) == [
        "First. Part.\nof it\n \nSecond. Part.",
        "Third line. It is longer\nthan that.",
    ]
    assert pieces(text, most=28) == [
        "First. Part.\nof it\n \nSecond.",
        "Part.\n\n\nThird line.",
        "It is longer\nthan that.",
    ]


def test_white_space_is_kept_beside_the_pieces() -> None:
    parts = cut(" \n One.  \r\n\r\nTwo.\t", language="EN", most=9)
    assert parts == [" \n ", "One.", "  \r\n\r\n", "Two.", "\t"]


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("the first, the second; the third", ["the first,", "the second;", "the third"]),
        ("a price of 1,234,567.89 at 10:30", ["a price of", "1,234,567.89", "at 10:30"]),
        ("one two three four", ["one two", "three four"]),
        ("abcdefghijklmnopqrstuvwxyz", ["abcdefghijkl", "mnopqrstuvwx", "yz"]),
        ("很长的一句话\uff0c没有句号、也没有空格", ["很长的一句话\uff0c没有句号、", "也没有空格"]),
    ],
)
def test_a_sentence_that_is_too_long_is_cut_at_words_then_anywhere(
    sentence: str, parts: list[str]
) -> None:
    assert pieces(sentence, most=12) == parts


def test_japanese_sentences_are_cut_without_spaces() -> None:
    parts = cut("これはペンです。あれは本です。", language="JA", most=10)
    assert parts == ["これはペンです。", "あれは本です。"]


def test_a_lone_surrogate_is_kept() -> None:
    text = "One \ud800 is here. Two is here. Three is here."
    assert "".join(cut(text, language="EN", most=15)) == text


def test_a_long_sentence_is_cut_at_its_words() -> None:
    text = f"{'word ' * 500}ends here. Next."
    assert pieces(text, most=2_600) == [text]
    assert pieces(text, most=2_515) == [text.removesuffix(" Next."), "Next."]
    assert all(word == "word" for word in " ".join(pieces(text, most=99)[:20]).split())


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
def test_a_long_hostile_text_is_cut_in_linear_time(unit: str) -> None:
    """No clock: it takes about a second, or many minutes where time is quadratic."""
    text = (unit * 50_000)[:50_000]
    assert "".join(cut(text, language="EN", most=500)) == text


@pytest.mark.parametrize("unit", [" ", ".", "\n", "<1>", "</2>", ". ", "<1> ", "1", "<1"])
def test_a_text_is_shaped_in_linear_time(unit: str) -> None:
    """No clock: it takes milliseconds, or an hour where time is quadratic."""
    long = f"A{unit * 500_000}x"
    assert in_the_shape_of(long, "Sehr gut!") == "Sehr gut"
    assert in_the_shape_of("a", long) == f"a{long[1:]}"
