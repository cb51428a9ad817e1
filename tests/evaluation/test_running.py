"""From cases to outcomes, by the feature that the documentation adds."""

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import ConfigurationError
from app.evaluation import judge
from app.evaluation.asking import Plan
from app.evaluation.identity import identity_of
from app.evaluation.results import Evaluation
from app.evaluation.running import evaluate
from app.features import tickets, translations
from app.features.cases import Case, case_of
from app.settings import Settings
from tests.features import titles
from tests.service import MODEL
from tests.wire.replies import CACHED, INPUT, OUTPUT, TICKET, openai_message, openai_stream
from tests.wire.service import upstream_that
from tests.wire.upstream import settings

Says = Callable[[str], str | httpx.Response]

DOWN = httpx.Response(503, text="down")
REFUSED = openai_message(None, refusal="I will not.")
STREAMED = {"content-type": "text/event-stream"}


def titled(text: str) -> str:
    """A title that the cases below expect: the note itself."""
    return json.dumps({"title": text.splitlines()[1]})


def case(name: str, expected: Any = None, **more: Any) -> Case:
    line = {"id": name, "input": {"text": name}, "expected": {"title": expected or name}, **more}
    return case_of(json.dumps(line), titles.Note, {})


def frames_of(title: str) -> AsyncIterator[bytes]:
    """The events of a stream of that title."""
    stream = openai_stream(['{"title"', ": ", json.dumps(title), "}"]).stream
    assert isinstance(stream, httpx.AsyncByteStream)
    return aiter(stream)


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


class Model:
    """A model of the mind that counts what it is asked."""

    def __init__(self, says: Says = titled) -> None:
        self.says = says
        self.asked: list[str] = []

    def plan(self, **how: Any) -> Plan:
        def says(messages: list[dict[str, Any]]) -> str | httpx.Response:
            self.asked.append(messages[-1]["content"])
            return self.says(self.asked[-1])

        return Plan(open_http=lambda: upstream_that(says), **how)

    async def evaluate(self, *cases: Case, on: Settings | None = None, **how: Any) -> Evaluation:
        model = on or settings("openai")
        (made,) = await evaluate([titles], model, self.plan(**how), {"titles": cases})
        return made


async def test_outcomes_come_in_order_with_what_they_took() -> None:
    made = await Model().evaluate(case("b"), case("a", "other"), repeats=2, at_once=3)
    assert [(each.id, each.repeat) for each in made.outcomes] == [
        ("b", 0),
        ("b", 1),
        ("a", 0),
        ("a", 1),
    ]
    assert [each.score for each in made.outcomes] == [1, 1, 0, 0]
    first = made.outcomes[0]
    assert (first.cluster, first.input, first.problem) == ("b", {"text": "b"}, None)
    assert first.answer
    assert first.answer["title"] == "b"
    assert (first.input_tokens, first.output_tokens, first.cached_tokens) == (INPUT, OUTPUT, CACHED)
    assert first.seconds > 0
    assert not first.repaired
    assert (made.feature, made.model, made.margin) == ("titles", "openai:some-model", 0.05)
    assert made.metrics == {"title": "exact"}


async def test_cases_about_the_same_are_a_cluster() -> None:
    made = await Model().evaluate(case("a"), case("b", about="x"), case("c", about="x"))
    assert [each.cluster for each in made.outcomes] == ["a", "x", "x"]


async def test_each_repeat_is_asked() -> None:
    model = Model()
    await model.evaluate(case("a"), repeats=3, at_once=3)
    assert len(model.asked) == 3


async def test_repair_is_told() -> None:
    model = Model(lambda text: titled(text) if "earlier answer" in text else '{"title": "a\\nb"}')
    (outcome,) = (await model.evaluate(case("a"))).outcomes
    assert outcome.repaired
    assert outcome.output_tokens == 2 * OUTPUT
    assert outcome.score == 1


async def test_streams_say_the_same_and_when_they_began(tmp_path: Path) -> None:
    async def slowly() -> AsyncGenerator[bytes]:
        async for frame in frames_of("a"):
            yield frame
            await asyncio.sleep(0.1)

    plain = await Model().evaluate(case("a"), keep=tmp_path)
    slow = Model(lambda _: httpx.Response(200, headers=STREAMED, content=slowly()))
    made = await slow.evaluate(case("a"), keep=tmp_path, stream=True)
    (was,), (outcome,) = plain.outcomes, made.outcomes
    assert outcome.first
    assert 0 < outcome.first < outcome.seconds - 0.3, (
        "between the first words and the end lie several waits"
    )
    assert (outcome.answer, outcome.score, was.first) == (was.answer, 1, None)
    kept = Model()
    assert await kept.evaluate(case("a"), keep=tmp_path, stream=True) == made
    assert not kept.asked


