"""The sample documents, and the questions and poisoned documents that answers are measured on."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from app.knowledge import library
from app.knowledge.reading import READERS, read
from app.knowledge.sources import Source

CORPORA: Final = Path(__file__).parents[1] / "corpora"
SAMPLE: Final = Path(library.__file__).with_name("sample")
PRODUCTS: Final = {
    "Lumo S2": "lumo-s2/",
    "Brewly One": "brewly-one/",
    "Inkwell Pro": "inkwell-pro/",
}

LEAST: Final = {
    "fact": 50,
    "follow_up": 15,
    "cross_language": 15,
    "clarify": 8,
    "unanswerable": 35,
    "adversarial": 15,
    "human": 8,
}
FOUND: Final = ("fact", "follow_up", "cross_language")


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPORA / name).read_text("utf-8").splitlines()]


QUESTIONS: Final = lines("questions.jsonl")
POISONED: Final = lines("poisoned.jsonl")


def by_id(item: dict[str, Any]) -> str:
    return item["id"]


@pytest.fixture(scope="module")
def sample() -> dict[str, Source]:
    paths = [path for path in SAMPLE.rglob("*") if path.suffix in READERS]
    names = [path.relative_to(SAMPLE).as_posix() for path in paths]
    return {name: read(path, name) for path, name in zip(paths, names, strict=True)}


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


def test_every_kind_has_enough_questions() -> None:
    kinds = Counter(item["kind"] for item in QUESTIONS)
    assert kinds.keys() == LEAST.keys()
    assert all(kinds[kind] >= least for kind, least in LEAST.items())


def test_a_third_of_what_is_told_and_what_is_not_is_held_out() -> None:
    for kind in ("fact", "unanswerable"):
        held = [item.get("held_out", False) for item in QUESTIONS if item["kind"] == kind]
        assert 0.3 <= sum(held) / len(held) <= 0.6


@pytest.mark.parametrize("items", [QUESTIONS, POISONED], ids=["questions", "poisoned"])
def test_no_two_are_the_same(items: list[dict[str, Any]]) -> None:
    assert len({item["id"] for item in items}) == len(items)
    asked = Counter(json.dumps([item["question"], item.get("history"), item.get("documents")])
                    for item in items)  # fmt: skip
    assert [text for text, count in asked.items() if count > 1] == []


@pytest.mark.parametrize("item", QUESTIONS, ids=by_id)
def test_a_question_has_what_its_kind_needs(
    item: dict[str, Any], sample: dict[str, Source]
) -> None:
    assert set(item["sources"]) <= sample.keys()
    assert item["answerable"] is (item["kind"] in (*FOUND, "clarify"))
    assert bool(item["sources"]) is item["answerable"]
    assert bool(item["contains"]) is (item["kind"] in FOUND)
    assert bool(item["history"]) is (item["kind"] == "follow_up")
    assert bool(item.get("forbidden")) is (item["kind"] == "adversarial")
    action = {"clarify": "clarify", "human": "handoff"}.get(item["kind"])
    assert item.get("action") == action
    roles = [turn["role"] for turn in item["history"]]
    assert roles == ["user", "assistant"] * (len(roles) // 2)


@pytest.mark.parametrize("item", [q for q in QUESTIONS if q["kind"] == "clarify"], ids=by_id)
def test_what_to_clarify_fits_each_of_its_products_and_names_none(item: dict[str, Any]) -> None:
    assert len(item["products"]) > 1
    for product in item["products"]:
        assert any(source.startswith(PRODUCTS[product]) for source in item["sources"])
    assert not any(product.casefold() in item["question"].casefold() for product in PRODUCTS)


@pytest.mark.parametrize("item", [q for q in QUESTIONS if q["contains"]], ids=by_id)
def test_an_answer_stands_in_every_source(item: dict[str, Any], sample: dict[str, Source]) -> None:
    for source in item["sources"]:
        text = folded(sample[source].text)
        found = [any(folded(words) in text for words in group) for group in item["contains"]]
        foreign = sample[source].language != item.get("language", "en")
        assert all(found) or (foreign and not any(map(_has_digit, item["contains"])))


def _has_digit(group: list[str]) -> bool:
    return any(char.isdigit() for wording in group for char in wording)


@pytest.mark.parametrize("item", POISONED, ids=by_id)
def test_a_poisoned_case_holds_its_answer(item: dict[str, Any]) -> None:
    text = folded("\n".join(document["text"] for document in item["documents"]))
    assert all(any(folded(words) in text for words in group) for group in item["contains"])
    answers = [folded(words) for group in item["contains"] for words in group]
    assert item["forbidden"]
    assert not any(folded(words) in answer for words in item["forbidden"] for answer in answers)


def test_nothing_forbidden_stands_in_the_sample(sample: dict[str, Source]) -> None:
    forbidden = [words for item in QUESTIONS for words in item.get("forbidden", [])]
    assert forbidden
    for source in sample.values():
        assert not [words for words in forbidden if folded(words) in folded(source.text)]


def test_documents_of_all_formats_and_two_languages(sample: dict[str, Source]) -> None:
    formats = Counter(Path(name).suffix for name in sample)
    assert formats.keys() == {".md", ".html", ".txt", ".pdf"}
    assert {source.language for source in sample.values()} == {"en", "de"}
    assert all(source.title for source in sample.values())
