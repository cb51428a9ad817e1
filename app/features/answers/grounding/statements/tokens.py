"""A text in words, numbers, codes, addresses and marks."""

from dataclasses import dataclass
from typing import Final

import regex

from app.features.answers.grounding.statements.words import fold

_DIGITS: Final = r"\d++(?:[.,'’]\d++|[ \u00A0\u202F]\d{3}(?!\d))*+"
# Each kind of token can only begin where the one before it ended, and all runs are possessive:
# the time is linear.
_TOKEN: Final = regex.compile(
    rf"""
    (?P<url>(?i:https?|ftp)://[^\s<>"“”«»]++
      |(?<![\w@.-])(?:[A-Za-z0-9-]++\.)++
       (?:com|org|net|io|eu|de|fr|es|it|nl|at|ch|uk|app|dev|shop|info|example|test)
       (?:/[^\s<>"“”«»]*+)?+(?![\w@-]))
    |(?P<email>(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++)
    |(?P<date>(?<![\d.,])(?:\d{{1,2}}(?P<sep>[./])\d{{1,2}}(?P=sep)\d{{4}}|\d{{4}}-\d\d-\d\d)
      (?![\d-]))
    |(?P<phone>(?<![\w.,])(?:\+\d|\(?0\d)(?:[ \u00A0()/-]{{0,2}}\d){{5,14}}(?!\w))
    |(?P<time>(?<![\d:.,])(?P<hour>[01]?\d|2[0-4])(?:
        [:h]\s?(?P<minute>[0-5]\d)(?::\d\d)?+(?:\s?(?:(?P<half>[ap])\.?\s?m\b\.?|Uhr\b|h\b))?+(?!\d)
        |(?:\.(?P<minute>[0-5]\d))?+\s?(?:(?P<half>[ap])\.?\s?m\b\.?|Uhr\b|o['’]clock\b)))
    |(?P<number>(?P<sign>(?<![^\s(])(?<!\d\s)[-−](?=\d))?+(?<![\p{{L}}\d])
        (?P<before>[€$£¥]\ ?)?+(?P<digits>{_DIGITS})
        (?P<tail>\p{{L}}++[\p{{L}}\d-]*+|\ ?[%€$£¥]|\ ?°\ ?[CF])?+)
    |(?P<code>\p{{L}}++-?\d[\p{{L}}\d]*+(?:[-.][\p{{L}}\d]++)*+)
    |(?P<word>[\p{{L}}\p{{M}}]++)
    |(?P<mark>\S)
    """,
    regex.V1 | regex.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number, a mark, ….

    Attributes:
        kind: the group of the pattern that found it.
        text: as written.
        folded: without case and accents.
        start: where it stands in the text.
        match: its parts.
    """

    kind: str
    text: str
    folded: str
    start: int
    match: "regex.Match[str]"

    def __getitem__(self, group: str) -> str:
        """A part of it; empty where there is none."""
        return self.match[group] or ""


def tokens_of(text: str) -> list[Token]:
    """All tokens of a text in order."""
    return [
        Token(match.lastgroup or "mark", match[0], fold(match[0]), match.start(), match)
        for match in _TOKEN.finditer(text)
    ]
