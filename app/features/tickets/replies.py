"""What an email quotes and its signature, by RFC 3676 alone: its own marks, no phrases."""

from typing import Final, NamedTuple

_SIGNATURE: Final = ("-- ", "--")  # HTML and many servers lose the space
_MARKS: Final = 12  # characters of a line in which its marks stand


class Reply(NamedTuple):
    """An email's text in three parts; each line that is not blank is in exactly one of them.

    Quoted are lines that begin with ``>`` (RFC 3676 section 4.5), a signature is what else stands
    from a line ``--`` on (section 4.3), and the text is what the sender newly wrote.
    """

    text: str
    quoted: str
    signature: str


def split_reply(text: str) -> Reply:
    """Split an email's text; answers between quoted lines are the sender's text."""
    written: list[str] = []
    quoted: list[str] = []
    signature: list[str] = []
    for line in text.splitlines():
        if line[:1] == ">":
            quoted.append(line)
        elif signature or line in _SIGNATURE:
            signature.append(line)
        else:
            written.append(line)
    return Reply(*("\n".join(part).strip("\n") for part in (written, quoted, signature)))


def without_oldest(text: str, most: int) -> str:
    """At most so many characters of an email's text.

    What is quoted deepest is the oldest and goes first, from its last line up, then what is quoted
    less deep; at last the end of the text itself.
    """
    lines = text.split("\n")
    quotes = [(line[:_MARKS].count(">"), at) for at, line in enumerate(lines) if line[:1] == ">"]
    left, gone = len(text), set[int]()
    for _, at in sorted(quotes, reverse=True):
        if left <= most:
            break
        gone.add(at)
        left -= len(lines[at]) + 1
    return "\n".join(line for at, line in enumerate(lines) if at not in gone)[:most]
