"""The content words of a text, by which sentences are held against a question."""

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_STEM_LENGTH: Final = 5
_WORD: Final = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+")
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
    puedo su sus tienen una y
    come comes display displays get gets give just know like make makes need needs period please say says shall should
    show shows tell thanks use used using want window work works gibt bitte braucht kommt macht zeigt veux besoin"""
_SKIPPED: Final = frozenset(_FILLERS.split())
_DIGITS: Final = {
    word: str(count) for count, row in enumerate(_COUNTS.split(","), 2) for word in row.split()
}


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


def rarity(word: str, texts: Sequence[frozenset[str]]) -> float:
    """The inverse document frequency of a term over the terms of texts."""
    return math.log(1 + len(texts) / (1 + sum(word in text for text in texts)))
