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


class _Work:
    """A request under way on a model, and what is left of what it may ask; repairs do not count."""

    def __init__(self, gateway: ModelGateway) -> None:
        self._gateway = gateway
        self._places = Semaphore(_MOST_AT_ONCE)
        self._calls, self._bytes = MOST_CALLS, MOST_SENT

    async def texts(self, request: TranslationRequest, vocabulary: Vocabulary) -> list[Text]:
        """The request's texts, if there is enough left for them."""

        def prepare() -> list[Text]:
            texts = texts_of(request, vocabulary)
            if not self._covers(part for text in texts for part in text.parts):
                raise invalid(TextTooLong, "/text", _TOO_MUCH)
            return texts

        read = (*request.text, *chain(*request.glossary.items()))
        return await aside(prepare, characters=sum(map(len, read)))

    async def translated(self, text: Text) -> Result[str]:
        if text.problem:
            raise text.problem
        return await self._made(text.parts)

    async def outcome(self, text: Text) -> Outcome:
        try:
            return await self.translated(text)
        except GroundworkError as error:
            return error

    async def streamed(self, text: Text) -> AsyncGenerator[str | Outcome]:
        """One text's translation as it comes, piece after piece, and its outcome at the end."""
        made: list[str | Result[str]] = []
        try:
            for part in text.parts:
                if isinstance(part, str):
                    made.append(part)
                    yield part
                    continue
                stream = FEATURE.stream(part.unit, self._gateway)
                async with self._places, aclosing(stream) as items:
                    async for item in items:
                        if isinstance(item, Chunk):
                            yield item.text
                        else:
                            made.append(item)
            yield _joined(made)
        except GroundworkError as error:
            yield error

    async def whole(self, text: Text) -> AsyncGenerator[str | Outcome]:
        """The outcome alone, of a text that cannot be shown in pieces."""
        yield await self.outcome(text)

    async def _made(self, parts: Sequence[Part]) -> Result[str]:
        pieces = [self._written(part) for part in parts if isinstance(part, Piece)]
        written = iter(await together(pieces))
        return _joined([part if isinstance(part, str) else next(written) for part in parts])

    async def _written(self, piece: Piece) -> Result[str]:
        """What stands for a piece; one whose tags do not come back is made of smaller ones."""
        usage = Usage()
        try:
            async with self._places:
                result = await FEATURE.ask(piece.unit, self._gateway)
            usage, text = result.usage, piece.written(result.output)
            if text is not None:
                return replace(result, output=text)
        except ModelError:
            if not piece.smaller:
                raise
        if not self._covers(piece.smaller):
            msg = f"Its tags do not come back, and without them it takes over {MOST_CALLS} calls."
            raise ModelOutputInvalid(msg)
        whole = await self._made(piece.smaller)
        checks = (*whole.checks, Check("markup", kept=True))
        return replace(whole, usage=usage + whole.usage, checks=checks, repaired=True)

    def _covers(self, parts: Iterable[Part]) -> bool:
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
    blank text stays as it is. Else it fails when every text does, with what the first failed with.
    """
    work = _Work(gateway)
    texts = await work.texts(request, vocabulary)
    if strict:
        texts = [text if text.source.strip() else replace(text, problem=None) for text in texts]
    made = await together(list(map(work.translated if strict else work.outcome, texts)))
    return _gathered(request, gateway, texts, made)


async def translate_stream(
    request: TranslationRequest, gateway: ModelGateway, vocabulary: Vocabulary
) -> AsyncGenerator[TranslationDelta | TranslationCompleted]:
    """Translate all texts at once and yield their pieces as they come."""
    work = _Work(gateway)
    texts = await work.texts(request, vocabulary)
    made: list[Outcome] = [_NOTHING for _ in texts]
    in_pieces = request.tag_handling is None  # tags are put in at the end
    streams = [
        work.streamed(text) if in_pieces and not text.problem else work.whole(text)
        for text in texts
    ]
    async with aclosing(merged(streams)) as items:
        async for index, item in items:
            if isinstance(item, str):
                yield TranslationDelta(type="delta", text=item, index=index)
            else:
                made[index] = item
    result = _gathered(request, gateway, texts, made)
    yield TranslationCompleted(type="completed", result=result)


def _joined(parts: Sequence[str | Result[str]]) -> Result[str]:
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
    failed, result = (
        (outcome, _NOTHING) if isinstance(outcome, GroundworkError) else (None, outcome)
    )
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