async def test_repair_and_failure_of_a_stream_are_told() -> None:
    async def broken() -> AsyncGenerator[bytes]:
        frames = frames_of("bad")
        yield await anext(frames) + await anext(frames) + b"data: {"

    def says(text: str) -> str | httpx.Response:
        if "bad" in text:
            return httpx.Response(200, headers=STREAMED, content=broken())
        return titled(text) if "earlier answer" in text else '{"title": "a\\nb"}'

    good, bad = (await Model(says).evaluate(case("a"), case("bad"), stream=True)).outcomes
    assert (good.repaired, good.score, good.problem) == (True, 1, None)
    assert (bad.problem, bad.first) == ("upstream-failed", None)


async def test_features_without_a_stream_are_asked_all_the_same() -> None:
    plan = Model(lambda _: TICKET).plan(stream=True)
    cases = tickets.FEATURE.cases[:1]
    (made,) = await evaluate([tickets], settings("openai"), plan, {"tickets": cases})
    assert (made.outcomes[0].problem, made.outcomes[0].first) == (None, None)


async def test_problem_is_told_and_scores_nothing() -> None:
    model = Model(lambda text: DOWN if "bad" in text else titled(text))
    good, bad = (await model.evaluate(case("good"), case("bad", {"absent": ["x"]}))).outcomes
    assert (good.problem, good.score) == (None, 1)
    assert (bad.problem, bad.score, bad.answer) == ("upstream-unavailable", 0, None)


async def test_refusal_can_be_what_is_expected() -> None:
    refused = await Model(lambda _: REFUSED).evaluate(case("a", {"refusal": True}))
    assert (refused.outcomes[0].problem, refused.outcomes[0].score) == ("model-refused", 1)
    obeyed = await Model().evaluate(case("a", {"refusal": True}))
    assert obeyed.outcomes[0].score == 0


async def test_what_is_said_is_asked_once(tmp_path: Path) -> None:
    first, second = Model(), Model()
    cases = [case("a"), case("b")]
    made = await first.evaluate(*cases, keep=tmp_path, repeats=2)
    again = await second.evaluate(*cases, keep=tmp_path, repeats=2)
    assert (len(first.asked), len(second.asked)) == (4, 0)
    assert again == made


async def test_other_expectations_ask_nothing_anew(tmp_path: Path) -> None:
    await Model().evaluate(case("a"), keep=tmp_path)
    model = Model()
    made = await model.evaluate(case("a", "other"), keep=tmp_path)
    assert not model.asked
    assert made.outcomes[0].score == 0


async def test_fresh_asks_anew_and_counts_from_then_on(tmp_path: Path) -> None:
    await Model().evaluate(case("a"), keep=tmp_path)
    await Model(lambda _: '{"title": "new"}').evaluate(case("a"), keep=tmp_path, fresh=True)
    model = Model()
    (outcome,) = (await model.evaluate(case("a"), keep=tmp_path)).outcomes
    assert not model.asked
    assert outcome.answer
    assert outcome.answer["title"] == "new"


async def test_what_was_said_before_a_break_is_not_asked_again(tmp_path: Path) -> None:
    """The model's own problems stay; a server's are asked again, as is a line that was cut off."""
    cases = [case(name) for name in ("good", "down", "refused", "cut")]
    answers = {"down": DOWN, "refused": REFUSED}

    def says(text: str) -> str | httpx.Response:
        return answers.get(text.splitlines()[1]) or titled(text)

    await Model(says).evaluate(*cases, keep=tmp_path, at_once=1)
    (file,) = files_in(tmp_path)
    file.write_bytes(file.read_bytes()[:-20])
    model = Model()
    made = await model.evaluate(*cases, keep=tmp_path)
    assert sorted(text.splitlines()[1] for text in model.asked) == ["cut", "down"]
    assert [each.problem for each in made.outcomes] == [None, None, "model-refused", None]
    model = Model()
    await model.evaluate(*cases, keep=tmp_path)
    assert not model.asked, "the line after the one that was cut off is whole"


async def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert (await Model().evaluate(case("a"), keep=file)).outcomes[0].score == 1


@pytest.mark.parametrize(
    "changed", [{"model": "openai:other"}, {"temperature": 1.0}, {"base_url": "http://127.0.0.1:9"}]
)
async def test_another_model_is_asked_anew(tmp_path: Path, changed: dict[str, Any]) -> None:
    await Model().evaluate(case("a"), keep=tmp_path)
    model = Model()
    on = settings("openai").model_copy(update=changed)
    identity = identity_of(titles.FEATURE, on)
    assert identity != identity_of(titles.FEATURE, settings("openai"))
    if "base_url" not in changed:  # the upstream of the mind is at the provider's
        await model.evaluate(case("a"), keep=tmp_path, on=on)
        assert len(model.asked) == 1


