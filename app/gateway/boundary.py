"""Untrusted text between random marks, so that it cannot pretend to have ended.

An instruction names the form of the marks, never their value, which is new in every call: the
prefix stays the same for the provider's prompt cache, and the response cache never sees a mark.
The technique is known as delimiting, one of the forms of spotlighting (Hines et al., 2024,
arXiv:2403.14720).
"""

from hashlib import blake2b
from secrets import token_hex
from typing import Final

from app.gateway.prompt import Turn

_BYTES: Final = 4


def delimited(text: str, mark: str | None = None) -> str:
    """A text between two marks.

    Args:
        text: the text.
        mark: 8 hexadecimal digits; None for random ones. A few-shot example takes those of
            :func:`fixed_mark`, to be the same in every call.
    """
    while mark is None or mark in text:
        mark = token_hex(_BYTES)
    return f"[{mark}]\n{text}\n[/{mark}]"


def fixed_mark(text: str) -> str:
    """A mark that belongs to a text."""
    return blake2b(text.encode(), digest_size=_BYTES).hexdigest()


def laid_out(turn: Turn) -> str:
    """A turn as it is sent: its parts on lines of their own, each untrusted one between new marks."""
    return "\n".join(part if isinstance(part, str) else delimited(part.text) for part in turn.parts)
