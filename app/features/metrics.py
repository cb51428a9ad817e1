"""How well a value meets what is expected of it: the metrics that a case may name.

Each is a function ``(expected, got)`` to 0..1. ``got`` is the value in the response at the case's
path, or None where there is nothing; text is compared without case (``str.casefold``).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_type_hints

import regex
from pydantic import AfterValidator, ConfigDict, Field, JsonValue, TypeAdapter, with_config
from pydantic_core import to_json
from typing_extensions import TypedDict

from app.features.verbatim import bare

_REGEX_SECONDS: Final = 0.5
_REFUSED: Final = "model-refused"
_STRICT: Final = ConfigDict(extra="forbid", strict=True)  # what a case says is not guessed at

Score = Callable[[Any, Any], float]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: what compares, what may be expected, and the same in words for who gave other."""

    score: Score
    expects: TypeAdapter[Any]
    right: str


METRICS: Final[dict[str, Metric]] = {}


def _metric(right: str) -> Callable[[Score], Score]:
    """Put a function among the metrics: it takes what its ``expected`` is annotated with."""

    def add(score: Score) -> Score:
        kind = get_type_hints(score, include_extras=True)["expected"]
        expects = TypeAdapter(kind, config=None if kind is _Span else _STRICT)
        METRICS[score.__name__] = Metric(score, expects, right)
        return score

    return add


def _compiles(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise ValueError(str(error)) from None
    return pattern


_SOME: Final = Field(min_length=1)
_Text = Annotated[str, _SOME]
_Texts = Annotated[list[_Text], _SOME]
_Facts = Annotated[list[_Text | _Texts], _SOME]
_Values = Annotated[list[str | int | float | bool | None], _SOME]
_Names = Annotated[list[_Text | None], _SOME] | str | None
_Pattern = Annotated[_Text, AfterValidator(_compiles)]


@with_config(_STRICT)
class _Span(TypedDict):
    value: float
    by: Annotated[float, Field(ge=0)]


@_metric("any value")
def exact(expected: JsonValue, got: Any) -> float:
    """It is that very value; true is not 1."""
    if _is_number(expected) and _is_number(got):
        return float(expected == got)
    return float(_canonical(expected) == _canonical(got))


@_metric('a list of values, such as ["low", "medium"]')
def one_of(expected: _Values, got: Any) -> float:
    """It is one of the values; text without case."""
    return float(any(exact(_folded(each), _folded(got)) for each in expected))


@_metric('a list of facts, each a text or a list of its wordings, as [["45 days", "45-day"]]')
def contains(expected: _Facts, got: Any) -> float:
    """The share of facts that stand there, each in one of its wordings."""
    said = _text(got)
    facts = [[fact] if isinstance(fact, str) else fact for fact in expected]
    found = [any(wording.casefold() in said for wording in fact) for fact in facts]
    return sum(found) / len(found)


@_metric('a list of texts, such as ["60"]')
def absent(expected: _Texts, got: Any) -> float:
    """None of the texts stands there."""
    said = _text(got)
    return float(not any(text.casefold() in said for text in expected))


@_metric("a regular expression")
def matches(expected: _Pattern, got: Any) -> float:
    """The regular expression (of the ``regex`` library) finds something in it."""
    said = got if isinstance(got, str) else _text(got)
    try:
        return float(bool(regex.search(expected, said, timeout=_REGEX_SECONDS)))
    except TimeoutError:
        return 0.0


@_metric('a number and a distance, such as {"value": 39, "by": 0.5}')
def within(expected: _Span, got: Any) -> float:
    """It is a number, at most ``by`` away from ``value``."""
    return float(_is_number(got) and abs(got - expected["value"]) <= expected["by"])


@_metric("a name, null, or a list of them")
def name(expected: _Names, got: Any) -> float:
    """It is one of the names, as catalogues are read: without case, spaces and hyphens."""
    names = expected if isinstance(expected, list) else [expected]
    return float(bare(str(got or "")) in [bare(each or "") for each in names])


@_metric("a text")
def chrf(expected: _Text, got: Any) -> float:
    """chrF2 of a sentence (Popović 2015) by sacrebleu, to 1."""
    import sacrebleu  # noqa: PLC0415 # takes half a second, and the service starts without it

    return sacrebleu.sentence_chrf(got if isinstance(got, str) else "", [expected]).score / 100


@_metric("a list")
def overlap(expected: list[JsonValue], got: Any) -> float:
    """F1 of two sets; text without case."""
    wanted, found = (
        {_canonical(_folded(each)) for each in side} for side in (expected, _list(got))
    )
    both = len(wanted) + len(found)
    return 2 * len(wanted & found) / both if both else 1.0


@_metric("a list of sentences of the documents")
def sources(expected: _Texts, got: Any) -> float:
    """The quote of a citation holds one of the sentences, or stands in it, word for word."""
    quotes = [str(each.get("quote", "")) for each in _list(got) if isinstance(each, dict)]  # pyright: ignore
    pairs = [(quote, sentence) for quote in quotes if quote for sentence in expected]
    return float(any(quote in sentence or sentence in quote for quote, sentence in pairs))


@_metric("true")
def refusal(expected: Literal[True], got: Any) -> float:
    """The service answered that the model refused; the path is of no account."""
    return float(expected and got == _REFUSED)


@_metric("a criterion in words")
def judge(expected: _Text, got: Any) -> float:
    """The model's own verdict on whether the criterion is met (``app.evaluation.judge``)."""
    raise NotImplementedError(expected, got)  # it is asked, not computed


JUDGED: Final = judge.__name__
REFUSAL: Final = refusal.__name__


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _text(value: Any) -> str:
    """Any value as text: nothing is empty, what is no text reads as JSON."""
    if value is None:
        return ""
    return (value if isinstance(value, str) else to_json(value).decode()).casefold()