def test_identity_is_of_all_that_can_change_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(titles.FEATURE.folder, tmp_path / "titles")
    monkeypatch.setattr(titles.FEATURE, "folder", folder)
    products = tmp_path / "products.txt"
    products.write_text("Lumo\n")
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    weights = tmp_path / "own.gguf"
    weights.write_bytes(b"1")
    base = settings("openai", products=products, knowledge=knowledge)
    own = Settings(model=f"embedded:{weights}")

    def identities() -> tuple[str, str]:
        return identity_of(titles.FEATURE, base), identity_of(titles.FEATURE, own)

    before = identities()
    same = base.model_copy(update={"timeout": 1, "port": 1, "log_level": "error", "api_key": None})
    assert identity_of(titles.FEATURE, same) == before[0]
    (folder / "cases.jsonl").write_text("")
    assert identities() == before
    seen = {before[0]}
    for file in (
        folder / "instruction.md",
        folder / "examples.jsonl",
        products,
        knowledge / "a.md",
    ):
        file.write_text(f"{file.read_text() if file.exists() else ''} more")
        seen.add(identities()[0])
    assert len(seen) == 5
    now = identities()
    weights.write_bytes(b"2")
    assert (identities()[0], identities()[1] != now[1]) == (now[0], True)
    assert identity_of(titles.FEATURE, Settings(model=MODEL)) != now[1]


async def test_path_that_no_response_has_is_refused() -> None:
    wrong = case_of(
        '{"id": "a", "input": {"text": "a"}, "expected": {"titel": 1}}', titles.Note, {}
    )
    with pytest.raises(ConfigurationError, match=r"titel.*It has title"):
        await Model().evaluate(wrong)


async def test_question_that_the_service_does_not_take_is_refused() -> None:
    wrong = replace(case("a"), input={"text": " "})
    with pytest.raises(ConfigurationError, match="titles, case a: the service does not take it"):
        await Model().evaluate(wrong)


@pytest.mark.parametrize(
    ("verdicts", "score"), [("AB", 1.0), ("BA", 0.0), ("AA", 0.5), ("BB", 0.5), ("CC", 0.0)]
)
async def test_judge_is_asked_in_both_orders(tmp_path: Path, verdicts: str, score: float) -> None:
    """One that always takes the first, or the second, says nothing."""

    def says(text: str) -> str:
        if "Criterion: It is short." not in text:
            return titled(text)
        return json.dumps({"verdict": verdicts["B: The answer meets" in text]})

    judged = case("a", {"judge": "It is short."})
    model = Model(says)
    made = await model.evaluate(judged, keep=tmp_path)
    assert made.outcomes[0].score == score
    assert made.metrics == {"title": "judge"}
    questions = [text for text in model.asked if "Criterion" in text and "earlier" not in text]
    assert len(questions) == 2
    assert all('Request: {"text":"a"}\nAnswer: a\n' in text for text in questions)
    model = Model(says)
    assert (await model.evaluate(judged, keep=tmp_path)).outcomes[0].score == score
    assert not model.asked


def test_judge_s_own_cases_are_balanced() -> None:
    verdicts = [each.output.verdict for each in judge.FEATURE.examples]
    assert sorted(verdicts) == ["A", "A", "B", "B"]
    assert {each.input.swapped for each in judge.FEATURE.examples} == {True, False}
    assert len(judge.FEATURE.cases) == 4


@pytest.mark.engine
async def test_embedded_model_is_asked(tmp_path: Path) -> None:
    cases = titles.FEATURE.cases[:3]
    on = Settings(model=MODEL)
    (made,) = await evaluate([titles], on, Plan(keep=tmp_path), {"titles": cases})
    assert [each.id for each in made.outcomes] == [each.id for each in cases]
    assert all(each.answer or each.problem for each in made.outcomes)
    assert sum(each.output_tokens for each in made.outcomes)
    (again,) = await evaluate([titles], on, Plan(keep=tmp_path), {"titles": cases})
    lasting = [each for each in made.outcomes if each.answer]
    assert [each for each in again.outcomes if each.answer] == lasting


@pytest.mark.slow
async def test_judge_on_a_real_model_is_asked_in_both_orders(tmp_path: Path) -> None:
    """It says a letter each time, and which of them is put first is of no account for the score."""
    feature = translations.FEATURE
    body = {"text": ["Das Produkt ist gut."], "target_lang": "EN"}
    judged = [
        {"id": name, "input": body, "expected": {"translations.0.text": {"judge": criterion}}}
        for name, criterion in (("a", "It is in English."), ("b", "It is about the weather."))
    ]
    cases = [case_of(json.dumps(each), feature.takes, feature.metrics) for each in judged]
    (made,) = await evaluate(
        [translations], Settings(model=MODEL), Plan(keep=tmp_path, at_once=1), {feature.name: cases}
    )
    (file,) = [each for each in files_in(tmp_path) if each.name.startswith("judge-of-cases")]
    verdicts = [json.loads(line)["answer"]["verdict"] for line in file.read_bytes().splitlines()]
    assert len(verdicts) == 4
    for outcome, pair in zip(made.outcomes, (verdicts[:2], verdicts[2:]), strict=True):
        assert outcome.answer
        assert outcome.score == {"AB": 1, "BA": 0, "AA": 0.5, "BB": 0.5}["".join(pair)]
    print([(each.id, each.score) for each in made.outcomes], verdicts)  # noqa: T201 # it is slow
