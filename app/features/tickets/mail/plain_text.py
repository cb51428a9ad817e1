"""Plain text as emails carry it: control characters, flowed lines (RFC 3676), uuencoded files."""

import binascii
import re
from typing import Final

_LINE_END: Final = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNREADABLE: Final = re.compile(r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]+")
_DEPTH: Final = re.compile(r">*")
_SIGNATURE: Final = "-- "
_UU_BEGIN: Final = re.compile(r"begin [0-7]{3,4} (\S.{0,200})")
_UU_LINE: Final = re.compile(r"[ -`]{1,62}")


def readable(text: str) -> str:
    """The text with line feeds for line ends; of other control characters, it keeps tabs only."""
    return _UNREADABLE.sub("", _LINE_END.sub("\n", text))


def one_line(text: str) -> str:
    """The text with single spaces only, without control characters."""
    return " ".join(readable(text).split())


def unflowed(text: str, *, delete_space: bool) -> str:
    """Paragraphs of lines that a sender has wrapped with ``format=flowed`` (RFC 3676 section 4).

    Args:
        text: the lines as sent.
        delete_space: ``DelSp=yes``: the space that ends a wrapped line is no space of the text.
    """
    paragraphs: list[tuple[int, list[str]]] = []
    flows = False
    for line in text.split("\n"):
        depth = len(_DEPTH.match(line)[0])  # type: ignore[index]  # it matches always
        content = line[depth:].removeprefix(" ")
        if not (flows and paragraphs[-1][0] == depth and content not in {"", _SIGNATURE}):
            paragraphs.append((depth, []))
        flows = content.endswith(" ") and content != _SIGNATURE
        paragraphs[-1][1].append(content[:-1] if flows and delete_space else content)
    return "\n".join(_quoted(depth, "".join(pieces)) for depth, pieces in paragraphs)


def _quoted(depth: int, line: str) -> str:
    return f"{'>' * depth} {line}" if depth else line


def without_uuencoded(text: str) -> tuple[str, list[tuple[str, int]]]:
    """The text without its uuencoded files, and their names and sizes in bytes."""
    if "\nend" not in text or "begin " not in text:
        return text, []
    kept: list[str] = []
    files: list[tuple[str, int]] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        begin = _UU_BEGIN.fullmatch(lines[at])
        end = _uu_end(lines, at + 1) if begin else at
        if begin and end > at and lines[end : end + 1] == ["end"]:
            files.append((begin[1], sum(map(_uu_size, lines[at + 1 : end]))))
            at = end + 1
        else:
            kept.append(lines[at])
            at += 1
    return "\n".join(kept), files


def _uu_end(lines: list[str], at: int) -> int:
    """The first line from here on that holds no uuencoded data."""
    while at < len(lines) and lines[at] != "end" and _UU_LINE.fullmatch(lines[at]):
        at += 1
    return at


def _uu_size(line: str) -> int:
    try:
        return len(binascii.a2b_uu(line))
    except binascii.Error:
        return 0
