"""The figures as one Markdown table."""

from collections.abc import Sequence

from bench.measure import Figures, Round
from bench.subjects import REFERENCE

_HEAD = (
    "| Subject | CPU ms/request | CPU to FastAPI + httpx | requests/s | p50 ms | p99 ms "
    "| added p50 ms | added p99 ms | RSS MB |"
)


def table(figures: Sequence[Figures]) -> str:
    lines = [_HEAD, "|---|" + "---:|" * (_HEAD.count("|") - 2)]
    return "\n".join([*lines, *(_row(row, _ratio(row, figures)) for row in figures)])


def _ratio(row: Figures, figures: Sequence[Figures]) -> str:
    """CPU beside hand-written FastAPI + httpx on the same question, without probabilities."""
    for other in figures:
        asked = other.question
        if other.name == REFERENCE and asked.kind == row.question.kind and not asked.told:
            return f"{_cpu(row) / _cpu(other):.2f}"
    return ""


def _cpu(row: Figures) -> float:
    return row.median(_pick_cpu)


def _pick_cpu(each: Round) -> float:
    return each.cpu


def _row(row: Figures, ratio: str) -> str:
    cells = [
        f"{row.title}, {row.question.title}",
        f"{_cpu(row):.3f}",
        ratio,
        f"{row.median(lambda each: each.rate):,.0f}",
        f"{row.median(lambda each: each.p50):.1f}",
        f"{row.median(lambda each: each.p99):.1f}",
        f"{row.median(lambda each: each.added_p50):.2f}",
        f"{row.median(lambda each: each.added_p99):.2f}",
        f"{row.median(lambda each: each.rss):.0f}",
    ]
    return f"| {' | '.join(cells)} |"
