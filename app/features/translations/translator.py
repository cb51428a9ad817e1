"""One piece of text on the model: the prompt of its pair of languages, checks, one repair."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import RootModel

from app.detection import UNKNOWN
from app.errors import ModelOutputTruncated
from app.features.feature import Example, Feature, Result
from app.features.languages import NAMES, base
from app.features.translations.fidelity import Check, compare, finding_of
from app.features.translations.schemas import PLAIN, Style, TranslationUnit
from app.gateway import Completion, ModelGateway, Prompt, PromptPrefix

_MOST_PREFIXES: Final = 256  # a caller's context and instructions make prefixes of their own
_MOST_TOKENS_OF_A_SMALL_MODEL: Final = 300  # of a piece; beyond, it goes round in circles
_MASKED: Final = "mask-1"

_FORMALITIES: Final = {
    "more": "Address the reader formally.",
    "prefer_more": "Address the reader formally.",
    "less": "Address the reader informally.",
    "prefer_less": "Address the reader informally.",
}


class _Sentence(RootModel[dict[str, str]]):
    """A line of ``parallel.jsonl``: a sentence in all languages, and its id."""


class Translator(Feature[TranslationUnit, str]):
    """Translates one piece; the few-shot examples are those of its pair of languages."""

    name = "translations"
    title = "Reviews into natural English or another language"
    folder = Path(__file__).parent
    input_type = TranslationUnit
    output_type = str
    max_tokens = 2048
    repairs = 1

    def __init__(self) -> None:
        super().__init__()
        lines = self._read_lines("parallel.jsonl", _Sentence)
        self._parallel = {line.root["id"]: line.root for line in lines}
        self._prefix_of = lru_cache(_MOST_PREFIXES)(self._pair_prefix)

    def body_of(self, text: str) -> dict[str, object]:
        return {"text": [text]}

    def render(self, request: TranslationUnit) -> str:
        return request.protected.text if request.masked else request.text.strip()

    def prefix(self, request: TranslationUnit) -> PromptPrefix:
        source = base(request.source_lang or UNKNOWN)
        return self._prefix_of(
            source,
            request.target_lang,
            request.style,
            small=request.masked,
            masked=request.masked and request.protected.has_masks,
            again=request.again,
        )

    async def run(self, request: TranslationUnit, gateway: ModelGateway) -> Result[str]:
        """Likewise; a small model that went round in circles is asked in another way."""
        try:
            return await super().run(request, gateway)
        except ModelOutputTruncated:
            if request.again or not request.masked:
                raise
        return await super().run(request.model_copy(update={"again": True}), gateway)

    def repair(
        self, request: TranslationUnit, prompt: Prompt, flawed: Completion, finding: str
    ) -> Prompt:
        """To a small model, the complaint would be one more text to translate."""
        if request.masked:
            return self.prompt(request.model_copy(update={"again": True}))
        return super().repair(request, prompt, flawed, finding)

    def check(self, request: TranslationUnit, output: str) -> str | None:
        """What the translation lacks or has too much of."""
        return finding_of(self._compared(request, output))

    def flaws(self, request: TranslationUnit, output: str) -> int | None:
        """A flawed translation is still worth having: the caller is told what is wrong."""
        checks = self._compared(request, output)
        return sum(1 + len(c.missing) + len(c.unexpected) for c in checks if not c.kept)

    def _compared(self, request: TranslationUnit, output: str) -> Sequence[Check]:
        return compare(
            request.text,
            self.restored(request, output),
            source_lang=base(request.source_lang or UNKNOWN),
            target_lang=base(request.target_lang),
            glossary=request.glossary,
        )

    def settle(self, request: TranslationUnit, output: str, gateway: ModelGateway) -> str:
        del gateway
        return self.restored(request, output)

    def restored(self, request: TranslationUnit, output: str) -> str:
        """The output with what was masked; of a small model, the first line: it got one."""
        if not request.masked:
            return output.strip()
        return request.protected.restore(output.strip().partition("\n")[0])

    def _pair_prefix(
        self, source: str, target: str, style: Style, *, small: bool, masked: bool, again: bool
    ) -> PromptPrefix:
        instruction = self.instruction.replace("{target_language}", NAMES[target])
        wishes = [_FORMALITIES.get(style.formality, ""), *style.instructions]
        if style.terms:
            terms = "; ".join(f"{term} = {translation}" for term, translation in style.terms)
            wishes.append(f"Use these terms: {terms}.")
        if style.context:
            wishes.append(f"Context, not to be translated: {style.context}")
        instruction = "\n".join(filter(None, (instruction, *wishes)))
        examples = self._examples_of(source, base(target), masked=masked)
        if again:
            examples.reverse()
        if not small:
            return self._make_prefix(instruction, examples)
        return self._make_prefix(
            instruction, examples, max_tokens=_MOST_TOKENS_OF_A_SMALL_MODEL, stop=("\n",)
        )

    def _examples_of(
        self, source: str, target: str, *, masked: bool
    ) -> list[Example[TranslationUnit, str]]:
        """Examples of a pair; for an unknown source, those that come from several languages."""
        own = [e for e in self.examples if e.input.target_lang == target]
        paired = [
            _example(line[source], target, line[target])
            for name, line in self._parallel.items()
            if source in line and name != _MASKED
        ]
        shown = paired or own or self._from_english(target)
        if masked:
            line = self._parallel[_MASKED]
            shown = [*shown, _example(line.get(source) or line["EN"], target, line[target])]
        return shown

    def _from_english(self, target: str) -> list[Example[TranslationUnit, str]]:
        return self._examples_of("EN", target, masked=False)


def _example(text: str, target: str, translation: str) -> Example[TranslationUnit, str]:
    unit = TranslationUnit(text=text, target_lang=target, style=PLAIN)
    return Example[TranslationUnit, str](input=unit, output=translation)
