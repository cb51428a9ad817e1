"""Reviews into natural English, or any other language."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import cache
from pathlib import Path

from app.features.concurrency import merged, together
from app.features.detection import detect
from app.features.feature import Delta, Feature, Result
from app.features.languages import NAMES, base
from app.features.translations.schemas import (
    Translation,
    TranslationCompleted,
    TranslationDelta,
    TranslationRequest,
    Translations,
    TranslationUnit,
)
from app.features.wire import TokenUsage
from app.gateway import ModelGateway, PromptPrefix, Usage


class Translator(Feature[TranslationUnit, str]):
    """Translates one text; few-shot examples are those of the target language."""

    name = "translations"
    title = "Reviews into natural English or another language"
    folder = Path(__file__).parent
    input_type = TranslationUnit
    output_type = str
    max_tokens = 1024

    def __init__(self) -> None:
        super().__init__()
        self._prefix_for = cache(self._target_prefix)

    def body_of(self, text: str) -> dict[str, object]:
        return {"text": [text]}

    def render(self, request: TranslationUnit) -> str:
        return request.text.strip()

    def prefix(self, request: TranslationUnit) -> PromptPrefix:
        return self._prefix_for(request.target_lang)

    def _target_prefix(self, target: str) -> PromptPrefix:
        instruction = self.instruction.replace("{target_language}", NAMES[target])
        examples = [e for e in self.examples if e.input.target_lang == base(target)]
        return self._make_prefix(instruction, examples)


async def translate(
    feature: Translator, request: TranslationRequest, gateway: ModelGateway
) -> Translations:
    """Translate all texts of a request at once; if one fails, all are given up."""
    results = await together([feature.run(unit, gateway) for unit in _units(request)])
    return _gathered(request, results)


async def translate_stream(
    feature: Translator, request: TranslationRequest, gateway: ModelGateway
) -> AsyncGenerator[TranslationDelta | TranslationCompleted]:
    """Translate all texts at once and yield their pieces as they come."""
    results: dict[int, Result[str]] = {}
    streams = [feature.stream(unit, gateway) for unit in _units(request)]
    async with aclosing(merged(streams)) as items:
        async for index, item in items:
            if isinstance(item, Delta):
                yield TranslationDelta(type="delta", index=index, text=item.text)
            else:
                results[index] = item
    result = _gathered(request, [results[index] for index in range(len(streams))])
    yield TranslationCompleted(type="completed", result=result)


def _units(request: TranslationRequest) -> list[TranslationUnit]:
    return [TranslationUnit(text=text, target_lang=request.target_lang) for text in request.text]


def _gathered(request: TranslationRequest, results: list[Result[str]]) -> Translations:
    given = request.source_lang
    return Translations.model_construct(
        translations=[
            Translation.model_construct(
                text=result.output,
                detected_source_language=base(given) if given else detect(text),
            )
            for text, result in zip(request.text, results, strict=True)
        ],
        model=results[0].model,
        usage=TokenUsage.of(sum((result.usage for result in results), Usage())),
    )
