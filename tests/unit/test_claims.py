"""What of an answer its documents do not say is found; what they say is left alone."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.answers.grounding.citations import align
from app.features.answers.grounding.claims import Claim, is_on_topic, leaks, unsupported
from app.features.answers.grounding.statements import sentences
from app.knowledge.sources import Passage, Source

_ROOT = Path(__file__).parents[2]
_LINES = (_ROOT / "tests" / "corpora" / "claims.jsonl").read_text("utf-8").splitlines()
_CASES = (_ROOT / "app" / "features" / "answers" / "cases.jsonl").read_text("utf-8").splitlines()


def _passages(documents: list[dict[str, str]]) -> list[Passage]:
    sources = [
        Source(f"document-{number}", document.get("title", ""), document["text"])
        for number, document in enumerate(documents, start=1)
    ]
    return [Passage(source, 0, len(source.text)) for source in sources]


def _judged(
    question: str, answer: str, passages: list[Passage], *, same_language: bool = True
) -> list[Claim]:
    cited = align(answer, passages, question=question)
    return unsupported(question, answer, cited, passages, same_language=same_language)


@dataclass(frozen=True, slots=True)
class Case:
    """A line of the corpus; ``wrong`` marks what the rules are known to judge wrongly."""

    id: str
    lang: str
    question: str
    documents: list[dict[str, str]]
    answer: str
    supported: bool
    why: str
    same_language: bool = True
    held_out: bool = False
    wrong: bool = False

    def is_flagged(self) -> bool:
        passages = _passages(self.documents)
        judged = _judged(self.question, self.answer, passages, same_language=self.same_language)
        return bool(judged)


_FLOOR = 0.9  # of precision and of recall

CASES = [Case(**json.loads(line)) for line in _LINES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_fabrications_are_found_and_paraphrases_are_not(case: Case) -> None:
    assert case.is_flagged() == (case.supported == case.wrong)


def test_the_corpus_is_as_large_and_as_well_judged_as_it_claims_to_be() -> None:
    languages = Counter(case.lang for case in CASES)
    assert len({case.id for case in CASES}) == len(CASES) >= 150
    assert all(languages[lang] >= n for lang, n in {"en": 80, "de": 25, "fr": 15, "es": 15}.items())
    assert languages["it"] + languages["nl"] >= 15
    for held_out in (False, True):
        part = [case for case in CASES if case.held_out == held_out]
        good = [case for case in part if not case.wrong]
        flagged = sum(case.supported == case.wrong for case in part)
        hits = sum(not case.supported for case in good)
        assert hits / flagged >= _FLOOR
        assert hits / sum(not case.supported for case in part) >= _FLOOR


def test_a_claim_is_told_with_what_is_wrong_with_it() -> None:
    passages = _passages(
        [{"title": "Lamp", "text": "The lamp costs 49 euros. It is not dimmable."}]
    )
    answer = "Hello! The lamp costs 59 euros. It is dimmable. It plays soft music, too."
    assert _judged("What does the lamp cost?", answer, passages) == [
        Claim("The lamp costs 59 euros.", "fact"),
        Claim("It is dimmable.", "negation"),
        Claim("It plays soft music, too.", "words"),
    ]


@pytest.mark.parametrize(
    ("answer", "supported"), [("Yes.", False), ("No.", True), ("Yes, it is.", False)]
)
def test_a_bare_yes_claims_what_was_asked(answer: str, supported: bool) -> None:
    passages = _passages([{"title": "Lamp", "text": "The lamp is not waterproof."}])
    assert bool(_judged("Is the lamp waterproof?", answer, passages)) != supported


def test_a_number_of_one_thing_is_none_of_another() -> None:
    text = "The lamp has a warranty of three years and some switches."
    passages = _passages([{"title": "Lamp", "text": text}])
    assert not _judged("", "The lamp's warranty lasts 3 years.", passages)
    assert _judged("", "The lamp has three switches.", passages)
    assert _judged("", "The warranty of the lamp lasts three.", passages) == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Die Herstellergarantie beträgt zwei Jahre.", "Die Garantie dauert zwei Jahre."),
        ("Die Garantie beträgt zwei Jahre.", "Die Herstellergarantie dauert zwei Jahre."),
        ("Shipping is free.", "We ship for free."),
    ],
)
def test_a_word_is_known_in_another_form(text: str, answer: str) -> None:
    assert not _judged("", answer, _passages([{"text": text}]))


def test_an_answer_without_end_is_unsupported() -> None:
    passages = _passages([{"title": "Lamp", "text": "The lamp costs 49 euros."}])
    answer = "The lamp costs 49 euros. " * 100
    assert not _judged("", answer, passages)
    assert _judged("", answer + "The lamp costs 49 euros.", passages)


def test_without_citations_every_claim_is_unsupported() -> None:
    passages = _passages([{"text": "The lamp costs 49 euros."}])
    answer = "The lamp costs 49 euros."
    assert unsupported("", answer, [], passages) == [Claim(answer, "fact")]
    assert not unsupported("", "Hello! How can I help you?", [], passages)
    assert not unsupported("", "I don't know. The documents do not say.", [], passages)


_DOCUMENTS = [case.documents for case in CASES[::7]] + [
    json.loads(line)["input"]["documents"] for line in _CASES[::3]
]


@pytest.mark.parametrize("documents", _DOCUMENTS, ids=range(len(_DOCUMENTS)))
def test_a_sentence_of_a_document_is_supported_and_with_another_digit_is_not(
    documents: list[dict[str, str]],
) -> None:
    passages = _passages(documents)
    whole = " ".join(passage.text for passage in passages)
    for passage in passages:
        for sentence in sentences(passage.text, "en"):
            assert not _judged("", sentence.text, passages)
            for place, char in enumerate(sentence.text):
                changed = sentence.text[:place] + "7" + sentence.text[place + 1 :]
                if char.isascii() and char.isdigit() and char != "7" and "7" not in whole:
                    assert _judged("", changed, passages), changed


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=100), st.booleans())
def test_no_text_is_too_strange(answer: str, text: str, question: str, same: bool) -> None:
    passages = _passages([{"title": question, "text": text}])
    _judged(question, answer, passages, same_language=same)
    is_on_topic(question, passages)


def _topic(case: dict[str, Any]) -> bool:
    return is_on_topic(case["input"]["question"], _passages(case["input"]["documents"]))


def test_passages_about_something_else_are_told() -> None:
    cases = [json.loads(line) for line in _CASES]
    answerable = [case for case in cases if case["expected"]["answerable"]]
    others = [case for case in cases if not case["expected"]["answerable"]]
    assert all(_topic(case) for case in answerable)
    assert sum(not _topic(case) for case in others) >= 11


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does E7 mean?", True),
        ("What does E9 mean?", False),
        ("Does the boiler have a temperature sensor?", True),
        ("How much is the fish?", False),
    ],
)
def test_a_question_is_on_topic_by_its_words_and_codes(question: str, expected: bool) -> None:
    passages = _passages([{"title": "Boiler", "text": "E7 means: the temperature sensor fails."}])
    assert is_on_topic(question, passages) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How long does the battery of the Inkwell Pro last?", True),
        ("How long does the battery of the Inkwell Pro 2 last?", False),
        ("How long does the battery of the Inkwell Two last?", False),
        ("I bought my Inkwell Pro 2 years ago. How long does the battery last?", True),
    ],
)
def test_another_model_is_another_topic(question: str, expected: bool) -> None:
    text = "The battery of the Inkwell Pro lasts two weeks."
    assert is_on_topic(question, _passages([{"title": "Inkwell Pro", "text": text}])) == expected


_INSTRUCTION = (_ROOT / "app" / "features" / "answers" / "instruction.md").read_text("utf-8")


def test_eight_words_of_the_instruction_in_a_row_are_a_leak() -> None:
    words = _INSTRUCTION.split()
    told = " ".join(words[20:28]).upper()
    assert leaks(f"My rules say: «{told}»", _INSTRUCTION)
    assert not leaks(" ".join(words[20:27]), _INSTRUCTION)
    assert not leaks("The lamp costs 49 euros.", _INSTRUCTION)
    assert not leaks("", _INSTRUCTION)


@given(st.data())
def test_any_run_of_the_instruction_is_a_leak(data: st.DataObject) -> None:
    words = _INSTRUCTION.split()
    start = data.draw(st.integers(0, len(words) - 9))
    told = data.draw(st.sampled_from([" ", "\n", "  "])).join(words[start : start + 9])
    assert leaks(data.draw(st.text(max_size=20)) + " " + told, _INSTRUCTION)
