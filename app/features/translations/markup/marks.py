"""The numbered marks that stand for tags: ``<1>`` to ``</1>`` around words, ``<2/>`` by itself."""

import re
from collections import Counter
from typing import Final

from app.features.proofs import Check
from app.features.translations.pieces import has_words

MARK: Final = re.compile(r"<\s?(/?)\s?(\d{1,6})\s?(/?)\s?>")


def plain(found: "re.Match[str]") -> str:
    """A mark as we write it."""
    return f"<{found[1]}{int(found[2])}{found[3]}>"


def without_marks(text: str) -> str:
    """The text without its marks."""
    return MARK.sub("", text)


def compared(text: str, translation: str) -> Check:
    """Whether each mark is there once, in the same one as before.

    Pairs may change places with what is beside them, as words do; what stands by itself keeps its
    order. Where a text says nothing but what is in marks, its translation may not either.
    """
    (before, worded, alone), (after, told, now) = _shape(text), _shape(translation)
    missing = tuple((before - after).elements())
    added = [f"words in {mark}" if mark else "words outside the tags" for mark in told - worded]
    if not missing and alone != now:
        added.append("another order of the tags")
    unexpected = (*(after - before).elements(), *added)
    return Check("markup", not (missing or unexpected), missing, unexpected)


def _shape(text: str) -> tuple[Counter[str], set[str], list[str]]:
    """Each mark with the one that it is in; those in which words stand; those by themselves."""
    places, worded, alone, path = Counter[str](), set[str](), list[str](), [""]
    begun, at = "", 0
    for found in MARK.finditer(text):
        mark, said = plain(found), text[at : found.start()]
        at = found.end()
        if has_words(said):
            worded.add(path[-1])
        if not found[1]:
            places[f"{mark} in {path[-1]}" if path[-1] else mark] += 1
            (alone if found[3] else path).append(mark)
            begun = mark
        elif mark != path[-1].replace("<", "</"):
            places[mark] += 1
        else:
            if begun == path.pop() and not said.strip():
                places[f"nothing in {begun}"] += 1
            begun = ""
    if has_words(text[at:]):
        worded.add(path[-1])
    places.update(f"{mark} without its end" for mark in path[1:])
    return places, worded, alone
