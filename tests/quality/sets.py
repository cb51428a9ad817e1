"""The sets that quality is measured on.

``cases`` are the features' own, which were seen while prompts were written. ``held out`` was written
by somebody who had seen neither prompts nor cases, and nobody tunes on it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from app.features import FeaturePackage, answers, tickets, translations
from app.features.cases import Case, read_cases

Name = Literal["tickets", "answers", "ordinary", "translations"]
Source = Literal["cases", "held out"]

PACKAGES: Final[dict[Name, FeaturePackage]] = {
    "tickets": tickets,
    "answers": answers,
    "ordinary": answers,
    "translations": translations,
}
_HELD_OUT: Final = Path(__file__).with_name("held_out")
_FILES: Final[dict[Name, str]] = {
    "tickets": "tickets.jsonl",
    "answers": "questions.jsonl",
    "ordinary": "ordinary.jsonl",
    "translations": "reviews.jsonl",
}


def cases_of(name: Name, source: Source) -> Sequence[Case]:
    """The cases of a set, in the order of the file; of tickets, those that ask for all of one."""
    feature = PACKAGES[name].FEATURE
    cases = feature.cases
    if source == "held out":
        cases = read_cases(_HELD_OUT / _FILES[name], feature.takes, feature.metrics)
    return [case for case in cases if name != "tickets" or case.expects("urgency", "exact")]
