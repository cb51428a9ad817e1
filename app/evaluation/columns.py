"""Tables of words and figures, for a terminal and in Markdown."""

from collections.abc import Sequence

Rows = Sequence[Sequence[str]]
"""The first is the head."""


def aligned(rows: Rows, words: int) -> list[str]:
    """The lines of a table whose first columns are words, the others figures."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = "<" * words + ">" * (len(widths) - words)
    return [
        "  ".join(f"{c:{side}{w}}" for c, side, w in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    ]


def in_markdown(rows: Rows, words: int) -> list[str]:
    """The same as Markdown has it; what is in the cells has to be Markdown already."""
    head, *others = rows
    rule = ["---"] * words + ["--:"] * (len(head) - words)
    return [f"| {' | '.join(row)} |" for row in (head, rule, *others)]
