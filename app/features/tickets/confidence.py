"""How far to trust what the model read: held against words that tell without a model.

For urgency, category and sentiment there are lists of telling words in English, German, French,
Spanish, Italian, Portuguese and Dutch (``cues.json``). ``high``: the email has words for what the
model said, and none for anything else. ``low``: it has words for something else alone. ``medium``:
it has words for both, or for neither, or is in another language. No model's word about its own
certainty is asked for: it is not to be had from every upstream, and small models have none.
"""

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, TypeVar, cast

from app.detection import Detection
from app.features.tickets.schemas import Confidence

V = TypeVar("V", bound=str)

_OVERRULED: Final = frozenset({"urgency", "category"})
_SURE: Final = 0.9
_FAIRLY_SURE: Final = 0.5


def _read_cues() -> Mapping[str, Mapping[str, re.Pattern[str]]]:
    """Of each field, a pattern for each value that has telling words; all in folded case."""
    fields = json.loads((Path(__file__).parent / "cues.json").read_text("utf-8"))
    return {
        field: {
            value: re.compile(rf"(?<!\w)(?:{'|'.join(words)})") for value, words in values.items()
        }
        for field, values in fields.items()
    }


_CUES: Final = _read_cues()


def told_by_words(field: str, text: str) -> set[str]:
    """The values of a field that a text has telling words for."""
    folded = text.casefold()
    return {value for value, pattern in _CUES[field].items() if pattern.search(folded)}


def judged(field: str, said: V, text: str, *, small: bool) -> tuple[V, Confidence]:
    """A field's value and how far to trust it.

    Of a small model, urgency and category are overruled where the words tell one other value
    alone: on our cases that was right oftener than the model.

    Args:
        field: ``urgency``, ``category`` or ``sentiment``.
        said: its value, as the model says.
        text: what the customer wrote.
        small: the model is small.
    """
    told = told_by_words(field, text)
    if small and field in _OVERRULED and len(told) == 1 and said not in told:
        return cast("V", next(iter(told))), "low"
    return said, agreement(said, told)


def agreement(said: str, told: Collection[str]) -> Confidence:
    """How what the model said fits what the words tell."""
    if not told:
        return "medium"
    if said not in told:
        return "low"
    return "high" if len(told) == 1 else "medium"


def of_language(detection: Detection) -> Confidence:
    """Confidence in the language, by the detector's score."""
    if detection.score >= _SURE:
        return "high"
    return "medium" if detection.score >= _FAIRLY_SURE else "low"


def words_of(text: str) -> set[str]:
    """The beginnings of a text's words of four letters or more, which survive inflection."""
    return {word[:5] for word in re.findall(r"[^\W\d_]{4,}", text.casefold())}
