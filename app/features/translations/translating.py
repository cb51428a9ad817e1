"""A request's texts through the model, each with an outcome of its own."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from itertools import islice

from app.detection import UNKNOWN
from app.errors import GroundworkError
from app.features.concurrency import aside, merged, outcomes
from app.features.feature import Delta, Result
from app.features.languages import base
from app.features.translations.glossaries import glossary_of
from app.features.translations.protection import StreamRestorer
from app.features.translations.schemas import (
    FidelityCheck,
    Translation,
    TranslationCompleted,
    TranslationDelta,
    TranslationRequest,
    TranslationResult,
    TranslationUnit,
)
from app.features.translations.texts import Text, prepared
from app.features.translations.translator import Translator
from app.features.wire import TokenUsage
from app.gateway import ModelGateway, Usage
from app.problems import problem_of
from app.vocabulary import Vocabulary

Outcome = list[Result[str]] | GroundworkError


async def translate(
    feature: Translator,
    request: TranslationRequest,
    gateway: ModelGateway,
    vocabulary: Vocabulary,
    *,
    strict: bool = False,
) -> TranslationResult:
    """Translate all texts of a request, several pieces at once.

    Raises:
        GroundworkError: what the first text failed with, when every text did; with ``strict``,
            when any did.
    """
    glossary = glossary_of(request, vocabulary)
    size = sum(map(len, request.text))
    texts = await aside(
        lambda: prepared(request, glossary, small=gateway.traits.small), characters=size
    )
    units = [unit for text in texts if isinstance(text, Text) for unit in text.units]
    results = iter(await outcomes([feature.run(unit, gateway) for unit in units]))
    made = [
        text if isinstance(text, GroundworkError) else _outcome(islice(results, len(text.units)))
        for text in texts
    ]
    return await aside(
        lambda: _gathered(request, gateway, texts, made, strict=strict), characters=size
    )


async def translate_stream(
    feature: Translator,
    request: TranslationRequest,
    gateway: ModelGateway,
    vocabulary: Vocabulary,
) -> AsyncGenerator[TranslationDelta | TranslationCompleted]:
    """Translate all texts at once and yield their pieces as they come."""
    glossary = glossary_of(request, vocabulary)
    size = sum(map(len, request.text))
    texts = await aside(
        lambda: prepared(request, glossary, small=gateway.traits.small), characters=size
    )
    made: list[Outcome] = [[] for _ in texts]
    streams = [_streamed(feature, text, gateway) for text in texts]
    async with aclosing(merged(streams)) as items:
        async for index, item in items:
            if isinstance(item, str):
                yield TranslationDelta(type="delta", index=index, text=item)
            else:
                made[index] = item
    result = await aside(lambda: _gathered(request, gateway, texts, made), characters=size)
    yield TranslationCompleted(type="completed", result=result)


async def _streamed(
    feature: Translator, text: Text | GroundworkError, gateway: ModelGateway
) -> AsyncGenerator[str | Outcome]:
    """One text's translation as it comes, piece after piece, and its outcome at the end.

    A text with tags has no pieces to show, since they are put in at the end.
    """
    if isinstance(text, GroundworkError):
        yield text
        return
    results: list[Result[str]] = []
    try:
        async with aclosing(_pieces(feature, text, gateway)) as items:
            async for item in items:
                if isinstance(item, Result):
                    results.append(item)
                elif text.markup is None and item:
                    yield item
    except GroundworkError as error:
        yield error
    else:
        yield results


async def _pieces(
    feature: Translator, text: Text, gateway: ModelGateway
) -> AsyncGenerator[str | Result[str]]:
    for node in text.nodes:
        for part, space in zip(node.parts, node.pieces.spaces(spaced=text.spaced), strict=True):
            yield space
            if isinstance(part, str):
                yield part
                continue
            async with aclosing(_unit(feature, part, gateway)) as items:
                async for item in items:
                    yield item
        yield node.pieces.after


async def _unit(
    feature: Translator, unit: TranslationUnit, gateway: ModelGateway
) -> AsyncGenerator[str | Result[str]]:
    restorer = StreamRestorer(unit.protected) if unit.masked else None
    async with aclosing(feature.stream(unit, gateway)) as items:
        async for item in items:
            if isinstance(item, Delta):
                yield restorer.feed(item.text) if restorer else item.text
                continue
            if restorer:
                yield restorer.flush()
            yield item


def _outcome(results: Iterable[Result[str] | GroundworkError]) -> Outcome:
    good: list[Result[str]] = []
    for result in results:
        if isinstance(result, GroundworkError):
            return result
        good.append(result)
    return good


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
    results = [result for outcome in made if isinstance(outcome, list) for result in outcome]
    return TranslationResult.model_construct(
        translations=[_translation(request, *pair) for pair in zip(texts, made, strict=True)],
        model=results[0].model if results else gateway.model,
        usage=TokenUsage.of(sum((result.usage for result in results), Usage())),
    )


def _translation(
    request: TranslationRequest, text: Text | GroundworkError, outcome: Outcome
) -> Translation:
    if isinstance(text, GroundworkError):
        return _failed(text, None, None)
    code, score = base(text.language.code), text.language.score
    detected = None if code == UNKNOWN else code
    known_score = None if request.source_lang else round(score, 3)
    if isinstance(outcome, GroundworkError):
        return _failed(outcome, detected, known_score)
    outputs = [result.output for result in outcome]
    whole, checks = text.assembled(outputs, shaped=request.preserve_formatting)
    return Translation.model_construct(
        text=whole,
        detected_source_language=detected,
        detection_score=known_score,
        billed_characters=len(text.source),
        checks=[
            FidelityCheck.model_construct(
                check=check.name,
                kept=check.kept,
                missing=list(check.missing),
                unexpected=list(check.unexpected),
            )
            for check in checks
        ],
        repaired=any(result.repairs for result in outcome),
        problem=None,
    )


def _failed(error: GroundworkError, language: str | None, score: float | None) -> Translation:
    return Translation.model_construct(
        text=None,
        detected_source_language=language,
        detection_score=score,
        billed_characters=0,
        checks=[],
        repaired=False,
        problem=problem_of(error),
    )
