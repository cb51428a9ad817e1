"""What a customer newly wrote in an email, apart from what the email quotes and its signature.

Our own: of the 68 emails in ``tests/corpora/emails/replies.txt`` quotequail splits 24 right and
mail-parser-reply 28, and the latter takes 30 s for one line of 40 kB. The rules look at shapes (a
date, an address, a last colon) before words, which are in ``replies.json``, so that they hold in
languages that it leaves out.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Final, Literal

_Kind = Literal["text", "quoted", "signature"]

_WORDS: Final[dict[str, list[str]]] = json.loads(
    Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
)


def _any_of(words: str) -> str:
    return f"(?:{'|'.join(map(re.escape, _WORDS[words]))})"


_LONGEST_MARK: Final = 400  # characters; what tells of a quote is short
_LONGEST_FORWARD: Final = 60  # characters
_LONGEST_PHONE_LINE: Final = 90  # characters
_WRAPPED: Final = 4  # lines over which a mail program may wrap the line above a quote
_FIELDS_WITHIN: Final = 10  # lines

_COLONS: Final = (":", "\N{FULLWIDTH COLON}")
_QUOTED: Final = re.compile(r"[ \t]{0,3}>")
_SIGNATURE_MARK: Final = re.compile(r"--[ \t]?")  # RFC 3676 section 4.3; some lose the space
_ADDRESS: Final = re.compile(r"[<(\[][^\s<>@]{1,64}@[^\s<>@]{1,255}[>)\]]")
_TIME: Final = re.compile(r"\d{1,2}[:.h]\d{2}(?![.\d])")
_DATE: Final = re.compile(
    r"\d{1,2}[:.]\d{2}(?!\d)|(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
)
_WROTE: Final = re.compile(rf"(?<![a-z]){_any_of('wrote')}(?![a-z])", re.IGNORECASE)
_OPENER: Final = re.compile(rf"(?:{_any_of('openers')}(?![\w'])|\d{{1,4}}\W)")
_DASHED: Final = re.compile(r"-{2,}[ >]*([^\s-](?:[^-\n]|-(?!-)){1,60}?)[ <]*-{2,}:?")
_RULE: Final = re.compile(r"[_=*-]{5,}")
_ORIGINAL: Final = re.compile(_any_of("original"), re.IGNORECASE)
_FIELD: Final = re.compile(
    rf"[*_ \t]{{0,4}}([^\W\d_][^*{''.join(_COLONS)}\n]{{0,24}}?)[*_\s]{{0,4}}[{''.join(_COLONS)}]"
)
_LABELS: Final = {
    label: name for name in ("to", "subject", "sent", "from") for label in _WORDS[name]
}
_SENT_BEFORE: Final = tuple(_WORDS["sent_before"])
_SENT_AFTER: Final = tuple(_WORDS["sent_after"])
_DEVICE: Final = re.compile(_any_of("devices"), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """An email's text in three parts; each line that is not blank is in exactly one of them.

    Attributes:
        text: what the customer newly wrote.
        quoted: earlier emails, and the lines that introduce them.
        signature: what follows ``--`` (RFC 3676 section 4.3), and lines that a phone adds.
    """

    text: str
    quoted: str
    signature: str


def split_reply(text: str) -> Reply:
    """Split an email's text; answers between quoted lines are the customer's text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kinds = _kinds(lines)

    def of(kind: _Kind) -> str:
        return "\n".join(compress(lines, (its == kind for its in kinds))).strip("\n")

    return Reply(of("text"), of("quoted"), of("signature"))


def _kinds(lines: Sequence[str]) -> list[_Kind]:
    labels = [_label(line) for line in lines]
    intros = _intros(lines)
    kinds: list[_Kind] = []
    current: _Kind = "text"
    while (at := len(kinds)) < len(lines):
        if _QUOTED.match(lines[at]):
            current = "text"
            kinds.append("quoted")
        elif _starts_the_rest(lines, labels, at):
            kinds += _quoted(len(lines) - at)
        elif at in intros:
            current = "text"
            marked = _is_quoted(lines, _next_line(lines, at + intros[at]))
            kinds += _quoted(intros[at] if marked else len(lines) - at)
        elif _is_phone_line(lines[at]):
            kinds.append("signature")
        else:
            current = "signature" if _SIGNATURE_MARK.fullmatch(lines[at]) else current
            kinds.append(current)
    return kinds


