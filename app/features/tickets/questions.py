"""The questions that a customer asks, word for word: the sentences that end in a question mark."""

import re
from collections.abc import Iterator
from typing import Final

from app.sentences import lengths

MOST: Final = 10  # of one text
LONGEST: Final = 1_000  # characters of a question; what is longer has lost its full stops

_MARKS: Final = "?\uff1f\u061f"  # Latin, full-width, Arabic
_GREEK_MARKS: Final = _MARKS + ";\u037e"
_ARMENIAN_MARK: Final = "\u055e"  # on the stressed vowel, not at the end

_BULLET: Final = re.compile(r"\A[-*\u2022\u2013]\s+")
_ITEM: Final = re.compile(r"[-*\u2022\u2013]\s|\d{1,2}[.)]\s")
_LONGEST_PARAGRAPH: Final = 5_000  # sentencex is quadratic in open quotes: 45 s for 1 MB of them
_NO_TEXT: Final = re.compile(  # queries of web addresses; surrogates, which UTF-8 cannot have
    r"(?:https?://|(?<![\w.])www\.)[!-~]+(?<![?!.,)\"'])|\?(?=[\w%-]{1,40}=)|[\ud800-\udfff]"
)


def open_questions(text: str, language: str = "EN") -> list[str]:
    """The first ``MOST`` questions of an email, each once, as written but for line breaks.

    A question mark counts at the end of a sentence, so not inside an address. In Greek the
    semicolon is one; the Armenian mark counts anywhere. Whether an answer is wanted cannot be
    told. Lines quoted with ``>`` are someone else's. Of a paragraph without end only the first
    5,000 characters are read.

    Args:
        text: the email.
        language: ISO 639-1 code of its language, in any case, with or without a region.
    """
    code = language.partition("-")[0].lower()
    marks = _GREEK_MARKS if code == "el" else _MARKS
    ends = re.compile(rf"[{marks}][^\w.,:;]*\Z")
    found: dict[str, None] = {}
    for sentence in _sentences(text, code, marks + _ARMENIAN_MARK):
        asked = ends.search(sentence) or _ARMENIAN_MARK in sentence
        if asked and len(sentence) <= LONGEST and any(map(str.isalpha, sentence)):
            found[sentence] = None
            if len(found) == MOST:
                break
    return list(found)


def _sentences(text: str, code: str, marks: str) -> Iterator[str]:
    """Sentences of the paragraphs that have a mark, their whitespace folded."""
    for paragraph in _paragraphs(text):
        whole = paragraph[:_LONGEST_PARAGRAPH]
        if not any(mark in whole for mark in marks):
            continue
        plain = _NO_TEXT.sub(lambda at: "x" * len(at[0]), whole)
        at = 0
        for length in lengths(plain, code):
            yield " ".join(whole[at : at + length].split())
            at += length


def _paragraphs(text: str) -> Iterator[str]:
    """What stands between blank lines, quoted lines and the beginnings of list items."""
    lines: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        quoted = bare.startswith(">")
        if not bare or quoted or _ITEM.match(bare):
            yield "\n".join(lines)
            lines.clear()
        if bare and not quoted:
            lines.append(_BULLET.sub("", bare))
    yield "\n".join(lines)
