"""What a proof is: code that looks at an output and says what it finds, never what a text means."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

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
        f"{verb} {_listed(things)}"
        for verb, things in (("lacks", check.missing), ("must not have", check.unexpected))
        if things
    ]
    return f"It {' and '.join(clauses) or 'is wrong'} ({check.name.replace('_', ' ')})."


def _listed(things: Sequence[str]) -> str:
    named = [t if len(t) <= _LONGEST_NAME else f"{t[: _LONGEST_NAME - 1]}…" for t in things]
    more = len(things) - _MOST_NAMED
    return ", ".join(named[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
