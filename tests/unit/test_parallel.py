"""The parallel sentences: few-shot examples for /translations and a set to measure it on."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from app.detection import detect
from app.features.languages import NAMES, base

ROOT: Final = Path(__file__).parents[2]
FEW_SHOT: Final = ROOT / "app/features/translations/parallel.jsonl"
EVALUATION: Final = ROOT / "tests/corpora/parallel.jsonl"
CASES: Final = ROOT / "app/features/translations/cases.jsonl"

EXAMPLE_LANGUAGES: Final = {base(code) for code in NAMES}
NOT_MEASURED: Final = {"BG", "EL", "ET", "HE", "ID", "LT", "LV", "NB", "RO", "SK", "SL", "TH", "VI"}
EVALUATION_LANGUAGES: Final = EXAMPLE_LANGUAGES - NOT_MEASURED
OWN_SCRIPT: Final = {"AR", "EL", "HE", "JA", "KO", "TH", "ZH"}  # known from a few letters
CLOSE: Final = ({"DA", "NB"}, {"CS", "SK"})  # CLD2 takes one for the other now and then

LETTERS_TO_DETECT: Final = 30
AGREEMENT: Final = 0.97
NEAR_COPY: Final = 0.4  # from here on, what two sentences share is more than a turn of phrase
CHARACTERS: Final = range(8, 151)
TIMES_ENGLISH: Final = (0.2, 1.6)  # Chinese is the shortest

NUMBER: Final = re.compile(r"\d+", re.ASCII)
MASK: Final = re.compile(r"\[\d\]")
URL: Final = re.compile(r"https://[\w./-]+\w", re.ASCII)


class Line(NamedTuple):
    id: str
    texts: dict[str, str]  # by language code


def read(path: Path) -> list[Line]:
    rows: list[dict[str, str]] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [Line(row.pop("id"), row) for row in rows]


LINES: Final = [*read(FEW_SHOT), *read(EVALUATION)]
each_line = pytest.mark.parametrize("line", LINES, ids=[line.id for line in LINES])


def texts() -> Iterator[tuple[str, str]]:
    """Each sentence with its language's code."""
    for line in LINES:
        yield from line.texts.items()


def fold(text: str) -> str:
    """Letters and digits only, without case: what is left when punctuation does not count."""
    return "".join(
        char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum()
    )


@cache
def pieces(text: str) -> set[str]:
    """Three letters each: words would say little where no spaces divide them."""
    folded = fold(text)
    return {folded[at : at + 3] for at in range(len(folded) - 2)}


def shared(one: str, other: str) -> float:
    """Part of two sentences' pieces that is in both (Jaccard): 0 to 1."""
    return len(pieces(one) & pieces(other)) / len(pieces(one) | pieces(other))


def case_texts() -> list[str]:
    cases = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    return [text for case in cases for text in (case["input"]["text"], case["expected"]["text"])]


def marks(code: str, text: str) -> tuple[int, int]:
    """Number of question marks (Greek writes a semicolon, Arabic its own) and exclamation marks."""
    narrow = unicodedata.normalize("NFKC", text)  # no full-width forms
    asked = narrow.count(";") if code == "EL" else narrow.count("?") + narrow.count("؟")
    return asked, narrow.count("!")


@pytest.mark.parametrize(
    ("path", "languages", "ids"),
    [
        (FEW_SHOT, EXAMPLE_LANGUAGES, [*(f"p-{n}" for n in (4, 5, 6, 8, 3, 2, 1)), "mask-1"]),
        (EVALUATION, EVALUATION_LANGUAGES, [f"e-{n}" for n in range(1, 11)]),
    ],
    ids=["few-shot", "evaluation"],
)
def test_every_line_is_there_in_every_language(
    path: Path, languages: set[str], ids: list[str]
) -> None:
    lines = read(path)
    assert [line.id for line in lines] == ids
    for line in lines:
        assert set(line.texts) == languages, line.id


def test_no_text_is_there_twice() -> None:
    counts = Counter(fold(text) for _, text in texts())
    assert [text for text, count in counts.items() if count > 1] == []


def test_texts_are_composed_and_on_one_line_without_spaces_around() -> None:
    for _, text in texts():
        assert unicodedata.is_normalized("NFC", text), text
        assert " ".join(text.split()) == text


@each_line
def test_lengths_stay_within_bounds(line: Line) -> None:
    low, high = TIMES_ENGLISH
    for text in line.texts.values():
        assert len(text) in CHARACTERS, text
        assert low <= len(text) / len(line.texts["EN"]) <= high, text


@each_line
@pytest.mark.parametrize("pattern", [NUMBER, MASK, URL], ids=["number", "mask", "URL"])
def test_what_has_to_survive_is_the_same_in_every_language(
    line: Line, pattern: re.Pattern[str]
) -> None:
    wanted = Counter(pattern.findall(line.texts["EN"]))
    for text in line.texts.values():
        assert Counter(pattern.findall(text)) == wanted, text


@each_line
def test_questions_and_exclamations_stay_what_they_are(line: Line) -> None:
    asked, exclaimed = marks("EN", line.texts["EN"])
    for code, text in line.texts.items():
        by_mark = 0 if code == "TH" else asked  # a word asks in Thai
        assert marks(code, text) == (by_mark, exclaimed), text


def test_the_sets_hold_numbers_masks_a_url_and_a_question() -> None:
    few_shot, evaluation = ([line.texts["EN"] for line in read(p)] for p in (FEW_SHOT, EVALUATION))
    assert any("too short" in text for text in few_shot)
    for mark in ("[1]", "[2]", "?", "40 minutes"):
        assert any(mark in text for text in few_shot), mark
    unmasked = [MASK.sub("", text) for text in evaluation]
    assert sum(bool(NUMBER.search(text)) for text in unmasked) >= 2
    assert any(URL.search(text) for text in evaluation)


def test_the_detector_agrees_with_the_code() -> None:
    long = [
        (code, text)
        for code, text in texts()
        if sum(char.isalpha() for char in text) >= LETTERS_TO_DETECT
    ]
    missed = [(code, detect(text), text) for code, text in long if detect(text) != code]
    assert len(missed) <= (1 - AGREEMENT) * len(long), missed
    assert [miss for miss in missed if {miss[0], miss[1]} not in CLOSE] == []


def test_a_script_of_its_own_tells_the_language_however_short_the_text() -> None:
    for code, text in texts():
        if code in OWN_SCRIPT:
            assert detect(text) == code, text


def test_no_sentence_is_also_a_test_case() -> None:
    cases = {fold(text) for text in case_texts()}
    assert [text for _, text in texts() if fold(text) in cases] == []


def test_no_sentence_is_a_near_copy_of_a_test_case() -> None:
    cases = case_texts()
    for _, text in texts():
        nearest = max(cases, key=lambda case: shared(text, case))
        assert shared(text, nearest) < NEAR_COPY, (text, nearest)


def test_no_sentence_to_measure_on_is_a_near_copy_of_an_example() -> None:
    examples = read(FEW_SHOT)
    for line in read(EVALUATION):
        for code, text in line.texts.items():
            nearest = max(
                (example.texts[code] for example in examples), key=lambda e: shared(text, e)
            )
            assert shared(text, nearest) < NEAR_COPY, (text, nearest)
