"""Where the sentences of a text stand, by sentencex (the segmenter of Wikipedia's translation tool)."""

from importlib import import_module
from typing import Any, Final

_SENTENCEX: Final[Any] = import_module("sentencex")  # it has no types

_WINDOW: Final = 1_000  # characters; it takes quadratic time over open quotes and long lines


def spans(text: str, language: str) -> list[tuple[int, int]]:
    """The sentences of a text in order, without the white space around them.

    Only the places where sentencex ends a sentence are used, so no character of the text is
    lost. A sentence of more than 1,000 characters is cut; the time is linear in the text.

    Args:
        text: any text.
        language: ISO 639-1 code of its language, in any case, with or without a region.
    """
    code = language.partition("-")[0].lower()
    readable = text.encode(errors="replace").decode()  # of a lone surrogate it would die
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        window = readable[start : start + _WINDOW]
        lengths = [len(sentence) for sentence in _SENTENCEX.segment(code, window)]
        if start + _WINDOW < len(text) and len(lengths) > 1:
            lengths.pop()  # it may go on after the window, so it is read again with what follows
        for length in lengths or [len(window)]:
            sentence = text[start : start + length]
            if bare := sentence.strip():
                begin = start + len(sentence) - len(sentence.lstrip())
                found.append((begin, begin + len(bare)))
            start += length
    return found
