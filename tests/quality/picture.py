"""Horizontal bars in groups, as an SVG that reads in the light and in the dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Final

_WIDTH, _LEFT, _RIGHT, _BAR, _GAP = 720, 110, 120, 16, 30
_COLOURS: Final = ("#9aa7b2", "#5b8dd6", "#e0762f")
_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#334}.group{font-weight:600}"
    "@media(prefers-color-scheme:dark){text{fill:#dde}}"
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: of which group, its name, its percent, and its seconds."""

    group: str
    name: str
    percent: float
    seconds: float


def bars(of: Sequence[Bar], title: str) -> str:
    """The picture."""
    parts, y = list[str](), _GAP
    parts.append(f'<text x="0" y="{y - 12}">{escape(title)}</text>')
    for group, members in groupby(of, key=lambda bar: bar.group):
        y += _GAP
        parts.append(f'<text class="group" x="0" y="{y - 8}">{escape(group)}</text>')
        for bar, colour in zip(members, _COLOURS, strict=False):
            width = bar.percent / 100 * (_WIDTH - _LEFT - _RIGHT)
            told = f"{bar.percent:.0f} %, {bar.seconds:.1f} s"
            parts.append(f'<text x="12" y="{y + 13}">{escape(bar.name)}</text>')
            parts.append(
                f'<rect x="{_LEFT}" y="{y + 1}" width="{width:.0f}" height="{_BAR - 2}" '
                f'rx="2" fill="{colour}"/>'
            )
            parts.append(f'<text x="{_LEFT + width + 8:.0f}" y="{y + 13}">{told}</text>')
            y += _BAR + 4
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 8}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{''.join(parts)}</svg>\n"
    )
