"""What of a document no model is shown: what speaks to the one who answers from it."""

import re
from functools import lru_cache
from typing import Final

from app.features.injection import WITHHELD, find_injections, without

_SENTENCE: Final = re.compile(r"[^\n.!?]+(?:[.!?]+(?!\s|$)[^\n.!?]*)*[.!?]*")
_ORDER: Final = re.compile(
    r"\b(?:ignore|disregard|forget)\b.*\b(?:documents?|passages?|sources?|context|questions?)\b"
    r"|\bwhen(?:ever)? (?:you are |some(?:one|body) |anyone )?ask(?:ed|s)\b"
    r"|\b(?:tell|inform|assure) (?:the |every |each )?(?:customer|user|client|reader)s? that\b"
    r"|(?:^|\band )(?:please )?(?:say|state|answer|reply|respond|claim|pretend) that\b"
    r"|^(?:ai|assistant|system|model|bot|chatbot|llm) ?[:,]",
    re.IGNORECASE,
)
_MARKER: Final = re.compile(r"^[ \t]*\[\d{1,3}\][^\n]*", re.MULTILINE)


@lru_cache(maxsize=4096)
def readable(text: str) -> str:
    """A passage without what talks to a model, orders an answer, or imitates our own numbers."""
    rest = _MARKER.sub(WITHHELD, without(text, find_injections(text)))
    return _SENTENCE.sub(_withheld, rest)


def _withheld(sentence: re.Match[str]) -> str:
    bare = sentence[0].strip()
    return sentence[0].replace(bare, WITHHELD) if _ORDER.search(bare) else sentence[0]
