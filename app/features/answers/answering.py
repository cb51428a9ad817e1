"""Answers a request: by rule where a rule is enough, else by the model, whose answer is checked."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from app.errors import GroundworkError, InputTooLong, ModelOutputTruncated
from app.features.answers.cited import CitedAnswers
from app.features.answers.conversation import trimmed
from app.features.answers.desk import Desk
from app.features.answers.feature import Answers
from app.features.answers.grounding.citations import Citation
from app.features.answers.grounding.verdict import judge_cited, judge_text, says_unknown
from app.features.answers.languages import translated
from app.features.answers.partial import AnswerText
from app.features.answers.phrases import phrases_of
from app.features.answers.preparing import Asked, prepare
from app.features.answers.schemas import (
    Action,
    Answer,
    AnswerCitation,
    AnswerCompleted,
    AnswerDelta,
    AnswerRequest,
    AnswerStarted,
    HandoffReason,
)
from app.features.answers.task import AnswerTask, CitedAnswer
from app.features.answers.wire import citation_on_wire, passage_on_wire
from app.features.feature import Delta, Result
from app.features.wire import TokenUsage
from app.gateway import Usage
from app.records import GivenAnswer

FEATURE = Answers()
CITED = CitedAnswers()

_LONGEST: Final = 200  # characters of a suggestion
_MARKS: Final = ("?", "？", "؟", ";")
_PLAIN: Final = 0.75  # of the question's words in one sentence: it is the answer

_Made = str | Result[str] | Result[CitedAnswer]
Event = AnswerStarted | AnswerDelta | AnswerCitation | AnswerCompleted


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is answered.

    Attributes:
        text: the answer.
        model: what it came from.
        usage: tokens spent on it.
        action, reason: what is to be done.
        grounded: whether its claims were all found in what it cites.
        citations, suggestions: as on the wire.
    """

    text: str
    model: str
    usage: Usage
    action: Action = "answer"
    reason: HandoffReason | None = None
    grounded: bool = False
    citations: Sequence[Citation] = ()
    suggestions: Sequence[str] = ()


async def answer(request: AnswerRequest, desk: Desk) -> Answer:
    """Answer a request.

    Raises:
        GroundworkError: what :func:`~app.features.answers.preparing.prepare` and the gateway raise.
    """
    asked = await prepare(request, desk)
    outcome = _by_rule(asked, desk)
    if outcome is None:
        async with aclosing(_by_model(asked, desk, streamed=False)) as items:
            async for item in items:
                outcome = item if isinstance(item, Outcome) else outcome
    return await _completed(asked, _there(outcome), desk)


async def answer_stream(request: AnswerRequest, desk: Desk) -> AsyncGenerator[Event]:
    """The same as events; the answer is streamed as it comes, and checked at the end.

    The first event waits for the model's first token, so that what fails before it is an ordinary
    problem with a status of its own.
    """
    asked = await prepare(request, desk)
    outcome, shown = _by_rule(asked, desk), False
    if outcome is None:
        async with aclosing(_by_model(asked, desk, streamed=True)) as items:
            async for item in items:
                if isinstance(item, Outcome):
                    outcome = item
                    continue
                if not shown:
                    yield _started(asked)
                    shown = True
                if item:
                    yield AnswerDelta(type="delta", text=item)
    outcome = _there(outcome)
    if not shown:
        yield _started(asked)
        yield AnswerDelta(type="delta", text=outcome.text)
    for citation in outcome.citations:
        yield AnswerCitation(type="citation", citation=citation_on_wire(citation))
    yield AnswerCompleted(type="completed", answer=await _completed(asked, outcome, desk))


def _there(outcome: Outcome | None) -> Outcome:
    if outcome is None:
        raise GroundworkError("The model's output ended without an outcome.")
    return outcome


def _by_rule(asked: Asked, desk: Desk) -> Outcome | None:
    """What needs no model: who wants a human, what nothing is found for, what may mean several."""
    phrases = phrases_of(asked.language)
    if asked.asks_for_human:
        reason: HandoffReason = "asked_for_human"
        return Outcome(phrases.handoff, desk.gateway.model, Usage(), "handoff", reason)
    if asked.may_mean:
        text = phrases.clarify.format(options=", ".join(asked.may_mean))
        again = tuple(f"{name}: {asked.question}" for name in asked.may_mean)
        return Outcome(text, desk.gateway.model, Usage(), "clarify", suggestions=again)
    if not asked.task.passages:
        return _unknown(asked, desk.gateway.model, Usage())
    return None


def _unknown(asked: Asked, model: str, usage: Usage) -> Outcome:
    text = phrases_of(asked.language).unknown
    return Outcome(text, model, usage, "handoff", "not_in_documents")


async def _by_model(asked: Asked, desk: Desk, *, streamed: bool) -> AsyncGenerator[str | Outcome]:
    """The answer's text as it comes, if it is streamed, and at the end what came of it.

    Nothing is shown in a language that is not the question's. A model without room for all is
    asked with less.
    """
    ask = _deltas if streamed and asked.answer_language == asked.language else _whole
    task: AnswerTask | None = asked.task
    while task:
        try:
            async with aclosing(ask(task, desk)) as items:
                async for item in items:
                    yield item if isinstance(item, str) else await _judged(asked, task, item, desk)
        except InputTooLong:
            if (task := task.shorter()) is None:
                raise
        except ModelOutputTruncated:
            if not desk.gateway.traits.small:
                raise
            yield _unknown(asked, desk.gateway.model, Usage())  # it went round in circles
            return
        else:
            return


