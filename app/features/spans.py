"""What code finds exactly in a text of any language: addresses, placeholders, tags, emoji, figures.

Every repetition is possessive or bounded, and a run of characters is tried from its first one only:
each function takes a time linear in the text, whatever the text. Most texts cost one quick look.
"""

import re
from typing import Final
from unicodedata import decimal

import regex

_LATIN: Final = r"A-Za-z0-9À-ÖØ-öø-ɏ"
_IN_URL: Final = (
    r"[^\s<>\"“”„«»،؛؟\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\u3000-\u303F"
    r"\uFF00-\uFFEF\U0001F000-\U0001FAFF\u2600-\u27BF]"
)

# A host without a scheme needs "www.", a path, or an ending that is no word of any language.
_URL: Final = regex.compile(
    rf"""(?i:https?+|ftp)://{_IN_URL}++
    | (?<![{_LATIN}@._/-])(?:
        (?i:www)\.[{_LATIN}]{_IN_URL}*+
        | [{_LATIN}-]++(?:\.[{_LATIN}-]++)++(?:
            (?<=\.[a-z]{{2,7}})/(?![\s/]){_IN_URL}*+
            | (?<=\.(?:com|org|net|example|test|invalid))(?![@\w])
        )
    )""",
    regex.V1 | regex.VERBOSE,
)
_MAYBE_URL: Final = re.compile(r"://|\.\w")
_URL_ENDS: Final = frozenset(".,:;!?'’*…–—")
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}

_EMAIL: Final = regex.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+-][A-Za-z0-9._%+-]*+@[{_LATIN}-]++(?:\.[{_LATIN}-]++)++"
)

# Mustache and Jinja; shell, Ruby and JavaScript; Python's format and ICU MessageFormat; printf (a per
# cent sign behind a number is none, nor is one before a word); "%NAME%"; ":smile:".
_PLACEHOLDER: Final = regex.compile(
    rf"""\{{\{{\{{?+[^{{}}\n]*+\}}\}}\}}?+ | \{{%[^{{}}\n]*+(?<=%)\}} | [$\#%@]\{{[^{{}}\n]*+\}}
    | \{{\s?[\w.\[\]-]*+
        (?:[:!][^\s{{}}]*+|,\s?(?:number|date|time|ordinal|spellout|duration)\b[^{{}}]*+)?+\s?\}}
    | \{{\s?\w++,\s?(?:plural|selectordinal|select)\s?,
    | (?<![\d%])%(?:
        [A-Za-z_]\w++%(?![\w%])
        | \(\w++\)[-+\#0-9.]*+[sdifgrx]
        | (?:\d++\$)?+[-+\#0]*+\d*+(?:\.\d++)?+(?:ll?+|hh?+|z)?+
            (?:@|[siufFeEgGxXoc](?![{_LATIN}])|d(?![{_LATIN}]{{4}}))
    )
    | (?<![\w:]):[a-z][a-z0-9_+-]*+:(?![\w:])""",
    regex.V1 | regex.VERBOSE,
)
_MAYBE_PLACEHOLDER: Final = re.compile("[{%]|:[a-z]")
_CHOICE: Final = re.compile(r"\{\s?\w+,\s?(?:plural|selectordinal|select)\s?,")
_FORM: Final = re.compile(r"\{\s?\w+\s?\}")

# "<3", "a < b" and "<your name here>" are none.
_TAG: Final = regex.compile(
    r"""</?+[A-Za-z][\w.:-]*+
        (?:\s++(?=[^<>]*=)(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)?+ \s*+ (?:/?+>|(?<=/)>)
    | <![^<>]*+>""",
    regex.V1 | regex.VERBOSE,
)

# Unicode Technical Standard 51, definition ED-17: flags, keycaps, and pictographs with their skin
# tones, joined by zero-width joiners.
_PICTOGRAPH: Final = (
    r"\p{Extended_Pictographic}(?:\p{EMod}|\uFE0F)?+\u20E3?+[\U000E0020-\U000E007F]*+"
)
_EMOJI: Final = regex.compile(
    rf"\p{{RI}}{{2}}|[#*0-9]\uFE0F?+\u20E3"
    rf"|(?![©®™ℹ](?!\uFE0F)){_PICTOGRAPH}(?:\u200D{_PICTOGRAPH})*+"
)
_MAYBE_EMOJI: Final = re.compile(
    "[©®\u203c\u2049\u20e3\u2122-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_STYLE: Final = "\ufe0f"  # changes the look of a sign, not the sign

_GAP: Final = r"[ \u00A0\u202F]"
_FIGURE: Final = re.compile(  # one alternative: so the engine looks for a digit first
    rf"\d(?:\d{{0,2}}(?:{_GAP}\d{{3}}(?!\d))++(?:[.,٫]\d++)?+|\d*+(?:[.,'’٫٬]\d++)*+)"
)
_SEPARATORS: Final = re.compile(r"\D")


def urls(text: str) -> list[str]:
    """Web addresses, without the punctuation of the sentence around them."""
    if not _MAYBE_URL.search(text):
        return []
    return [_without_punctuation(match[0]) for match in _URL.finditer(text)]


def emails(text: str) -> list[str]:
    """E-mail addresses."""
    return _EMAIL.findall(text) if "@" in text else []


def placeholders(text: str) -> list[str]:
    """What a program will put something in for.

    Beside an ICU plural or select, no ``{item}``: it may be a form, which is to be translated.
    """
    if not _MAYBE_PLACEHOLDER.search(text):
        return []
    found: list[str] = _PLACEHOLDER.findall(text)
    return [p for p in found if not _FORM.fullmatch(p)] if _CHOICE.search(text) else found


def tags(text: str) -> list[str]:
    """Tags of HTML and XML, as they are written."""
    return _TAG.findall(text) if "<" in text else []


def emoji(text: str) -> list[str]:
    """Emoji, each without the selector of its style."""
    if text.isascii() or not _MAYBE_EMOJI.search(text):
        return []
    return [match.replace(_STYLE, "") for match in _EMOJI.findall(text)]


def figures(text: str) -> list[str]:
    """Numbers as their digits alone, those of ASCII: ``129900`` for ``1.299,00`` and ``1,299.00``."""
    found = [_SEPARATORS.sub("", figure) for figure in _FIGURE.findall(text)]
    if text.isascii():
        return found
    return ["".join(str(decimal(digit)) for digit in figure) for figure in found]


def _without_punctuation(url: str) -> str:
    """The sentence's own marks are no part of it, nor a bracket that was opened before it."""
    surplus = {close: url.count(close) - url.count(opening) for close, opening in _BRACKETS.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _URL_ENDS:
            break
        end -= 1
    return url[:end]
