"""A request's texts through the model, each with an outcome of its own."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

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
from app.gateway import Chunk, ModelGateway, Usage
from app.knowledge.vocabulary import Vocabulary
from app.languages import UNKNOWN, base
from app.web.problems import problem_of


class TranslationCompleted(Completed[TranslationResult]):
    """The end of a stream that went well."""


@dataclass(frozen=True, slots=True)
class Done:
    """A translation of a text, or of a part of one, and what it took."""

    text: str
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    checks: tuple[Check, ...] = ()
    repaired: bool = False


Outcome = Done | GroundworkError


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
    made: list[Outcome] = [Done("")] * len(texts)
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
    made = [_done(*pair) for pair in zip(pieces, asked, strict=True)]
    smaller = {
        index: piece.smaller()
        for index, (piece, done) in enumerate(zip(pieces, made, strict=True))
        if piece.smaller and isinstance(done, ModelError)
    }
    if smaller:
        left = [piece for parts in smaller.values() for piece in _pieces(parts)]
        again = iter(await _translated(left, gateway))
        for index, parts in smaller.items():
            made[index] = _with_tags(_joined(parts, again), asked[index])
    return made


def _done(piece: Piece, result: Result[str] | GroundworkError) -> Outcome:
    if isinstance(result, GroundworkError):
        return result
    text = piece.written(result.output)
    if text is None:
        return ModelOutputInvalid("The translation has not the tags of its text.")
    return Done(text, result.completion.model, result.usage, result.checks, result.repaired)


def _with_tags(done: Outcome, first: Result[str] | GroundworkError) -> Outcome:
    """What was made of smaller pieces, with what the first attempt took."""
    if isinstance(done, GroundworkError):
        return done
    spent = first.usage if isinstance(first, Result) else Usage()
    checks = (*done.checks, Check("markup", kept=True))
    return replace(done, usage=done.usage + spent, checks=checks, repaired=True)


def _joined(parts: Iterable[Part], made: Iterator[Outcome]) -> Outcome:
    """A text out of its parts, or what its first piece failed with.

    Args:
        parts: the text's.
        made: what became of its pieces, in order; takes as many as there are.
    """
    done = [part if isinstance(part, str) else next(made) for part in parts]
    if failed := next((part for part in done if isinstance(part, GroundworkError)), None):
        return failed
    told = [part for part in done if isinstance(part, Done)]
    if len(done) == len(told) == 1:
        return told[0]
    checks: dict[str, Check] = {}
    for check in (check for part in told for check in part.checks):
        seen = checks.get(check.name, replace(check, kept=True, missing=(), unexpected=()))
        checks[check.name] = replace(
            check,
            kept=seen.kept and check.kept,
            missing=seen.missing + check.missing,
            unexpected=seen.unexpected + check.unexpected,
        )
    return Done(
        "".join(part.text if isinstance(part, Done) else str(part) for part in done),
        told[0].model if told else None,
        sum((part.usage for part in told), Usage()),
        tuple(checks.values()),
        any(part.repaired for part in told),
    )


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
                            made.append(_done(part, item))
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
    done = [outcome for outcome in made if isinstance(outcome, Done)]
    return TranslationResult.model_construct(
        translations=[_translation(request, *pair) for pair in zip(texts, made, strict=True)],
        model=next((part.model for part in done if part.model), gateway.model),
        usage=TokenUsage.of(sum((part.usage for part in done), Usage())),
    )


def _translation(
    request: TranslationRequest, text: Text | GroundworkError, outcome: Outcome
) -> Translation:
    code = score = None
    if isinstance(text, Text):
        code, score = base(text.language.code), round(text.language.score, 3)
    done = outcome if isinstance(outcome, Done) else Done("")
    failed = outcome if isinstance(outcome, GroundworkError) else None
    return Translation.model_construct(
        text=None if failed else done.text,
        detected_source_language=None if code == UNKNOWN else code,
        detection_score=None if request.source_lang else score,
        billed_characters=0 if failed or isinstance(text, GroundworkError) else len(text.source),
        checks=[CheckResult.of(check) for check in done.checks],
        repaired=done.repaired,
        problem=problem_of(failed) if failed else None,
    )
