"""A request's texts through the model, each with an outcome of its own."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from app.errors import GroundworkError, ModelError, ModelOutputInvalid
from app.features.concurrency import aside, merged, outcomes
from app.features.feature import Result
from app.features.proofs import Check
from app.features.translations.glossaries import glossary_of
from app.features.translations.schemas import (
    Translation,
    TranslationDelta,
    TranslationRequest,
    TranslationResult,
)
from app.features.translations.texts import Part, Piece, Text, prepared
from app.features.translations.translator import FEATURE
from app.features.wire import CheckResult, Completed, TokenUsage
from app.gateway import Chunk, Completion, ModelGateway, StopReason, Usage
from app.knowledge.vocabulary import Vocabulary
from app.languages import UNKNOWN, base
from app.web.problems import problem_of

TranslationCompleted = Completed[TranslationResult]


Outcome = Result[str] | GroundworkError
_NOTHING = Result("", Completion("", StopReason.END, "", Usage()), Usage())  # was asked


async def translate(
    request: TranslationRequest,
    gateway: ModelGateway,
    vocabulary: Vocabulary,
    *,
    strict: bool = False,
) -> TranslationResult:
    """Translate all texts of a request, several pieces at once.

    Args:
        request: the texts.
        gateway: the model.
        vocabulary: the operator's glossaries.
        strict: for APIs that know no outcome of a text: the request fails when any text does, and
            a blank text stays as it is.

    Raises:
        GroundworkError: what the first text failed with, when every text did.
    """
    texts = await _prepared(request, vocabulary, blank_stays=strict)
    pieces = [piece for text in texts if isinstance(text, Text) for piece in _pieces(text.parts)]
    pieced = iter(await _translated(pieces, gateway))
    made = [_joined(text.parts, pieced) if isinstance(text, Text) else text for text in texts]
    return _gathered(request, gateway, texts, made, strict=strict)


async def translate_stream(
    request: TranslationRequest, gateway: ModelGateway, vocabulary: Vocabulary
) -> AsyncGenerator[TranslationDelta | TranslationCompleted]:
    """Translate all texts at once and yield their pieces as they come."""
    texts = await _prepared(request, vocabulary, blank_stays=False)
    made: list[Outcome] = [_NOTHING] * len(texts)
    async with aclosing(merged([_streamed(text, gateway) for text in texts])) as items:
        async for index, item in items:
            if isinstance(item, str):
                yield TranslationDelta.model_construct(type="delta", text=item, index=index)
            else:
                made[index] = item
    result = _gathered(request, gateway, texts, made)
    yield TranslationCompleted.model_construct(type="completed", result=result)


async def _prepared(
    request: TranslationRequest, vocabulary: Vocabulary, *, blank_stays: bool
) -> list[Text | GroundworkError]:
    glossary = glossary_of(request, vocabulary)
    size = sum(map(len, request.text))
    return await aside(
        lambda: prepared(request, glossary, blank_stays=blank_stays), characters=size
    )


async def _translated(pieces: Sequence[Piece], gateway: ModelGateway) -> list[Outcome]:
    """What became of each piece; one whose tags do not come back is made of smaller ones."""
    asked = await outcomes([FEATURE.ask(piece.unit, gateway) for piece in pieces])
    made = [_written(*pair) for pair in zip(pieces, asked, strict=True)]
    smaller = {
        index: piece.smaller()
        for index, (piece, outcome) in enumerate(zip(pieces, made, strict=True))
        if piece.smaller and isinstance(outcome, ModelError)
    }
    if smaller:
        left = [piece for parts in smaller.values() for piece in _pieces(parts)]
        again = iter(await _translated(left, gateway))
        for index, parts in smaller.items():
            first, whole = asked[index], _joined(parts, again)
            if isinstance(first, Result) and isinstance(whole, Result):
                checks = (*whole.checks, Check("markup", kept=True))
                usage = first.usage + whole.usage
                whole = replace(whole, usage=usage, checks=checks, repaired=True)
            made[index] = whole
    return made


def _written(piece: Piece, outcome: Outcome) -> Outcome:
    """A result with what stands in the text."""
    if isinstance(outcome, GroundworkError):
        return outcome
    text = piece.written(outcome.output)
    if text is None:
        return ModelOutputInvalid("The translation does not have the tags of its text.")
    return replace(outcome, output=text)


def _joined(parts: Sequence[Part], made: Iterator[Outcome]) -> Outcome:
    """A text out of its parts, or what its first piece failed with.

    Args:
        parts: the text's.
        made: what became of its pieces, in order; takes as many as there are.
    """
    results: list[Result[str]] = []
    failed: GroundworkError | None = None
    for part in parts:
        outcome = replace(_NOTHING, output=part) if isinstance(part, str) else next(made)
        if isinstance(outcome, Result):
            results.append(outcome)
        else:
            failed = failed or outcome
    if failed or len(parts) == 1:
        return failed or results[0]
    return Result(
        "".join(result.output for result in results),
        max((result.completion for result in results), key=lambda made: made.model),
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


async def _streamed(
    text: Text | GroundworkError, gateway: ModelGateway
) -> AsyncGenerator[str | Outcome]:
    """One text's translation as it comes, piece after piece, and its outcome at the end."""
    if isinstance(text, GroundworkError):
        yield text
        return
    made: list[Outcome] = []
    try:
        for part in text.parts:
            if isinstance(part, str):
                if part and text.streams:
                    yield part
            elif not text.streams:
                made += await _translated([part], gateway)
            else:
                async with aclosing(FEATURE.stream(part.unit, gateway)) as items:
                    async for item in items:
                        if isinstance(item, Chunk):
                            yield item.text
                        else:
                            made.append(_written(part, item))
    except GroundworkError as error:
        yield error
    else:
        yield _joined(text.parts, iter(made))


def _pieces(parts: Iterable[Part]) -> list[Piece]:
    return [part for part in parts if isinstance(part, Piece)]


def _gathered(
    request: TranslationRequest,
    gateway: ModelGateway,
    texts: Sequence[Text | GroundworkError],
    made: Sequence[Outcome],
    *,
    strict: bool = False,
) -> TranslationResult:
    """The response, or the first error where there is nothing but errors."""
    errors = [outcome for outcome in made if isinstance(outcome, GroundworkError)]
    if errors and (strict or len(errors) == len(made)):
        raise errors[0]
    results = [outcome for outcome in made if isinstance(outcome, Result)]
    return TranslationResult.model_construct(
        translations=[_translation(request, *pair) for pair in zip(texts, made, strict=True)],
        model=max((result.completion.model for result in results), default="") or gateway.model,
        usage=TokenUsage.of(sum((result.usage for result in results), Usage())),
    )


def _translation(
    request: TranslationRequest, text: Text | GroundworkError, outcome: Outcome
) -> Translation:
    code = score = failed = None
    if isinstance(text, Text):
        code, score = base(text.language.code), round(text.language.score, 3)
    if isinstance(outcome, GroundworkError):
        failed, outcome = outcome, _NOTHING
    return Translation.model_construct(
        text=None if failed else outcome.output,
        detected_source_language=None if code == UNKNOWN else code,
        detection_score=None if request.source_lang else score,
        billed_characters=len(text.source) if isinstance(text, Text) and not failed else 0,
        checks=[CheckResult.of(check) for check in outcome.checks],
        repaired=outcome.repaired,
        problem=problem_of(failed) if failed else None,
    )
