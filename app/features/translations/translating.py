"""A request's texts through the model, each with an outcome of its own."""

from asyncio import Semaphore
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import chain
from typing import Final

from app.errors import GroundworkError, ModelError, ModelOutputInvalid, TextTooLong, invalid
from app.features.concurrency import aside, merged, together
from app.features.feature import Result
from app.features.proofs import Check
from app.features.translations.schemas import (
    Translation,
    TranslationDelta,
    TranslationRequest,
    TranslationResult,
)
from app.features.translations.texts import Part, Piece, Text, texts_of
from app.features.translations.translator import FEATURE
from app.features.wire import CheckResult, Completed, TokenUsage
from app.gateway import Chunk, Completion, ModelGateway, StopReason, Usage
from app.knowledge.vocabulary import Vocabulary
from app.languages import UNKNOWN, base
from app.web.problems import problem_of


class TranslationCompleted(Completed[TranslationResult]):
    """The end of a stream that went well."""


Outcome = Result[str] | GroundworkError
MOST_CALLS: Final = 500
MOST_SENT: Final = 4_194_304  # bytes of UTF-8

_NOTHING: Final = Result("", Completion("", StopReason.END, "", Usage()), Usage())  # was asked
_MOST_AT_ONCE: Final = 8  # of one request's calls, so that it does not fill the queue for others
_TOO_MUCH: Final = (
    f"May need at most {MOST_CALLS} calls of the model, with {MOST_SENT} bytes together: "
    "of texts, their tags, and what goes with each piece of them, which is context, "
    "custom_instructions and glossary. Send fewer texts at once, or less with them."
)


class _Allowance:
    """What is left of the calls and bytes of a request; a repair is not counted.

    Attributes:
        places: among its calls at once.
    """

    def __init__(self) -> None:
        self.places = Semaphore(_MOST_AT_ONCE)
        self._calls, self._bytes = MOST_CALLS, MOST_SENT

    def covers(self, parts: Iterable[Part]) -> bool:
        """Take off what some parts need, if there is enough of it."""
        for part in parts:
            if isinstance(part, Piece):
                self._calls -= 1
                self._bytes -= part.unit.size
                if min(self._calls, self._bytes) < 0:
                    return False
        return True


async def translate(
    request: TranslationRequest,
    gateway: ModelGateway,
    vocabulary: Vocabulary,
    *,
    strict: bool = False,
) -> TranslationResult:
    """Translate all texts of a request, several pieces at once.

    Strictly is for APIs that know no outcome of a text: the request fails when any text does, and a
    blank text stays as it is.

    Raises:
        GroundworkError: what the first text failed with, when every text did.
    """
    texts, allowance = await _prepared(request, vocabulary)
    if strict:
        texts = [text if text.source.strip() else replace(text, problem=None) for text in texts]
    make = _translated if strict else _outcome
    made = await together([make(text, gateway, allowance) for text in texts])
    return _gathered(request, gateway, texts, made)


async def translate_stream(
    request: TranslationRequest, gateway: ModelGateway, vocabulary: Vocabulary
) -> AsyncGenerator[TranslationDelta | TranslationCompleted]:
    """Translate all texts at once and yield their pieces as they come."""
    texts, allowance = await _prepared(request, vocabulary)
    made: list[Outcome] = [_NOTHING for _ in texts]
    whole = request.tag_handling is not None  # tags are put in at the end
    streams = [_streamed(text, gateway, allowance, whole=whole) for text in texts]
    async with aclosing(merged(streams)) as items:
        async for index, item in items:
            if isinstance(item, str):
                yield TranslationDelta(type="delta", text=item, index=index)
            else:
                made[index] = item
    result = _gathered(request, gateway, texts, made)
    yield TranslationCompleted(type="completed", result=result)


async def _prepared(
    request: TranslationRequest, vocabulary: Vocabulary
) -> tuple[list[Text], _Allowance]:
    """The texts, and what is left of what the request may ask."""
    allowance = _Allowance()

    def prepare() -> list[Text]:
        texts = texts_of(request, vocabulary)
        if not allowance.covers(part for text in texts for part in text.parts):
            raise invalid(TextTooLong, "/text", _TOO_MUCH)
        return texts

    read = (*request.text, *chain(*request.glossary.items()))
    return await aside(prepare, characters=sum(map(len, read))), allowance


async def _translated(text: Text, gateway: ModelGateway, allowance: _Allowance) -> Result[str]:
    if text.problem:
        raise text.problem
    return await _made(text.parts, gateway, allowance)