def _quoted(count: int) -> list[_Kind]:
    return ["quoted"] * count


def _next_line(lines: Sequence[str], at: int) -> int | None:
    """The first line from here on that is not blank."""
    return next((n for n in range(at, len(lines)) if lines[n].strip()), None)


def _is_quoted(lines: Sequence[str], at: int | None) -> bool:
    return at is not None and _QUOTED.match(lines[at]) is not None


def _intros(lines: Sequence[str]) -> dict[int, int]:
    """Where lines introduce a quote ("On … wrote:"), and how many."""
    intros: dict[int, int] = {}
    for end, line in enumerate(lines):
        if line.rstrip().endswith(_COLONS):
            if (start := _intro_start(lines, end)) is not None:
                intros[start] = end - start + 1
            elif _is_forward_line(line) and _is_quoted(lines, _next_line(lines, end + 1)):
                intros[end] = 1
    return intros


def _intro_start(lines: Sequence[str], end: int) -> int | None:
    """Where the words begin that end here and introduce a quote.

    A line above may be the customer's, so it belongs to them only where they make no sense
    without it, or where it opens as they do and the next one does not.
    """
    first = max(0, end - _WRAPPED + 1)
    if not _DATE.search(" ".join(lines[first : end + 1])[-_LONGEST_MARK:]):
        return None
    best: int | None = None
    for start in range(end, first - 1, -1):
        if not lines[start].strip() or _QUOTED.match(lines[start]):
            break
        if _introduces(lines, start, end) and (
            best is None or (_OPENER.match(lines[start]) and not _OPENER.match(lines[best]))
        ):
            best = start
    return best


def _introduces(lines: Sequence[str], start: int, end: int) -> bool:
    line = " ".join(lines[start : end + 1])
    if len(line) > _LONGEST_MARK or not _DATE.search(line):
        return False
    if _ADDRESS.search(line):
        return True
    told = _WROTE.search(line) is not None
    return told and bool(_TIME.search(line) or _is_quoted(lines, _next_line(lines, end + 1)))


def _starts_the_rest(lines: Sequence[str], labels: Sequence[str | None], at: int) -> bool:
    """All from here on is an earlier email: a mark or its header fields stand here."""
    line = lines[at].strip()
    if not line or len(line) > _LONGEST_MARK:
        return False
    if _is_header(lines, labels, at):
        return True
    if dashed := _DASHED.fullmatch(line):
        below = _next_line(lines, at + 1)
        return bool(_ORIGINAL.search(dashed[1])) or (
            below is not None and labels[below] is not None
        )
    if _RULE.fullmatch(line) or _is_forward_line(line):
        below = _next_line(lines, at + 1)
        return below is not None and _is_header(lines, labels, below)
    return False


def _is_forward_line(line: str) -> bool:
    bare = line.strip()
    return len(bare) <= _LONGEST_FORWARD and bare.endswith(_COLONS) and bool(_ORIGINAL.search(bare))


def _label(line: str) -> str | None:
    """Which header field a line shows: from, sent, subject or to, in any language."""
    found = _FIELD.match(line[:_LONGEST_MARK])
    return _LABELS.get(" ".join(found[1].lower().split())) if found else None


def _is_header(lines: Sequence[str], labels: Sequence[str | None], at: int) -> bool:
    """Header fields as Outlook shows them above what it quotes.

    Author and date are not enough, since a traveller writes "From", "To" and "Date" too.
    """
    if labels[at] is None:
        return False
    shown = labels[at : at + _FIELDS_WITHIN]
    if "from" not in shown or "sent" not in shown:
        return False
    return "subject" in shown or any(
        "@" in line[:_LONGEST_MARK] for line in lines[at : at + _FIELDS_WITHIN]
    )


def _is_phone_line(line: str) -> bool:
    bare = line.strip().lower()
    if not bare or len(bare) > _LONGEST_PHONE_LINE:
        return False
    sent = bare.startswith(_SENT_BEFORE) or bare.rstrip(".\u3002").endswith(_SENT_AFTER)
    return sent and _DEVICE.search(bare) is not None
