"""Where the sentences of a text stand, by sentencex (the segmenter of Wikipedia's translation tool)."""

from importlib import import_module
from typing import Any, Final

_SENTENCEX: Final[Any] = import_module("sentencex")  # it has no types

_WINDOW: Final = 1_000  # characters


def lengths(text: str, language: str) -> list[int]:
    """The lengths of a text's sentences in order, each with the white space after it.

    They add up to the text's. The time is quadratic in a text of open quotes, or of Chinese without
    line ends: give it a few thousand characters at most.

    Args:
        text: any text.
        language: ISO 639-1 code of its language, in any case, with or without a region.
    """
    code = language.partition("-")[0].lower()
    readable = text.encode(errors="replace").decode()  # of a lone surrogate it would die
    return [len(sentence) for sentence in _SENTENCEX.segment(code, readable)]


def spans(text: str, language: str) -> list[tuple[int, int]]:
    """The sentences of a text in order, without the white space around them.

    Only the places where sentencex ends a sentence are used, so no character of the text is
    lost. A sentence of more than 1,000 characters is cut; the time is linear in the text.

    Args:
        text: any text.
        language: ISO 639-1 code of its language, in any case, with or without a region.
    """
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        sizes = lengths(text[start : start + _WINDOW], language)
        if start + _WINDOW < len(text) and len(sizes) > 1:
            sizes.pop()  # it may go on after the window, so it is read again with what follows
        for length in sizes:
            sentence = text[start : start + length]
            if bare := sentence.strip():
                begin = start + len(sentence) - len(sentence.lstrip())
                found.append((begin, begin + len(bare)))
            start += length
    return found
