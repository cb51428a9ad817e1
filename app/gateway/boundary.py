"""Untrusted text between marks that nobody can foresee, so that it cannot pretend to have ended.

A mark is a keyed hash of the text that it stands around, under a random key of this process: whoever
writes a text cannot know its mark, nor make one up that fits a longer text. An instruction names the
form of the marks, never their value. The same text has the same mark in all calls of a process, so
that what was read of it can be used again: a repair, or a second question about the same documents,
costs what is new in it.
The technique is known as delimiting, one of the forms of spotlighting (Hines et al., 2024,
arXiv:2403.14720).
"""

from hashlib import blake2b
from secrets import token_bytes
from typing import Final

from app.gateway.prompt import Turn

_BYTES: Final = 4
_KEY: Final = token_bytes(32)


def delimited(text: str, mark: str | None = None) -> str:
    """A text between two marks, by default those that this process has for it.

    A few-shot example takes that of :func:`fixed_mark`, to be the same everywhere.
    """
    tries = 0
    while mark is None or mark in text:
        keyed = blake2b(text.encode(errors="replace"), digest_size=_BYTES, key=_KEY)
        keyed.update(tries.to_bytes(4))
        mark, tries = keyed.hexdigest(), tries + 1
    return f"[{mark}]\n{text}\n[/{mark}]"


def fixed_mark(text: str) -> str:
    """A mark that belongs to a text."""
    return blake2b(text.encode(), digest_size=_BYTES).hexdigest()


def laid_out(turn: Turn) -> str:
    """A turn as it is sent: its parts on lines of their own, each untrusted one between its marks."""
    return "\n".join(part if isinstance(part, str) else delimited(part.text) for part in turn.parts)
