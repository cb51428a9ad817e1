"""The page: what stands in it, and that text of strangers stays text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from app.evaluation.gate.page import page
from app.evaluation.gate.report import Report, markdown
from app.evaluation.gate.verdicts import judge
from app.evaluation.results import Outcome
from tests.evaluation.gate.made_up import evaluation, outcome

EVIL = "</pre><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def told(answer: str, score: float) -> list[Outcome]:
    body: dict[str, object] = {
        "text": answer,
        "model": "any",
        "usage": {"input_tokens": 1},
        "checks": [],
    }
    return [outcome(number, score, answer=body) for number in range(60)]


def report(before: str = "The blue lamp.", after: str = "The red lamp.") -> Report:
    sides = [
        replace(evaluation([]), outcomes=told(answer, score))
        for answer, score in ((before, 1.0), (after, 0.0))
    ]
    return Report("openai:old", "openai:new", judge([sides[0]], [sides[1]]))


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")


def test_says_the_verdict_and_shows_what_changed() -> None:
    text = page(report())
    assert "<h1>Tickets is worse.</h1>" in text
    assert "From <code>openai:old</code> to <code>openai:new</code>" in text
    assert "The <del>blue</del> lamp." in text
    assert "The <ins>red</ins> lamp." in text
    assert text.count("<details") == 50
    assert "And 10 more." in text


def test_leaves_out_what_every_reply_has() -> None:
    text = page(report())
    assert "checks: []" in text
    assert "input_tokens" not in text


def test_a_chart_says_in_words_what_it_shows() -> None:
    labels = Tags(page(report())).attributes["aria-label"]
    assert "−100.0 points, from −100.0 to −88.0" in labels


def test_asks_nobody_for_anything() -> None:
    tags = Tags(page(report()))
    assert not {"script", "link", "img", "iframe", "object"} & set(tags.tags)
    assert "src" not in tags.attributes
    assert all(target.startswith("#") for target in tags.attributes["href"])
    assert "url(" not in page(report())


@pytest.mark.parametrize("field", ["answer", "both", "id", "input", "feature", "side", "metric"])
def test_text_of_strangers_stays_text(field: str) -> None:
    plain = Tags(page(report()))
    before, after = told("The blue lamp.", 1), told("The red lamp.", 0)
    feature, side = "tickets", "openai:old"
    match field:
        case "answer":
            after = told(EVIL, 0)
        case "both":
            before, after = told(f"{EVIL} blue", 1), told(f"{EVIL} red", 0)
        case "id":
            before = [replace(one, id=one.id + EVIL) for one in before]
            after = [replace(one, id=one.id + EVIL) for one in after]
        case "input":
            after = [replace(one, input={EVIL: EVIL}) for one in after]
        case "metric":
            before = [replace(one, scores={EVIL: 1.0}) for one in before]
            after = [replace(one, scores={EVIL: 0.0}) for one in after]
        case "feature":
            feature = EVIL
        case _:
            side = EVIL
    sides = [replace(evaluation([], feature), outcomes=each) for each in (before, after)]
    text = page(Report(side, "openai:new", judge([sides[0]], [sides[1]])))
    marks = {"del", "ins"}
    seen = [tag for tag in Tags(text).tags if tag not in marks]
    assert seen == [tag for tag in plain.tags if tag not in marks]
    assert "onerror" not in Tags(text).attributes
    assert "alert" in text


def test_very_long_answers_are_shown_without_marks() -> None:
    text = page(report("blue " * 4_000, "red " * 4_000))
    assert "<del>" not in text
    assert "red red" in text


def test_markdown_of_strangers_stays_text() -> None:
    outcomes = [outcome(n, 1.0, id=f"[x](http://evil) | {n}\n# big") for n in range(40)]
    lost = [replace(one, scores={"right": 0.0}) for one in outcomes]
    sides = [replace(evaluation([]), outcomes=each) for each in (outcomes, lost)]
    text = markdown(Report("old", "new", judge([sides[0]], [sides[1]])))
    assert r"\[x\](http://evil) \| 0 \# big" in text
    assert len(re.findall(r"^#", text, re.MULTILINE)) == 1
