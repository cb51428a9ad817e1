"""Spans of time, as options have them."""

import re
from datetime import timedelta
from typing import Final

import click

_SPAN: Final = re.compile(r"(\d{1,5})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def span(_context: object, _parameter: object, text: str | None) -> timedelta | None:
    """Read a span such as ``30m``, ``12h``, ``7d`` or ``2w``; the callback of an option."""
    if text is None:
        return None
    if match := _SPAN.fullmatch(text):
        return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
    msg = "must be a number of seconds, minutes, hours, days or weeks, such as 30m, 24h or 52w"
    raise click.BadParameter(msg)
