"""What is said without the model, in the question's language."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from app.features.languages import base


@dataclass(frozen=True, slots=True)
class Phrases:
    """A language's sentences.

    Attributes:
        unknown: the documents do not tell.
        handoff: a human takes over.
        clarify: asks back; ``{options}`` stands for what may be meant.
    """

    unknown: str
    handoff: str
    clarify: str


_BY_LANGUAGE: Final = TypeAdapter(dict[str, Phrases]).validate_json(
    Path(__file__).with_name("phrases.json").read_bytes()
)


def phrases_of(language: str) -> Phrases:
    """A language's sentences; English where we have none."""
    return _BY_LANGUAGE.get(base(language), _BY_LANGUAGE["EN"])