async def _whole(task: AnswerTask, desk: Desk) -> AsyncGenerator[_Made]:
    feature = FEATURE if desk.gateway.traits.small else CITED
    yield await feature.run(task, desk.gateway)


async def _deltas(task: AnswerTask, desk: Desk) -> AsyncGenerator[_Made]:
    """The answer's text as it comes, of JSON what can be shown of it, and at the end the result."""
    small, text = desk.gateway.traits.small, AnswerText()
    feature = FEATURE if small else CITED
    try:
        async with aclosing(feature.stream(task, desk.gateway)) as items:
            async for item in items:
                if isinstance(item, Delta):
                    yield item.text if small else text.feed(item.text)
                else:
                    yield item
    except GroundworkError as error:
        if "received" in error.members and not small:
            error.members["received"] = text.shown
        raise


async def _judged(
    asked: Asked, task: AnswerTask, result: Result[str] | Result[CitedAnswer], desk: Desk
) -> Outcome:
    """What comes of the model's output after its last repair."""
    output = result.output
    if isinstance(output, str):
        verdict = judge_text(task, output, FEATURE.instruction)
        nearest = task.relevance.ranked[0].coverage if task.relevance.ranked else 0.0
        if verdict.finding or (says_unknown(output) and nearest >= _PLAIN):
            output = task.relevance.nearest
            verdict = judge_text(task, output, FEATURE.instruction)
        if verdict.finding or says_unknown(output) or not output:
            return _unknown(asked, result.model, result.usage)
        outcome = Outcome(
            output, result.model, result.usage, grounded=True, citations=verdict.citations
        )
        return await _in_language(asked, outcome, desk)
    verdict = judge_cited(task, output, CITED.instruction)
    suggestions = tuple(filter(_is_question, output.suggestions))
    outcome = Outcome(output.answer, result.model, result.usage, suggestions=suggestions)
    if verdict.finding or output.action == "unknown":
        unknown = _unknown(asked, result.model, result.usage)
        return replace(unknown, suggestions=suggestions)
    match output.action:
        case "clarify":
            return replace(outcome, action="clarify")
        case "handoff":
            text = phrases_of(asked.language).handoff
            return replace(outcome, text=text, action="handoff", reason="needs_staff")
        case _:
            return replace(outcome, grounded=True, citations=verdict.citations)


def _is_question(suggestion: str) -> bool:
    """Whether a model's suggestion is no more than a question that a customer may ask."""
    text = suggestion.strip()
    return len(text) <= _LONGEST and text.endswith(_MARKS) and "://" not in text and "@" not in text


async def _in_language(asked: Asked, outcome: Outcome, desk: Desk) -> Outcome:
    """The answer in the question's language; as it is, where its translation is not faithful."""
    if asked.answer_language == asked.language:
        return outcome
    made = await translated(outcome.text, asked.answer_language, asked.language, desk.gateway)
    text = made.text if made.is_faithful else outcome.text
    return replace(outcome, text=text, usage=outcome.usage + made.usage)


def _started(asked: Asked) -> AnswerStarted:
    return AnswerStarted(
        type="started",
        message_id=asked.message_id,
        conversation_id=asked.conversation_id,
        query=asked.query,
        passages=[passage_on_wire(passage) for passage in asked.task.passages],
    )


async def _completed(asked: Asked, outcome: Outcome, desk: Desk) -> Answer:
    """The wire's form of an answer, which is put on record."""
    made = Answer.model_construct(
        message_id=asked.message_id,
        conversation_id=asked.conversation_id,
        answer=outcome.text,
        action=outcome.action,
        handoff_reason=outcome.reason,
        grounded=outcome.grounded,
        is_uncertain=outcome.reason == "not_in_documents",
        citations=[citation_on_wire(citation) for citation in outcome.citations],
        suggestions=list(outcome.suggestions),
        passages=[passage_on_wire(passage) for passage in asked.task.passages],
        query=asked.query,
        model=outcome.model,
        usage=TokenUsage.of(asked.usage + outcome.usage),
    )
    if desk.records.keeps:
        await _record(asked, made, desk)
    return made


async def _record(asked: Asked, made: Answer, desk: Desk) -> None:
    now = datetime.now(UTC)
    dumped = made.model_dump(mode="json", include={"passages", "citations"})
    given = GivenAnswer(
        message_id=made.message_id,
        asked_at=now,
        question=asked.question,
        query=made.query,
        history=[message.model_dump() for message in trimmed(asked.history)],
        passages=dumped["passages"],
        answer=made.answer,
        citations=dumped["citations"],
        action=made.action,
        is_uncertain=made.is_uncertain,
        model=made.model,
        conversation_id=made.conversation_id,
        language=asked.language,
    )
    await desk.records.remember(given)
    if made.is_uncertain:
        await desk.records.missed(asked.question, asked.language, "not_in_documents", now)
