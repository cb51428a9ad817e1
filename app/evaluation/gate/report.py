"""What a gate found, in words: a table for a terminal, Markdown for a pull request, JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pydantic_core import to_json

from app.evaluation.gate.verdicts import BY_WEIGHT, Ruling, Verdict
from app.evaluation.tables import aligned, in_markdown

_WORDS = 2  # columns that are no figures
_LEAST = 0.001
_NAMED = 12  # cases in a line


@dataclass(frozen=True, slots=True)
class Report:
    """What a gate found."""

    before: str  # what was compared, in words
    after: str
    verdicts: Sequence[Verdict]  # one a feature
    uncompared: Sequence[str] = ()  # features that only one side has cases of

    @property
    def ruling(self) -> Ruling:
        """The verdict that weighs most."""
        rulings = {verdict.ruling for verdict in self.verdicts}
        return next(ruling for ruling in BY_WEIGHT if ruling in rulings)

    @property
    def note(self) -> str:
        """What there is to say beside the verdicts, if anything."""
        names = ", ".join(self.uncompared)
        return f"Only one side has cases of: {names}." if names else ""


def headline(report: Report) -> str:
    """The verdicts in a sentence, the worst first."""
    parts: list[str] = []
    for ruling in BY_WEIGHT:
        named = [one.feature for one in report.verdicts if one.ruling == ruling]
        if named:
            *others, last = named
            subject = f"{', '.join(others)} and {last} are" if others else f"{last} is"
            parts.append(f"{subject} {'the same' if ruling == 'same' else ruling}")
    said = ", ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def explained(verdict: Verdict) -> str:
    """What the figures of a feature mean, in one sentence."""
    overall = verdict.overall
    match verdict.ruling:
        case "better":
            return f"It gains {points(overall.difference)} points, which chance does not explain."
        case "same":
            return f"If it loses anything, then less than its margin of {points(verdict.margin)} points."
        case "worse":
            return (
                f"It loses {points(-overall.difference)} points, which chance does not explain; "
                f"{points(verdict.margin)} would be within its margin."
            )
        case "undecided":
            more = "No number of cases" if verdict.more is None else f"About {verdict.more:,} more"
            return (
                f"These {verdict.cases} cases could have shown a difference of "
                f"{points(verdict.detectable)} points; the margin is {points(verdict.margin)}. "
                f"{more} like these would decide."
            )


def table(report: Report) -> str:
    """For a terminal."""
    head, *rows = _rows(report)
    shown = aligned([[cell.upper() for cell in head], *rows], _WORDS)
    lines = [f"From {report.before} to {report.after}", "", *shown, ""]
    for verdict in report.verdicts:
        lines.append(f"{verdict.feature}: {explained(verdict)}")
        lines += [f"  {name}: {named(ids)}" for name, ids in _lists(verdict)]
    lines += filter(None, [report.note])
    return "\n".join(_printable(line) for line in lines)


def markdown(report: Report) -> str:
    """The same for a pull request."""
    rows = [[_inline(cell) for cell in row] for row in _rows(report)]
    lines = [
        f"### {_inline(headline(report))}",
        "",
        f"From `{_inline(report.before)}` to `{_inline(report.after)}`.",
        "",
        *in_markdown(rows, _WORDS),
    ]
    for verdict in report.verdicts:
        lines += ["", f"**{_inline(verdict.feature)}**: {explained(verdict)}"]
        lines += [f"- {name}: {_inline(named(ids))}" for name, ids in _lists(verdict)]
    lines += ["", _inline(report.note)] if report.note else []
    return "\n".join([*lines, ""])


def as_json(report: Report) -> bytes:
    """All figures and all cases that came out otherwise."""
    return to_json({"ruling": report.ruling, **asdict(report)}, indent=2)


def _rows(report: Report) -> list[list[str]]:
    """The table: its head, and a row for each verdict."""
    rows = [
        {
            "Feature": one.feature,
            "Verdict": one.ruling,
            "Before": points(one.overall.before),
            "After": points(one.overall.after),
            "Points": signed(one.overall.difference),
            "95 % interval": f"{signed(one.overall.low)} to {signed(one.overall.high)}",
            "P": chance(one.adjusted_p),
            "Broken": str(len(one.broken)),
            "Fixed": str(len(one.fixed)),
            "Cases": str(one.cases),
        }
        for one in report.verdicts
    ]
    return [list(rows[0]), *(list(row.values()) for row in rows)]


def points(share: float) -> str:
    """A score of 0 to 1 as it is shown."""
    return f"{100 * share:.1f}"


def signed(share: float) -> str:
    """Points with their sign, and a minus that is one."""
    text = f"{100 * share:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def chance(p: float) -> str:
    """A p as it is shown."""
    return f"{p:.3f}" if p > _LEAST else f"< {_LEAST}"


def named(ids: Sequence[str]) -> str:
    """Names of cases, not all of very many."""
    rest = len(ids) - _NAMED
    return ", ".join(ids[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _lists(verdict: Verdict) -> list[tuple[str, Sequence[str]]]:
    broken, fixed = ([change.id for change in each] for each in (verdict.broken, verdict.fixed))
    lists = (("newly broken", broken), ("newly fixed", fixed), ("not compared", verdict.unpaired))
    return [(name, ids) for name, ids in lists if ids]


def _printable(text: str) -> str:
    """A file's text for a terminal: no control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _inline(text: str) -> str:
    """Text that Markdown takes for text."""
    text = " ".join(_printable(text).split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in text)
