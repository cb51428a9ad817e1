"""The product's name in an email: what the model says, held against the text.

A strong model's word is taken when the email contains it. A small model sees *that* a product is
named but not where its name ends ("Regal Fjordal", "kettle"), so its word is matched to what looks
like a name: capitals inside a sentence, digits, inner capitals. German writes all nouns with
capitals; there only digits and inner capitals tell.
"""

import re
from typing import Final

_CAPITAL: Final = r"[^\W\d_a-zß-öø-ÿ]"
_WORD: Final = rf"{_CAPITAL}[\w'\u2019-]*"
_NUMBER: Final = r"\d+(?![.,:]\d)"
_NAME: Final = re.compile(rf"(?<![\w@.]){_WORD}(?:[ \u00a0](?:{_WORD}|{_NUMBER})){{0,2}}(?![\w@])")
_BEFORE_A_SENTENCE: Final = frozenset(
    '.!?:\n\N{INVERTED QUESTION MARK}\N{INVERTED EXCLAMATION MARK}"\u201c\u201e\u00ab('
)
_OWN_SHAPE: Final = re.compile(r"\d|[^\W\d_A-Z][A-Z]|\w [A-Z]\b")
_SIGNATURE_LINE: Final = re.compile(r"^.{0,59}(?<![.!?])$")
_NO_NAME: Final = re.compile(
    "I|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|"
    "August|September|October|November|December"
)
_ARTICLES: Final = re.compile(r"^(?:My|The|Our|Your|A|An|This) (?=\w)")
_PRONOUN_AT_END: Final = re.compile(r" I$")


def as_written(email: str, said: str) -> str | None:
    """What the model said, in the email's own spelling; None where the email does not have it."""
    pattern = r"\s+".join(map(re.escape, said.split()))
    found = re.search(rf"(?<!\w){pattern}(?!\w)", email, re.IGNORECASE) if pattern else None
    return " ".join(found[0].split()) if found else None


def name_by_shape(email: str, said: str | None, *, german: bool) -> str | None:
    """The product that an email names, or None: what looks like a name and fits what was said.

    Args:
        email: the whole email.
        said: the product, as a small model says.
        german: the email is German.
    """
    names = _names(email, german=german)
    for name in names:
        if said and (name.casefold() in said.casefold() or said.casefold() in name.casefold()):
            return name
    if german and said and (quoted := as_written(email, said)):
        return quoted
    if said:
        return next(iter(names), None)
    return next(filter(_OWN_SHAPE.search, names), None)


def _names(email: str, *, german: bool) -> list[str]:
    text = _without_signature(email)
    names: list[str] = []
    for found in _NAME.finditer(text):
        bare = _ARTICLES.sub("", found[0])
        name = _PRONOUN_AT_END.sub("", bare)
        plain = german or _starts_sentence(text, found.end() - len(bare))
        if not _NO_NAME.fullmatch(name) and not (plain and not _OWN_SHAPE.search(name)):
            names.append(name)
    return names


def _starts_sentence(text: str, at: int) -> bool:
    before = text[max(0, at - 8) : at].rstrip(" ")
    return not before or before[-1] in _BEFORE_A_SENTENCE


def _without_signature(email: str) -> str:
    lines = email.strip().splitlines()
    while len(lines) > 1 and _SIGNATURE_LINE.match(lines[-1].strip()):
        lines.pop()
    return "\n".join(lines)
