"""The operator's own words: products, intents and glossaries, read once at the start.

- ``GROUNDWORK_PRODUCTS``: a text file, one product's exact name a line.
- ``GROUNDWORK_INTENTS``: JSON Lines, each ``{"name": …, "description": …}``.
- ``GROUNDWORK_GLOSSARIES``: a folder of ``<name>.<source>-<target>.tsv`` files (``shop.en-de.tsv``),
  a source and a target term a line with a tab between them, as DeepL's glossaries are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, Field, ValidationError

from app.errors import ConfigurationError
from app.knowledge.terms import Terms
from app.settings import Settings

_GLOSSARY_FILE: Final = re.compile(r"(.+)\.([a-z]{2,3})-([a-z]{2,3})\.tsv", re.IGNORECASE)

Glossaries = Mapping[str, Mapping[tuple[str, str], Terms]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the operator named.

    Attributes:
        products: exact names; empty when there is no catalogue.
        intents: descriptions by name.
        glossaries: terms by the glossary's name and its pair of languages (``("EN", "DE")``).
    """

    products: tuple[str, ...]
    intents: Mapping[str, str]
    glossaries: Glossaries


class _Intent(BaseModel):
    name: str = Field(pattern=r"\S")
    description: str


def load_vocabulary(settings: Settings) -> Vocabulary:
    """Read what the settings name; a ``ConfigurationError`` names what is wrong, and where."""
    products = _lines("PRODUCTS", settings.products) if settings.products else ()
    return Vocabulary(
        products=tuple(dict.fromkeys(line.strip() for _, line in products)),
        intents=_intents(settings.intents) if settings.intents else {},
        glossaries=_glossaries(settings.glossaries) if settings.glossaries else {},
    )


def _intents(path: Path) -> Mapping[str, str]:
    intents: dict[str, str] = {}
    for number, line in _lines("INTENTS", path):
        try:
            intent = _Intent.model_validate_json(line)
        except ValidationError as error:
            right = '{"name": "…", "description": "…"}'
            what = f"GROUNDWORK_INTENTS: {path.name}:{number} must be {right}."
            raise ConfigurationError(what) from error
        intents[intent.name] = intent.description
    return intents


def _glossaries(folder: Path) -> Glossaries:
    glossaries: dict[str, dict[tuple[str, str], Terms]] = {}
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise ConfigurationError(f"GROUNDWORK_GLOSSARIES: cannot read {folder}.") from error
    for path in paths:
        if found := _GLOSSARY_FILE.fullmatch(path.name):
            pair = (found[2].upper(), found[3].upper())
            glossaries.setdefault(found[1], {})[pair] = _terms(path)
    return glossaries


def _terms(path: Path) -> Terms:
    terms: dict[str, str] = {}
    for number, line in _lines("GLOSSARIES", path):
        source, _, target = (part.strip() for part in line.partition("\t"))
        if not (source and target):
            msg = f"GROUNDWORK_GLOSSARIES: {path.name}:{number} must be a term, a tab and a term."
            raise ConfigurationError(msg)
        terms[source] = target
    return Terms(terms)


def _lines(setting: str, path: Path) -> list[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"GROUNDWORK_{setting}: cannot read {path}.") from error
    return [item for item in enumerate(text.splitlines(), start=1) if item[1].strip()]
