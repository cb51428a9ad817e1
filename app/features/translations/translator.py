"""Reviews into natural English or another language."""

import re
from collections import defaultdict
from functools import partial
from itertools import chain
from typing import Any, Final

import regex
from pydantic import BaseModel, ConfigDict

from app.features.feature import Example, Feature, Texts
from app.features.proofs import Check, keeps
from app.features.translations.schemas import Formality, LanguageCode, TranslationRequest
from app.features.translations.sheets import compared, without_marks
from app.gateway import Completion, PromptPrefix, Turn, Untrusted
from app.languages import FORMAL, NAMES, base

_FIRST: Final = re.compile(r"(?:</?\d+/?>|\s)*+(.)")  # what is in no mark
_LAST: Final = regex.compile(r"(?r)([.!?…。！？ ]*+)((?:</?\d+/?>|\s)*+)\Z")  # read from its end
_ALIKE: Final = str.maketrans("。！？", ".!?")  # so that each language keeps its own


class Unit(BaseModel):
    """What the model translates at once: a text, or a piece of one.

    Attributes:
        text: it, without white space at its ends.
        target_lang, source_lang: codes; a source only where the caller named it.
        formality, context, instructions: as the caller wishes.
        terms: those that stand in the text, and what each has to become.
        shaped: whether to begin and end the translation as the text.
        marked: whether there are numbered marks in the text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    target_lang: LanguageCode
    source_lang: LanguageCode | None = None
    formality: Formality = "default"
    context: str | None = None
    instructions: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    shaped: bool = False
    marked: bool = False

    @property
    def size(self) -> int:
        """Bytes of what the caller says in it."""
        said = (self.text, self.context or "", *self.instructions, *chain(*self.terms))
        return sum(len(one.encode(errors="surrogatepass")) for one in said)


def _kept(name: str, unit: Unit, output: str) -> Check | None:
    """Whether a translation has the same of something, each as often as the text."""
    if not unit.marked:
        return keeps(name, unit.text, output)
    if name == "markup":
        return compared(unit.text, output)
    return keeps(name, without_marks(unit.text), without_marks(output))


def _glossary(unit: Unit, output: str) -> Check | None:
    """A term counts with an ending or within a compound."""
    if not unit.terms:
        return None
    said = output.casefold()
    missing = tuple(term for _, term in unit.terms if term.casefold() not in said)
    return Check("glossary", not missing, missing)


_SAME = ("placeholders", "urls", "emails", "emoji", "numbers", "line_breaks", "markup")
PROOFS = (*(partial(_kept, name) for name in _SAME), _glossary)


class Translator(Feature[Unit, str]):
    """Translates one unit.

    A language with several examples has a prefix of its own; all others share one that has an example
    for each of some languages. What a request wishes comes after its text.
    """

    def use(self, texts: Texts[Unit, str]) -> None:
        super().use(texts)
        into: dict[str, list[Example[Unit, str]]] = defaultdict(list)
        for example in self.examples:
            into[base(example.input.target_lang)].append(example)
        several = {code: group for code, group in into.items() if len(group) > 1}
        own = {code: self.make_prefix(examples=group) for code, group in several.items()}
        shared = self.make_prefix(examples=[group[0] for group in into.values()])
        self._prefixes = {code: own.get(base(code), shared) for code in NAMES}

    def render(self, request: Unit) -> str:
        return request.text

    def task(self, request: Unit) -> str:
        target, formality = request.target_lang, request.formality
        origin = f" from {NAMES[request.source_lang]}" if request.source_lang else ""
        wishes = [f"Translate it{origin} into {NAMES[target]}."]
        if formality != "default" and base(target) in FORMAL:
            how = "informally" if formality.endswith("less") else "formally"
            wishes[0] += f" Address the reader {how}."
        if request.marked:
            wishes += ["Keep each tag, such as <1> and </1>, around the words that it belongs to."]
        if request.terms:
            terms = "; ".join(f"{term} = {translation}" for term, translation in request.terms)
            wishes.append(f"Use these terms: {terms}.")
        return "\n".join((*wishes, *request.instructions))

    def turns(self, request: Unit) -> tuple[Turn, ...]:
        if not request.context:
            return super().turns(request)
        text, context = Untrusted(request.text), Untrusted(request.context)
        about = "What helps to understand it, not to be translated:"
        return (Turn("user", (text, about, context, self.task(request))),)

    def prefix(self, request: Unit) -> PromptPrefix:
        return self._prefixes[request.target_lang]

    def read(self, request: Unit, completion: Completion) -> str:
        output = completion.text.strip()
        return in_the_shape_of(request.text, output) if request.shaped else output


def in_the_shape_of(text: str, translation: str) -> str:
    """The translation with the text's first case and the same punctuation at the end, or none."""
    here, there = _FIRST.match(text), _FIRST.match(translation)
    if here and there:
        case = str.lower if here[1].islower() else str.upper if here[1].isupper() else str
        at = there.start(1)
        translation = translation[:at] + case(translation[at]) + translation[at + 1 :]
    mark = _end(text)
    if mark == _end(translation):
        return translation
    last: Any = _LAST.search(translation)
    return translation[: last.start()] + mark + last[2]


def _end(text: str) -> str:
    last: Any = _LAST.search(text)
    return last[1].strip()[-1:].translate(_ALIKE)


FEATURE = Translator(
    "translations",
    asks=Unit,
    gives=str,
    proofs=PROOFS,
    max_tokens=2048,
    takes=TranslationRequest,
    metrics={"translations.0.text": "chrf"},
)
