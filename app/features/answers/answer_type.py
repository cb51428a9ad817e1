"""What kind of thing a question asks for, as far as its words tell: a sum, a weight, a name.

In question answering this is the expected answer type (X. Li and D. Roth, "Learning Question
Classifiers", COLING 2002). A sentence without such a thing cannot be the answer, however many words
it shares with the question; and a sentence with "1.9 kg" need not say "heavy". The rules know what is
asked in English, German, French, Spanish, Italian and Dutch, a name in English only; where none
fits, anything may be the answer.
"""

import re
from dataclasses import dataclass
from typing import Final

from app.features.answers.terms import terms

_COUNT: Final = (  # the digit of a code such as S2 is none
    r"(?:(?<![^\W\d_])\d|\b(?:half|once|twice|one|two|three|four|five|six|seven|eight|nine|ten|twelve|"
    r"ein|eine[nmr]?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|einmal|zweimal|deux|trois|"
    r"dos|tres|due|tre|twee|drie)\b)"
)
_AMOUNT: Final = rf"{_COUNT}[\d.,:/–-]*\s?(?:and a half |million |thousand )?"
_MONTH: Final = (  # whole names, or "set" and "mark" would be months; "may" is one with a capital
    r"(?:january|february|march|april|(?-i:May)|june|july|august|september|october|november|december|"
    r"januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août|"
    r"septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|"
    r"octubre|noviembre|diciembre|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre)"
)
_DAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"


@dataclass(frozen=True, slots=True)
class AnswerType:
    """A kind of thing that is asked for.

    Attributes:
        name: what it is.
        asks: what a question for it has.
        tells: what every answer has.
        implied: terms of a question that an answer of this kind need not repeat.
        is_new: whether it must not stand in the question, too: ``tells`` has a group for it.
    """

    name: str
    asks: re.Pattern[str]
    tells: re.Pattern[str]
    implied: frozenset[str] = frozenset()
    is_new: bool = False

    def is_in(self, text: str, question: str) -> bool:
        """Whether a text has such a thing, as an answer to a question."""
        if not self.is_new:
            return bool(self.tells.search(text))
        return any(told[1] not in question for told in self.tells.finditer(text))


def _type(name: str, implied: str, *, asks: str, tells: str) -> AnswerType:
    return AnswerType(
        name, re.compile(asks, re.IGNORECASE), re.compile(tells, re.IGNORECASE), terms(implied)
    )


