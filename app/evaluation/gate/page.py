"""What a gate found as a page: one HTML file that asks nobody for anything and runs no script."""

import html
import json
import math
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

from app.evaluation.gate.report import Report, chance, explained, headline, named, points, signed
from app.evaluation.gate.verdicts import Change, Comparison, Verdict

_STYLE: Final = (Path(__file__).parent / "page.css").read_text("utf-8")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_FRAME: Final = frozenset({"model", "usage"})  # of every reply; they say nothing of the case
_WORD: Final = re.compile(r"\w+|\s+|[^\w\s]")
_MARKED: Final = 3_000  # words, up to which two answers are compared word by word
_SHOWN: Final = 50  # cases of a list


class _Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def page(report: Report) -> str:
    """The page; text of models and cases is escaped wherever it stands."""
    head = _tag(
        "head",
        _Html('<meta charset="utf-8">'),
        _Html('<meta name="viewport" content="width=device-width">'),
        _Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        _tag("title", f"Gate: {headline(report)}"),
        _tag("style", _Html(_STYLE)),
    )
    uncompared = f"Only one side has cases of: {', '.join(report.uncompared)}."
    main = _tag(
        "main",
        _tag("p", "Groundwork gate", kind="kicker"),
        _tag("h1", headline(report)),
        _tag(
            "p",
            "From ",
            _tag("code", report.before),
            " to ",
            _tag("code", report.after),
            kind="sides",
        ),
        _tag("p", uncompared) if report.uncompared else "",
        _verdicts(report.verdicts),
        *map(_feature, report.verdicts),
    )
    return f'<!doctype html>\n<html lang="en">{head}{_tag("body", main)}</html>\n'


def _verdicts(verdicts: Sequence[Verdict]) -> _Html:
    reach = _reach([verdict.overall for verdict in verdicts], [one.margin for one in verdicts])
    head = _row("Feature", "Verdict", _axis(reach), "Before", "After", "Points", "p", "Cases")
    rows = [
        _tag(
            "tr",
            _tag("th", _tag("a", one.feature, href=f"#{_anchor(one)}"), scope="row"),
            _tag("td", _badge(one)),
            _tag("td", _chart(one.overall, reach, one.margin, one.ruling), kind="chart"),
            *_figures(one.overall, one.adjusted_p),
            _tag("td", str(one.cases), kind="figure"),
        )
        for one in verdicts
    ]
    caption = (
        "Each line is the 95 % interval of the difference in points, the dot the difference itself; "
        "the shaded band is the feature's margin. p is adjusted for all features (Holm)."
    )
    return _tag("figure", _scrolling("Verdicts", _table(head, rows)), _tag("figcaption", caption))


def _feature(verdict: Verdict) -> _Html:
    unpaired = f"Not compared: {named(verdict.unpaired)}."
    return _tag(
        "section",
        _tag("header", _tag("h2", verdict.feature), _badge(verdict)),
        _tag("p", explained(verdict)),
        _tag("p", unpaired) if verdict.unpaired else "",
        _metrics(verdict),
        *_cases("Newly broken", verdict.broken),
        *_cases("Newly fixed", verdict.fixed),
        id=_anchor(verdict),
    )


def _metrics(verdict: Verdict) -> _Html:
    reach = _reach([*verdict.metrics.values()], [verdict.margin])
    rows = [
        _tag(
            "tr",
            _tag("th", name, scope="row"),
            _tag("td", _chart(one, reach, 0, ""), kind="chart"),
            *_figures(one, one.p),
        )
        for name, one in verdict.metrics.items()
    ]
    head = _row("Expected", _axis(reach), "Before", "After", "Points", "p")
    return _scrolling(f"Figures of {verdict.feature}", _table(head, rows))


def _cases(title: str, changes: Sequence[Change]) -> list[_Html]:
    if not changes:
        return []
    rest = len(changes) - _SHOWN
    return [
        _tag("h3", f"{title}: {len(changes)}"),
        *map(_case, changes[:_SHOWN]),
        *([_tag("p", f"And {rest} more.", kind="count")] if rest > 0 else []),
    ]


def _case(change: Change) -> _Html:
    before, after = _marked(_text(change.answered), _text(change.answers))
    scores = f"{points(change.before)} to {points(change.after)}"
    answers = _tag(
        "div",
        _tag("div", _tag("h4", "Before"), _tag("pre", before)),
        _tag("div", _tag("h4", "After"), _tag("pre", after)),
        kind="answers",
    )
    asked = _tag("div", _tag("h4", "Asked"), _tag("pre", _text(change.input)))
    summary = _tag(
        "summary",
        _tag("code", change.id),
        _tag("span", scores, kind="count"),
        _tag("span", ", ".join(change.moved), kind="count"),
    )
    return _tag("details", summary, _tag("div", asked, answers), kind="case")


