"""Whether a translation is still, or in large part, in the language of its source."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import regex

from app.detection import detect_scored
from app.features.languages import base
from app.features.translations.fidelity.quantity_words import UNSPACED

_WORD: Final = regex.compile(
    rf"[{UNSPACED}]|[[\p{{L}}\p{{M}}]--[{UNSPACED}]]+(?:['’-][[\p{{L}}\p{{M}}]--[{UNSPACED}]]+)*+",
    regex.V1,
)
_ONE_CHARACTER_WORDS: Final = regex.compile(rf"[{UNSPACED}]", regex.V1)
_LETTER: Final = regex.compile(r"\p{L}")

# Pairs of languages in which one sentence may be right in both, or the detector errs.
_CLOSE: Final = (
    frozenset({"DA", "NB", "SV"}),
    frozenset({"CS", "SK", "PL", "SL"}),
    frozenset({"BG", "RU", "UK"}),
    frozenset({"ES", "PT", "IT"}),
    frozenset({"JA", "ZH"}),
)

_FEWEST: Final = 2  # words that are a text and no name
_FEWEST_UNSPACED: Final = 4
_FEWEST_CLOSE: Final = 8
_FEWEST_IN_PART: Final = 5
_FEWEST_ORDINARY: Final = 3
_LONGEST_NAME: Final = 4  # words
_LARGE_PART: Final = 0.6
_MOST: Final = 1_000  # words that are looked at; the time grows by the square
_SHOWN: Final = 8
_FEWEST_LETTERS: Final = 20
_MANY_LETTERS: Final = 75  # for which the detector is enough
_SURE: Final = 0.9


def copied_words(
    source: str, translation: str, source_lang: str, target_lang: str
) -> tuple[str, ...] | None:
    """What was left as it is: nothing, or the beginning of it.

    A translation is copied if it has the words of the source, whatever their case and the
    punctuation; in a text of five words or more, it is if three fifths of them stand there in
    their order. A name may stay: up to four words with capitals.

    Args:
        source: the text without what has to stay.
        translation: the same of the translation.
        source_lang: the text's language, a code without a region.
        target_lang: the translation's, another one.

    Returns:
        None where the source is too short to tell, or is a name, or is in the target language.
    """
    here, there = _words(source), _words(translation)
    unspaced = _ONE_CHARACTER_WORDS.fullmatch(here[0]) if here else None
    if len(here) < (_FEWEST_UNSPACED if unspaced else _FEWEST) or _is_name(here):
        return None
    folded = [word.casefold() for word in here], [word.casefold() for word in there]
    close = _are_close(source_lang, target_lang)
    copied = folded[0] == folded[1] and len(here) >= (_FEWEST_CLOSE if close else 0)
    copied = copied or (not close and _in_large_part(here, there, *folded))
    if copied and base(detect_scored(source).code) == target_lang:
        return None
    return (" ".join(here[:_SHOWN]),) if copied else ()


def still_in(
    source: str, translation: str, source_lang: str, target_lang: str
) -> tuple[str, ...] | None:
    """The source language's code if the translation surely is in it; nothing if it is not.

    The detector alone errs on a short sentence now and then; the shorter the translation, the
    more of its words have to be those of the source.

    Returns:
        None where that cannot be told: below 20 letters, and for close languages.
    """
    letters = sum(1 for _ in _LETTER.finditer(translation[: _MOST * 10]))
    if letters < _FEWEST_LETTERS or _are_close(source_lang, target_lang):
        return None
    detected = detect_scored(translation)
    if detected.score < _SURE or base(detected.code) != source_lang:
        return ()
    known = {word.casefold() for word in _words(source)}
    words = [word.casefold() in known for word in _words(translation)]
    return (source_lang,) if sum(words) >= len(words) * (1 - letters / _MANY_LETTERS) else ()


def _words(text: str) -> list[str]:
    return _WORD.findall(text)[:_MOST]


def _is_name(words: Sequence[str]) -> bool:
    return len(words) <= _LONGEST_NAME and all(word[0].isupper() for word in words)


def _are_close(one: str, other: str) -> bool:
    return any({one, other} <= family for family in _CLOSE)


def _in_large_part(
    here: Sequence[str],
    there: Sequence[str],
    here_folded: Sequence[str],
    there_folded: Sequence[str],
) -> bool:
    """Words with a capital alone do not make it: those may be names."""
    ordinary = [word for word in here if not word[0].isupper()]
    same = _common(ordinary, [word for word in there if not word[0].isupper()])
    return (
        len(here) >= _FEWEST_IN_PART
        and same >= max(_FEWEST_ORDINARY, _LARGE_PART * len(ordinary))
        and _common(here_folded, there_folded) >= _LARGE_PART * len(here)
    )


def _common(here: Sequence[str], there: Sequence[str]) -> int:
    """Length of the longest common subsequence, by Hyyrö's bit-parallel algorithm (2004)."""
    places: defaultdict[str, int] = defaultdict(int)
    for place, word in enumerate(here):
        places[word] |= 1 << place
    everything = (1 << len(here)) - 1
    row = everything
    for word in there:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & everything
    return len(here) - row.bit_count()
