"""The sentences of an answer that state something, and those of a passage that may support it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex

from app.detection import UNKNOWN, detect
from app.features.answers.grounding.statements.reading import Reading, read
from app.features.answers.grounding.statements.terms import Term
from app.features.answers.grounding.statements.words import row
from app.sentences import spans

_MANNERS: Final = row("polite") | row("meta")
_LINE: Final = regex.compile(r"[^\n\r\u2028\u2029]+")
_ENDED: Final = regex.compile(r"[.!?:;。！？…|]['\"”’»)\]]*\s*\Z")
_BULLET: Final = regex.compile(r"\s*+(?:[-*•·–]\s++|\d{1,2}[.)]\s++)")
_QUESTION: Final = regex.compile(r"[?？؟]['\"”’»)\]]*\Z")
_UNKNOWN: Final = regex.compile(
    r"""\b(?:i\ (?:do\ not|don't|can(?:'t|not))\ (?:know|find|tell|say|have|see)|i'm\ not\ sure
    |(?:do(?:es)?\ not|don't|doesn't|no)\ (?:say|mention|specify|state|contain|include|provide|
      information|details?|mention)|not\ (?:mentioned|specified|stated|provided)
    |weiß\ ich\ (?:leider\ )?nicht|(?:sagen|steht|enthalten|geht)\b.{0,40}\bnicht|keine\ (?:angaben?|information\w*)
    |nicht\ (?:angegeben|erwähnt|hervor)
    |je\ ne\ (?:sais|trouve)|ne\ (?:dis\w+|mentionn\w+|précis\w+|le\ dis\w+)
    |no\ (?:lo\ )?s[eé]|no\ (?:dice\w*|menciona\w*|indica\w*|especifica\w*|lo\ dice\w*)
    |non\ (?:lo\ )?so|non\ (?:dic\w+|indica\w*|menziona\w*|lo\ dic\w+)
    |weet\ ik\ (?:helaas\ )?niet|vermeld\w*\ .{0,20}niet|staat\ .{0,30}niet)\b""",
    regex.VERBOSE | regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and what it says.

    Attributes:
        text: the sentence.
        start, end: where it stands in the text.
        reading: what it says.
    """

    text: str
    start: int
    end: int
    reading: Reading

    @property
    def says_something(self) -> bool:
        """Whether it has a content word that is none of courtesy, or a fact."""
        return any(term.is_fact or telling(term) for term in self.reading.terms)


def telling(term: Term) -> bool:
    """Whether it is a word that tells something: none of courtesy, nor about documents."""
    return term.kind in ("word", "name") and term.text not in _MANNERS


def language_of(text: str) -> str:
    """ISO 639-1 code of a text's language; English where it cannot be told."""
    code = detect(text)
    return "en" if code == UNKNOWN else code.lower()


@lru_cache(maxsize=1024)
def sentences(text: str, language: str) -> tuple[Sentence, ...]:
    """The sentences of a text in order; an item of a list and a row of a table is one at least."""
    return tuple(
        Sentence(text[start:end], start, end, read(text[start:end]))
        for first, last in _lines(text)
        for start, end in ((first + s, first + e) for s, e in spans(text[first:last], language))
    )


def claims_in(answer: str) -> list[Sentence]:
    """The sentences of an answer that state something.

    Courtesy, questions and "I don't know" do not.
    """
    return [s for s in sentences(answer, language_of(answer)) if _is_claim(s)]


def _is_claim(sentence: Sentence) -> bool:
    if _QUESTION.search(sentence.text):
        return False
    if _UNKNOWN.search(sentence.text.replace("’", "'")):
        return any(term.is_fact for term in sentence.reading.terms)
    return sentence.says_something or bool(sentence.reading.says)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of lines: a line that goes on in the next one, in small letters, is one with it."""
    start = end = -1
    for match in _LINE.finditer(text):
        if match[0].isspace():
            continue
        bare = match[0].lstrip()
        goes_on = (
            start >= 0 and bare[0].islower() and not _ENDED.search(text[max(start, end - 80) : end])
        )
        if not goes_on:
            if start >= 0:
                yield start, end
            bullet = _BULLET.match(match[0])
            start = match.start() + (bullet.end() if bullet else 0)
        end = match.end()
    if start >= 0:
        yield start, end
