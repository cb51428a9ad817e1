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


class TranslationCompleted(Completed[TranslationResult]):
    """The end of a stream that went well."""


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
    pieces = [piece for text in texts for piece in _pieces(text.parts)]
    pieced = iter(await _translated(pieces, gateway))
    made = [text.problem or _joined(text.parts, pieced) for text in texts]
    return _gathered(request, gateway, texts, made, strict=strict)


async def translate_stream(
    request: TranslationRequest, gateway: ModelGateway, vocabulary: Vocabulary
) -> AsyncGenerator[TranslationDelta | TranslationCompleted]:
    """Translate all texts at once and yield their pieces as they come."""
    texts = await _prepared(request, vocabulary)
    made: list[Outcome] = [text.problem or _NOTHING for text in texts]
    async with aclosing(merged([_streamed(text, gateway) for text in texts])) as items:
        async for index, item in items:
            if isinstance(item, str):
                yield TranslationDelta(type="delta", text=item, index=index)
            else:
                made[index] = item
    result = _gathered(request, gateway, texts, made)
    yield TranslationCompleted(type="completed", result=result)


async def _prepared(
    request: TranslationRequest, vocabulary: Vocabulary, *, blank_stays: bool = False
) -> list[Text]:
    glossary = glossary_of(request, vocabulary)

    def prepare() -> list[Text]:
        return [
            prepared(source, f"/text/{index}", request, glossary)
            if source.strip() or not blank_stays
            else Text(source, [source])
            for index, source in enumerate(request.text)
        ]

    return await aside(prepare, characters=sum(map(len, request.text)))


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
    return outcome if text is outcome.output else replace(outcome, output=text)


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


async def _streamed(text: Text, gateway: ModelGateway) -> AsyncGenerator[str | Outcome]:
    """One text's translation as it comes, piece after piece, and its outcome at the end."""
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
        yield text.problem or _joined(text.parts, iter(made))


def _pieces(parts: Iterable[Part]) -> list[Piece]:
    return [part for part in parts if isinstance(part, Piece)]


def _gathered(
    request: TranslationRequest,
    gateway: ModelGateway,
    texts: Sequence[Text],
    made: Sequence[Outcome],
    *,
    strict: bool = False,
) -> TranslationResult:
    """The response, or the first error where there is nothing but errors."""
    errors = [outcome for outcome in made if isinstance(outcome, GroundworkError)]
    if errors and (strict or len(errors) == len(made)):
        raise errors[0]
    results = [outcome for outcome in made if isinstance(outcome, Result)]
    return TranslationResult(
        translations=[_translation(request, *pair) for pair in zip(texts, made, strict=True)],
        model=max((result.completion.model for result in results), default="") or gateway.model,
        usage=TokenUsage.model_validate(sum((result.usage for result in results), Usage())),
    )


def _translation(request: TranslationRequest, text: Text, outcome: Outcome) -> Translation:
    failed = outcome if isinstance(outcome, GroundworkError) else None
    result = outcome if isinstance(outcome, Result) else _NOTHING
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
