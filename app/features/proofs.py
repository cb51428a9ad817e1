"""What a proof is: code that looks at an output and says what it finds, never what a text means.

Those that a feature takes by name look at what was read and what was said, as texts.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from app.features.files import text_of
from app.features.spans import emails, emoji, figures, placeholders, tags, urls
from app.features.verbatim import copied, in_catalogue

In = TypeVar("In")
Out = TypeVar("Out")

_MOST_NAMED: Final = 8  # things in a finding
_LONGEST_NAME: Final = 60  # characters


@dataclass(frozen=True, slots=True)
class Check:
    """What one proof found.

    Attributes:
        name: what was looked at.
        kept: whether it is as it has to be.
        missing: what is lacking, as often as it lacks.
        unexpected: what should not be there.
        repairable: whether the model is asked to put it right; what is not is only reported.
        advice: what would be right, where the lists do not tell.
    """

    name: str
    kept: bool
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    repairable: bool = True
    advice: str = ""


Proof = Callable[[In, Out], Check | None]
"""Looks at a request and its output; None where there is nothing to look at."""


def counted(
    name: str, wanted: Iterable[str], found: Iterable[str], *, repairable: bool = True
) -> Check | None:
    """Whether each thing is found as often as it is wanted; None where there are none."""
    here, there = Counter(wanted), Counter(found)
    if not (here or there):
        return None
    missing, unexpected = tuple((here - there).elements()), tuple((there - here).elements())
    return Check(name, not (missing or unexpected), missing, unexpected, repairable)


def flaws_in(checks: Iterable[Check]) -> list[Check]:
    """What the model could put right."""
    return [check for check in checks if check.repairable and not check.kept]


def finding_of(checks: Iterable[Check]) -> str:
    """What the model could put right, in words for it; nothing if there is nothing."""
    return "\n".join(map(_sentence, flaws_in(checks)))


def _sentence(check: Check) -> str:
    if check.advice:
        return check.advice
    clauses = [
        f"{verb} {_named(things)}"
        for verb, things in (("lacks", check.missing), ("must not have", check.unexpected))
        if things
    ]
    return f"It {' and '.join(clauses) or 'is wrong'} ({check.name.replace('_', ' ')})."


def _named(things: Sequence[str]) -> str:
    named = [t if len(t) <= _LONGEST_NAME else f"{t[: _LONGEST_NAME - 1]}…" for t in things]
    more = len(things) - _MOST_NAMED
    return ", ".join(named[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
]


class Where(BaseModel):
    """What a proof looks at; by default, all texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: Names = Field(default=(), description="Fields of the output.")
    input: Names = Field(default=(), description="Fields of the input.")


class Length(Where):
    """At most so many characters."""

    characters: int = Field(ge=1)


class Catalogue(Where):
    """Exact names, here or in a file with one a line, in the folder that is the context."""

    values: tuple[str, ...] = ()
    file: Path | None = None

    @model_validator(mode="after")
    def _with_names(self, info: ValidationInfo) -> "Catalogue":
        if bool(self.values) == bool(self.file):
            raise ValueError('it has values = ["…"] or file = "names.txt"')
        if self.file is None:
            return self
        folder: Any = info.context
        text = text_of(folder / self.file)
        if not (names := tuple(line.strip() for line in text.splitlines() if line.strip())):
            raise ValueError(f"{self.file} has no names, one a line")
        return self.model_copy(update={"values": names})


def _line_breaks(text: str) -> list[str]:
    lines = text.strip().splitlines()[1:]
    return ["line break" if line.strip() else "blank line" for line in lines]


_FINDERS: Final[Mapping[str, Callable[[str], list[str]]]] = {
    "placeholders": placeholders,
    "urls": urls,
    "emails": emails,
    "emoji": emoji,
    "numbers": figures,
    "line_breaks": _line_breaks,
    "markup": tags,
}
_REPORTED: Final = frozenset({"numbers"})  # a language may write them out


def keeps(name: str, read: str, said: str) -> Check | None:
    """Whether what was said has the same of something, each as often as what was read."""
    find = _FINDERS[name]
    return counted(name, find(read), find(said), repairable=name not in _REPORTED)


def adds_no(name: str, read: str, said: str) -> Check | None:
    """Whether what was said has nothing of a kind that what was read has not."""
    find = _FINDERS[name]
    if not (found := find(said)):
        return None
    known = set(find(read))
    new = tuple(dict.fromkeys(each for each in found if each not in known))
    return Check(f"adds_no_{name}", not new, unexpected=new, repairable=name not in _REPORTED)


def _of_all(
    proof: Callable[[str, str, str], Check | None],
    name: str,
    _where: Where,
    read: str,
    said: Sequence[str],
) -> Check | None:
    return proof(name, read, "\n".join(said))


def _max_length(most: Length, _read: str, said: Sequence[str]) -> Check:
    kept = all(len(text) <= most.characters for text in said)
    return Check("max_length", kept, advice=f"Write at most {most.characters} characters.")


def _one_line(_where: Where, _read: str, said: Sequence[str]) -> Check:
    kept = all(len(text.splitlines()) <= 1 for text in said)
    return Check("one_line", kept, advice="Write it in one line.")


def _verbatim_in(_where: Where, read: str, said: Sequence[str]) -> Check | None:
    return _listed("verbatim_in", said, copied(read, said)[1], "Copy word for word")


def _one_of_catalogue(catalogue: Catalogue, _read: str, said: Sequence[str]) -> Check | None:
    unknown = [text for text in said if in_catalogue(text, catalogue.values) is None]
    advice = f"Take one of {', '.join(catalogue.values)}"
    return _listed("one_of_catalogue", said, unknown, advice)


def _listed(name: str, said: Sequence[str], wrong: Iterable[str], advice: str) -> Check | None:
    wrong = tuple(wrong)
    advice = f"{advice}, not {', '.join(wrong)}." if wrong else ""
    return Check(name, not wrong, unexpected=wrong, advice=advice) if said else None


Look = Callable[[Any, str, Sequence[str]], Check | None]
"""Looks, by its arguments, at what was read, as one text, and at each text that was said."""

PROOFS: Final[Mapping[str, tuple[type[Where], Look]]] = {
    "max_length": (Length, _max_length),
    "one_line": (Where, _one_line),
    "verbatim_in": (Where, _verbatim_in),
    "one_of_catalogue": (Catalogue, _one_of_catalogue),
    **{f"keeps_{name}": (Where, partial(_of_all, keeps, name)) for name in _FINDERS},
    **{
        f"adds_no_{name}": (Where, partial(_of_all, adds_no, name))
        for name in ("numbers", "urls", "emails")
    },
}
"""By name: what its arguments are, in the context of the feature's folder, and what looks."""
