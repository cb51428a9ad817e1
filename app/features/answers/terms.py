"""Check, without a model, that an answer rests on the documents it was given."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_NEEDED_SHARE: Final = (
    0.5  # of the question's and of the answer's words, in one and the same document
)
_STEM_LENGTH: Final = 5
_WORD: Final = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+")
_UNIT: Final = re.compile(r"\d\s*([^\W\d_]{2,})")  # the word after a number
_COUNTS: Final = """two zwei deux dos, three drei trois tres, four vier quatre cuatro, five funf cinq cinco,
    six sechs seis, seven sieben sept siete, eight acht huit ocho, nine neun neuf nueve, ten zehn dix diez"""
_FILLERS: Final = """
    a about all along also am an and any are as at be been by can could did do does for from get had has have how i if
    in into is it its long many may me much must my need no not of often on one or our should so take than that the
    their there these they this to up us was we what when where which who why will with within would yes you your aber
    als auch auf aus bei bin das dem den der des die ein eine einem einen einer es fur gilt haben hat ich ihr ihre
    ihren im ist ja kann konnen man mein meine meinen mit nach nein nicht oder sich sie sind und uns unser viel von
    wann was welche wenn wer wie wir wird wo zu zum zur au aux avec ce ces cette comment dans de du elle en est et il
    ils je la le les leur mon ne non notre nous oui ou par pas pour quand que quel quelle quelles quels qui sa se ses
    son sont sur un une vos votre vous al como con cual cuanto del donde el esta este hay lo los las mi o para pero por
    puedo su sus tienen una y"""
_SKIPPED: Final = frozenset(_FILLERS.split())
_DIGITS: Final = {
    word: str(count) for count, row in enumerate(_COUNTS.split(","), 2) for word in row.split()
}


def is_supported(question: str, documents: Sequence[str], answer: str) -> bool:
    """Tell whether the documents carry the answer, judged by numbers and content words alone.

    Args:
        question: What the user asked.
        documents: The documents given to the model, each as its title and text.
        answer: What the model said.

    Returns:
        True if each number in the answer and its unit occur in a document or the question, each code in the question
        (`E7`) in a document, and one document holds at least half of the question's and half of the answer's words.
    """
    asked, said, sources = (
        terms(question),
        terms(answer),
        [terms(document) for document in documents],
    )
    known = frozenset[str]().union(*sources)
    codes = {term for term in _with_digit(asked) if term[0].isalpha()}
    amounts = _with_digit(said) | terms(" ".join(_UNIT.findall(answer)))
    if not (codes <= known and amounts <= known | asked):
        return False
    topic = asked - _with_digit(asked)
    return any(
        min(_share(topic, source), _share(said, source)) >= _NEEDED_SHARE for source in sources
    )


def terms(text: str) -> frozenset[str]:
    """Reduce a text to its numbers and the stems of its content words, without case and accents."""
    folded = "".join(
        char
        for char in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(char)
    )
    words: list[str] = _WORD.findall(folded)
    kept = (
        _DIGITS.get(word, word)
        for word in words
        if word not in _SKIPPED and (len(word) > 1 or word.isdigit())
    )
    return frozenset(
        w[:_STEM_LENGTH].rstrip("s") if w.isalpha() else w.replace(",", ".") for w in kept
    )


def _with_digit(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if not word.isalpha())


def _share(wanted: frozenset[str], source: frozenset[str]) -> float:
    return len(wanted & source) / len(wanted) if wanted else 1.0
