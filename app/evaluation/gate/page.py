"""What a gate found as a page: one HTML file that asks nobody for anything and runs no script."""

import json
import math
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

from turbohtml import Element
from turbohtml.build import E, document

from app.evaluation.gate.report import Report, chance, explained, headline, named, points, signed
from app.evaluation.gate.verdicts import Change, Comparison, Verdict

_STYLE: Final = (Path(__file__).parent / "page.css").read_text("utf-8")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_FRAME: Final = frozenset({"model", "usage"})  # of every reply; they say nothing of the case
_WORD: Final = re.compile(r"\w+|\s+|[^\w\s]")
_MARKED: Final = 3_000  # words, up to which two answers are compared word by word
_SHOWN: Final = 50  # cases of a list
_FIGURE: Final = {"class": "figure"}
_COUNT: Final = {"class": "count"}


def page(report: Report) -> str:
    """The page; text of models and cases stays text wherever it stands."""
    head = (
        E.meta({"name": "viewport", "content": "width=device-width"}),
        E.meta({"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        E.style(_STYLE),
    )
    main = E.main(
        E.p({"class": "kicker"}, "Groundwork gate"),
        E.h1(headline(report)),
        E.p({"class": "sides"}, "From ", E.code(report.before), " to ", E.code(report.after)),
        *([E.p(report.note)] if report.note else []),
        _verdicts(report.verdicts),
        *map(_feature, report.verdicts),
    )
    made = document(title=f"Gate: {headline(report)}", lang="en", head=head, body=[main])
    return f"{made.serialize()}\n"


def _verdicts(verdicts: Sequence[Verdict]) -> Element:
    reach = _reach([verdict.overall for verdict in verdicts], [one.margin for one in verdicts])
    rows = [
        E.tr(
            E.th({"scope": "row"}, E.a({"href": f"#feature-{one.feature}"}, one.feature)),
            E.td(_badge(one)),
            *_figures(one.overall, one.adjusted_p, reach, one.margin, one.ruling),
            E.td(_FIGURE, str(one.cases)),
        )
        for one in verdicts
    ]
    caption = (
        "Each line is the 95 % interval of the difference in points, the dot the difference itself; "
        "the shaded band is the feature's margin. p is adjusted for all features (Holm)."
    )
    table = _table("Verdicts", ("Feature", "Verdict"), reach, ("Cases",), rows)
    return E.figure(table, E.figcaption(caption))


def _feature(verdict: Verdict) -> Element:
    return E.section(
        {"id": f"feature-{verdict.feature}"},
        E.header(E.h2(verdict.feature), _badge(verdict)),
        E.p(explained(verdict)),
        *([E.p(f"Not compared: {named(verdict.unpaired)}.")] if verdict.unpaired else []),
        _metrics(verdict),
        *_cases("Newly broken", verdict.broken),
        *_cases("Newly fixed", verdict.fixed),
    )


def _metrics(verdict: Verdict) -> Element:
    reach = _reach([*verdict.metrics.values()], [verdict.margin])
    rows = [
        E.tr(E.th({"scope": "row"}, name), *_figures(one, one.p, reach))
        for name, one in verdict.metrics.items()
    ]
    return _table(f"Figures of {verdict.feature}", ("Expected",), reach, (), rows)


def _cases(title: str, changes: Sequence[Change]) -> list[Element]:
    if not changes:
        return []
    rest = len(changes) - _SHOWN
    more = [E.p(_COUNT, f"And {rest} more.")] if rest > 0 else []
    return [E.h3(f"{title}: {len(changes)}"), *map(_case, changes[:_SHOWN]), *more]


def _case(change: Change) -> Element:
    before, after = _marked(_text(change.answered), _text(change.answers))
    scores = f"{points(change.before)} to {points(change.after)}"
    told = (E.span(_COUNT, scores), E.span(_COUNT, ", ".join(change.moved)))
    asked = E.div(E.h4("Asked"), E.pre(_text(change.input)))
    answers = (E.div(E.h4("Before"), E.pre(*before)), E.div(E.h4("After"), E.pre(*after)))
    return E.details(
        {"class": "case"},
        E.summary(E.code(change.id), *told),
        E.div(asked, E.div({"class": "answers"}, *answers)),
    )


def _marked(before: str, after: str) -> tuple[list[Element | str], list[Element | str]]:
    """Both texts, with what only one of them has marked."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if max(len(old), len(new)) > _MARKED:
        return [before], [after]
    left, right = list[Element | str](), list[Element | str]()
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        was, now = "".join(old[a:b]), "".join(new[c:d])
        left.append(was if kind == "equal" or not was else E("del", was))
        right.append(now if kind == "equal" or not now else E.ins(now))
    return left, right


def _text(value: dict[str, Any] | str) -> str:
    """A body to read: a line a field, without what every reply has."""
    if isinstance(value, str):
        return value
    return "\n".join(
        f"{name}: {said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, indent=2)}"
        for name, said in value.items()
        if name not in _FRAME
    )


# Tables and charts ---------------------------------------------------------------------------


def _table(
    label: str, first: Sequence[str], reach: float, last: Sequence[str], rows: Sequence[Element]
) -> Element:
    """A table of figures, the chart among them; it scrolls where it is too wide."""
    figures = ("Before", "After", "Points", "p", *last)
    head = E.tr(
        *(E.th({"scope": "col"}, cell) for cell in (*first, _axis(reach))),
        *(E.th({"scope": "col", **_FIGURE}, cell) for cell in figures),
    )
    given = {"class": "table", "aria-label": label, "role": "region", "tabindex": "0"}
    return E.div(given, E.table(E.thead(head), E.tbody(*rows)))


def _figures(
    one: Comparison, p: float, reach: float, margin: float = 0, ruling: str = ""
) -> list[Element]:
    told = (points(one.before), points(one.after), signed(one.difference), chance(p))
    chart = E.td({"class": "chart"}, _chart(one, reach, margin, ruling))
    return [chart, *(E.td(_FIGURE, figure) for figure in told)]


def _reach(compared: Sequence[Comparison], margins: Sequence[float]) -> float:
    """How far an axis goes to both sides: to the next ten points after what is shown."""
    ends = [abs(end) for one in compared for end in (one.low, one.high)]
    return min(1.0, math.ceil(10 * max([*ends, *margins, 0.01])) / 10)


def _chart(one: Comparison, reach: float, margin: float, ruling: str) -> Element:
    """An interval against nought and, where there is one, a margin."""
    label = f"{signed(one.difference)} points, from {signed(one.low)} to {signed(one.high)}"
    edge, low, mean, high = (
        f"{50 * (1 + value / reach):.1f}%" for value in (-margin, one.low, one.difference, one.high)
    )
    width = f"{100 * margin / reach:.1f}%"
    return E.svg(
        {"role": "img", "class": ruling, "aria-label": label},
        E.rect({"class": "margin", "x": edge, "width": width, "height": "100%"}),
        E.line({"class": "zero", "x1": "50%", "x2": "50%", "y2": "100%"}),
        E.line({"class": "range", "x1": low, "x2": high, "y1": "50%", "y2": "50%"}),
        E.circle({"class": "mean", "cx": mean, "cy": "50%", "r": "6"}),
    )


def _axis(reach: float) -> Element:
    ends = (("0%", "start", -reach), ("50%", "middle", 0.0), ("100%", "end", reach))
    label = f"Difference in points, from {signed(-reach)} to {signed(reach)}"
    texts = [
        E.text({"x": place, "y": "14", "text-anchor": anchor}, signed(at).removesuffix(".0"))
        for place, anchor, at in ends
    ]
    return E.svg({"class": "axis", "role": "img", "aria-label": label}, *texts)


def _badge(verdict: Verdict) -> Element:
    return E.span({"class": f"ruling {verdict.ruling}"}, verdict.ruling)