async def _outcome(text: Text, gateway: ModelGateway, allowance: _Allowance) -> Outcome:
    try:
        return await _translated(text, gateway, allowance)
    except GroundworkError as error:
        return error


async def _made(parts: Sequence[Part], gateway: ModelGateway, allowance: _Allowance) -> Result[str]:
    pieces = [_written(part, gateway, allowance) for part in parts if isinstance(part, Piece)]
    written = iter(await together(pieces))
    return _joined([part if isinstance(part, str) else next(written) for part in parts])


async def _written(piece: Piece, gateway: ModelGateway, allowance: _Allowance) -> Result[str]:
    """What stands for a piece; one whose tags do not come back is made of smaller ones."""
    usage = Usage()
    try:
        async with allowance.places:
            result = await FEATURE.ask(piece.unit, gateway)
        usage, text = result.usage, piece.written(result.output)
        if text is not None:
            return replace(result, output=text)
    except ModelError:
        if not piece.smaller:
            raise
    if not allowance.covers(piece.smaller):
        msg = f"Its tags do not come back, and without them it takes over {MOST_CALLS} calls."
        raise ModelOutputInvalid(msg)
    whole = await _made(piece.smaller, gateway, allowance)
    checks = (*whole.checks, Check("markup", kept=True))
    return replace(whole, usage=usage + whole.usage, checks=checks, repaired=True)


async def _streamed(
    text: Text, gateway: ModelGateway, allowance: _Allowance, *, whole: bool
) -> AsyncGenerator[str | Outcome]:
    """One text's translation as it comes, piece after piece, and its outcome at the end."""
    made: list[str | Result[str]] = []
    try:
        if whole or text.problem:
            yield await _outcome(text, gateway, allowance)
            return
        for part in text.parts:
            if isinstance(part, str):
                made.append(part)
                yield part
                continue
            async with allowance.places, aclosing(FEATURE.stream(part.unit, gateway)) as items:
                async for item in items:
                    if isinstance(item, Chunk):
                        yield item.text
                    else:
                        made.append(item)
        yield _joined(made)
    except GroundworkError as error:
        yield error


def _joined(parts: Sequence[str | Result[str]]) -> Result[str]:
    """A text out of its parts."""
    results = [part for part in parts if isinstance(part, Result)]
    if len(parts) == len(results) == 1:
        return results[0]
    return Result(
        "".join(part if isinstance(part, str) else part.output for part in parts),
        results[0].completion if results else _NOTHING.completion,
        sum((result.usage for result in results), Usage()),
        _together(check for result in results for check in result.checks),
        any(result.repaired for result in results),
    )


def _together(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Checks of several pieces, each kind in one."""
    found: dict[str, Check] = {}
    for check in checks:
        if seen := found.get(check.name):
            missing, unexpected = seen.missing + check.missing, seen.unexpected + check.unexpected
            kept = seen.kept and check.kept
            check = replace(check, kept=kept, missing=missing, unexpected=unexpected)
        found[check.name] = check
    return tuple(found.values())


def _gathered(
    request: TranslationRequest,
    gateway: ModelGateway,
    texts: Sequence[Text],
    made: Sequence[Outcome],
) -> TranslationResult:
    """The response, or the first error where there is nothing but errors."""
    errors = [outcome for outcome in made if isinstance(outcome, GroundworkError)]
    if len(errors) == len(made):
        raise errors[0]
    results = [outcome for outcome in made if isinstance(outcome, Result)]
    said = max((result.completion for result in results), key=lambda each: each.model)
    return TranslationResult(
        translations=[_translation(request, *pair) for pair in zip(texts, made, strict=True)],
        model=said.model or gateway.model,
        adapter=said.adapter,
        usage=TokenUsage.model_validate(sum((result.usage for result in results), Usage())),
    )


def _translation(request: TranslationRequest, text: Text, outcome: Outcome) -> Translation:
    failed = outcome if isinstance(outcome, GroundworkError) else None
    result = _NOTHING if isinstance(outcome, GroundworkError) else outcome
    code, score = base(text.language.code), round(text.language.score, 3)
    return Translation(
        text=None if failed else result.output,
        detected_source_language=None if code == UNKNOWN else code,
        detection_score=None if request.source_lang or text.problem else score,
        billed_characters=0 if failed else len(text.source),
        checks=[CheckResult.model_validate(check) for check in result.checks],
        repaired=result.repaired,
        problem=problem_of(failed) if failed else None,
    )