_NAME: Final = AnswerType(
    "name",
    re.compile(
        r"\b(?:which|what) (?:company|companies|factory|manufacturer|brand|firm|supplier|designer|studio|"
        r"city|country|countries)\b|\bwho (?:is|was|are) (?:the|your)\b|\bwho (?:makes?|made|manufactur\w+|"
        r"design\w+|invented|founded|owns|runs|produces?|supplies|roasts?|built|builds|develop\w*|"
        r"delivers?)\b|\bwhere (?:is|are|was|were)\b.*\b(?:made|built|produced|manufactured|assembled|"
        r"designed|located|based)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:in|from|by|at|near|to|is|are|was|were|named|called)\s(?:the\s|an?\s)?([A-Z][\w'-]+)"
    ),
    is_new=True,
)
_TYPES: Final = (
    _NAME,
    _type(
        "money",
        "cost costs price prices pay charge expensive kostet kosten teuer preis coûte prix cuesta vale precio "
        "costa prezzo kost prijs",
        asks=r"\b(?:what|how much)\b.*\b(?:costs?|pay|charge)\b|\bhow much (?:is|are|for)\b|\bhow expensive\b"
        r"|\b(?:what|which)\b.*\bprices?\b|\bprices? (?:of|for)\b|\bprice\W*$"
        r"|\b(?:was|wie ?viel)\b.*\bkoste|\bwie teuer\b|\bpreis\b|\bcombien co[uû]te|\bprix\b"
        r"|\bcu[aá]nto (?:cuesta|vale|sale)|\bprecio\b|\bquanto costa|\bprezzo\b"
        r"|\b(?:wat|hoeveel) kost|\bprijs\b",
        tells=r"[€$£¥]|\d\s?(?:euros?|eur|dollars?|usd|pounds?|gbp|francs?|chf|cents?)\b"
        r"|\b(?:eur|usd|gbp|chf)\b|\bfree\b|\bno (?:extra )?(?:charge|cost)|\bkosten(?:los|frei)"
        r"|\bgratis\b|\bgratuit",
    ),
    _type(
        "weight",
        "heavy weigh weight schwer wiegt gewicht pèse poids pesa peso zwaar weegt",
        asks=r"\bhow heavy\b|\bhow much\b.*\bweigh|\bwhat\b.*\bweighs?\b|\bweight (?:of|is)\b|\bwie schwer\b"
        r"|\bwie viel wieg|\bcombien p[èe]se|\bcu[aá]nto pesa|\bquanto pesa|\bhoe zwaar\b|\bhoeveel weegt\b",
        tells=rf"{_AMOUNT}(?:kg|g|mg|kilo\w*|gram\w*|lbs?|pounds?|oz|ounces?|tonnes?)\b",
    ),
    _type(
        "loudness",
        "loud noisy quiet noise level laut luid",
        asks=r"\bhow (?:loud|noisy|quiet)\b|\bnoise level\b|\bwie laut\b|\bhoe luid\b",
        tells=r"\b(?:d?b|decibels?|dezibel|silent\w*|noiseless|geräuschlos|lautlos)\b",
    ),
    _type(
        "light",
        "bright lumen lumens hell",
        asks=r"\bhow bright\b|\bhow many lumens?\b|\bwie hell\b|\bcombien de lumens?\b",
        tells=rf"{_AMOUNT}(?:lm|lumens?|lux|cd|candelas?|nits?|levels?|stufen|percent|prozent|%)(?!\w)",
    ),
    _type(
        "frequency",
        "frequency frequencies refresh rate hertz",
        asks=r"\b(?:what|which)\b.*\b(?:frequency|frequencies|refresh rate|hertz)\b",
        tells=rf"{_AMOUNT}[kmgt]?(?:hz|hertz)\b",
    ),
    _type(
        "duration",
        "take takes last lasts lange dauert durée dura duurt",
        asks=r"\bhow many (?:seconds|minutes|hours|days|weeks|months|years)\b|\bhow long (?:does|do|will|"
        r"can|may|must|should|did|after|until)\b|\bwie lange\b|\bcombien de temps\b|\bcu[aá]nto tiempo\b"
        r"|\bquanto tempo\b|\bhoe lang\b",
        tells=rf"{_AMOUNT}(?:\w+ )?(?:s|sec\w*|min\w*|h|hours?|days?|weeks?|months?|years?|nights?|"
        r"sekunden?|stunden?|tage?n?|wochen?|monate?n?|jahre?n?|secondes?|heures?|jours?|semaines?|mois|"
        r"ans?|segundos?|horas?|d[ií]as?|semanas?|meses|años?|secondi|or[ae]|giorni|settimane|mesi|ann[io]|"
        r"uur|dagen|weken|maanden|jaar)\b|\b(?:overnight|immediately|at once|forever|lifetime|sofort|immer)\b",
    ),
    _type(
        "release",
        "released release launched launch announced available",
        asks=r"\bwhen (?:will|was|is|did|were)\b.*\b(?:released?|launch\w*|announced?|available|on sale|"
        r"come out)\b",
        tells=rf"\b(?:19|20)\d\d\b|\b{_MONTH}\b|\b(?:spring|summer|autumn|winter|today|tomorrow|now)\b",
    ),
    _type(
        "time",
        "time",
        asks=r"\bwhen\b|\bwhat time\b|\bwann\b|\bquand\b|\bcu[aá]ndo\b|\bwanneer\b",
        tells=rf"{_COUNT}|\b{_DAY}\b|\b{_MONTH}\b|\b(?:every|each|daily|always|never|as soon as|jede[nmrs]?|"
        r"täglich|sobald)\b",
    ),
    _type(
        "number",
        "",
        asks=r"\bhow (?:long|many|much|often|big|large|far|fast|quick\w*|high|wide|tall|deep|hot|warm|cold|"
        r"old|thick)\b|\b(?:window|period|longer?)\b|\bwie (?:lang|viele?|oft|groß|weit|schnell|hoch|breit|"
        r"heiß|warm|alt|dick|tief)\b|\bcombien\b|\bcu[aá]nt[oa]s?\b|\bquant[oaie]\b"
        r"|\bhoe ?(?:veel|groot|vaak|hoog|breed|snel)\b",
        tells=rf"{_COUNT}|\bevery\b|\bjede\w?\b",
    ),
)


def answer_type(question: str) -> AnswerType | None:
    """What a question asks for; None where its words do not tell."""
    return next((kind for kind in _TYPES if kind.asks.search(question)), None)