def _marked(before: str, after: str) -> tuple[_Html, _Html]:
    """Both texts, with what only one of them has marked."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if max(len(old), len(new)) > _MARKED:
        return _Html(html.escape(before)), _Html(html.escape(after))
    left, right = "", ""
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        was, now = "".join(old[a:b]), "".join(new[c:d])
        left += html.escape(was) if kind == "equal" or not was else _tag("del", was)
        right += html.escape(now) if kind == "equal" or not now else _tag("ins", now)
    return _Html(left), _Html(right)


def _text(value: dict[str, Any] | str) -> str:
    """A body to read: a line a field, without what every reply has."""
    if isinstance(value, str):
        return value
    return "\n".join(
        f"{name}: {said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, indent=2)}"
        for name, said in value.items()
        if name not in _FRAME
    )


# Charts --------------------------------------------------------------------------------------


def _reach(compared: Sequence[Comparison], margins: Sequence[float]) -> float:
    """How far an axis goes to both sides: to the next ten points after what is shown."""
    ends = [abs(end) for one in compared for end in (one.low, one.high)]
    return min(1.0, math.ceil(10 * max([*ends, *margins, 0.01])) / 10)


def _chart(one: Comparison, reach: float, margin: float, ruling: str) -> _Html:
    """An interval against nought and, where there is one, a margin."""
    label = f"{signed(one.difference)} points, from {signed(one.low)} to {signed(one.high)}"
    low, mean, high = (_place(value, reach) for value in (one.low, one.difference, one.high))
    band = f'<rect class="margin" x="{_place(-margin, reach)}" width="{100 * margin / reach:.1f}%"'
    return _Html(
        f'<svg role="img" class="{ruling}" aria-label="{label}">{band} height="100%"/>'
        f'<line class="zero" x1="50%" x2="50%" y2="100%"/>'
        f'<line class="range" x1="{low}" x2="{high}" y1="50%" y2="50%"/>'
        f'<circle class="mean" cx="{mean}" cy="50%" r="6"/></svg>'
    )


def _axis(reach: float) -> _Html:
    ends = (("0%", "start", -reach), ("50%", "middle", 0.0), ("100%", "end", reach))
    texts = "".join(
        f'<text x="{place}" y="14" text-anchor="{anchor}">{signed(value).removesuffix(".0")}</text>'
        for place, anchor, value in ends
    )
    label = f"Difference in points, from {signed(-reach)} to {signed(reach)}"
    return _Html(f'<svg class="axis" role="img" aria-label="{label}">{texts}</svg>')


def _place(value: float, reach: float) -> str:
    return f"{50 * (1 + value / reach):.1f}%"


# HTML ----------------------------------------------------------------------------------------


def _tag(name: str, *children: str, kind: str = "", **attributes: str) -> _Html:
    """An element; ``kind`` is its class. What is not HTML already is escaped."""
    given = attributes | ({"class": kind} if kind else {})
    inside = "".join(one if isinstance(one, _Html) else html.escape(one) for one in children)
    said = "".join(f' {each}="{html.escape(value)}"' for each, value in given.items())
    return _Html(f"<{name}{said}>{inside}</{name}>")


def _row(*cells: str) -> _Html:
    """A table's head; its figures are those on the right of the chart."""
    chart = next(place for place, cell in enumerate(cells) if isinstance(cell, _Html))
    return _tag(
        "tr",
        *(
            _tag("th", cell, scope="col", kind="figure" if place > chart else "")
            for place, cell in enumerate(cells)
        ),
    )


def _table(head: _Html, rows: Sequence[_Html]) -> _Html:
    return _tag("table", _tag("thead", head), _tag("tbody", *rows))


def _scrolling(label: str, inside: _Html) -> _Html:
    given = {"aria-label": label, "role": "region", "tabindex": "0"}
    return _tag("div", inside, kind="table", **given)


def _figures(one: Comparison, p: float) -> list[_Html]:
    told = (points(one.before), points(one.after), signed(one.difference), chance(p))
    return [_tag("td", figure, kind="figure") for figure in told]


def _badge(verdict: Verdict) -> _Html:
    return _tag("span", verdict.ruling, kind=f"ruling {verdict.ruling}")


def _anchor(verdict: Verdict) -> str:
    return f"feature-{verdict.feature}"
