"""What code looks at in an answer: that the sentences it names exist, and hold its figures."""

import re
from collections.abc import Sequence
from typing import Final

from app.features.answers.header import Written
from app.features.answers.task import AnswerTask
from app.features.proofs import Check
from app.knowledge.sources import Passage

_NO_BRACKETS: Final = (
    "It does not begin with square brackets that hold the numbers of the sentences it rests on, "
    "or another word that the instruction names."
)
_NO_SENTENCES: Final = "There are no sentences: begin with [unknown], and say that you do not know."

_LINK: Final = r"(?:https?://|www\.)[^\s<>\"')\]]+|(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+"
_FIGURE: Final = r"\d+(?:[.,:]\d+|['’\u00a0\u202f]\d{3}(?!\d))*"
_FIGURES: Final = re.compile(_FIGURE)
_EXACT: Final = re.compile(
    rf"(?P<link>{_LINK})|(?P<code>(?<![A-Za-z0-9])[A-Za-z]++[-‑]?[0-9][A-Za-z0-9]*)"
    rf"|(?P<item>^\d{{1,2}}[.)](?=\s))|(?P<figure>{_FIGURE})",
    re.MULTILINE,
)
_CODES: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]++[-‑ \u00a0]?[0-9][A-Za-z0-9]*")
_JOINTS: Final = str.maketrans("", "", "-‑ \u00a0")
_POINTS: Final = str.maketrans(",:", "..", "'’\u00a0\u202f")
_THOUSANDS: Final = re.compile(r"\.(?=\d{3}(?!\d))")
_NO_VALUE: Final = re.compile(r"^0+(?=\d)|\.0{1,2}$|(?<=\.\d)0$")


def names_sources(request: AnswerTask, output: Written) -> Check:
    """Whether the sentences exist that the answer says it rests on."""
    most = len(request.sentences)
    wrong = tuple(f"[{number}]" for number in output.sources if not 0 < number <= most)
    advice = ""
    if not output.is_headed:
        advice = _NO_BRACKETS
    elif wrong:
        last = f"There is no sentence {', '.join(wrong)}: the last one is [{most}]."
        advice = last if most else _NO_SENTENCES
    return Check("sources", not advice, unexpected=wrong, advice=advice)


def keeps_figures(request: AnswerTask, output: Written) -> Check | None:
    """Whether the answer's addresses, codes and figures stand in what it rests on.

    That is the sentences that it cites, under their titles, or all where it cites none, and what
    was said before. Figures are compared by their digits: 12,50 is 12.5, and 07:00 is 7.
    """
    matches = _EXACT.finditer(output.text)
    found = {match[0]: match.lastgroup for match in matches if match.lastgroup != "item"}
    if not found:
        return None
    text = _evidence(request, request.cited(output.sources) or request.sentences)
    codes = {_bare(code) for code in _CODES.findall(text)}
    figures = {value for figure in _FIGURES.findall(text) for value in _values(figure)}
    text = text.lower()

    def stands(kind: str | None, said: str) -> bool:
        if kind == "link":
            return said.rstrip(".,;:!?").lower() in text
        return _bare(said) in codes if kind == "code" else not figures.isdisjoint(_values(said))

    wrong = tuple(said for said, kind in found.items() if not stands(kind, said))
    advice = f"The sentences that it names do not hold {', '.join(wrong)}." if wrong else ""
    return Check("figures", not wrong, unexpected=wrong, advice=advice)


def _evidence(request: AnswerTask, sentences: Sequence[Passage]) -> str:
    titles = {title for each in sentences for title in (each.source.title, *each.heading)}
    said = (message.content for message in request.history)
    return "\n".join((request.question, *said, *titles, *(each.text for each in sentences)))


def _bare(code: str) -> str:
    return code.translate(_JOINTS).lower()


def _values(figure: str) -> tuple[str, str]:
    """A figure as it may be meant: its point is one, or parts thousands."""
    digits = "".join(str(int(char)) if char.isdecimal() else char for char in figure)
    pointed = digits.translate(_POINTS)
    return _NO_VALUE.sub("", pointed), _NO_VALUE.sub("", _THOUSANDS.sub("", pointed))
