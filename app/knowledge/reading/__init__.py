"""Documents of all formats into plain text: Markdown, HTML, text and PDF."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from unicodedata import normalize

import regex

from app.knowledge.reading.html import read_html
from app.knowledge.reading.pdf import read_pdf
from app.knowledge.reading.text import read_markdown, read_text
from app.knowledge.sources import Block, Draft, Heading, Source, Unreadable
from app.languages import UNKNOWN, detect

__all__ = ["LARGEST", "READERS", "Unreadable", "language_of", "read"]

LARGEST: Final = 20_000_000  # bytes of a file

READERS: Final[Mapping[str, Callable[[bytes], Draft]]] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".txt": read_text,
    ".pdf": read_pdf,
}
"""What reads a file, by its suffix in small letters."""

_GONE: Final = regex.compile(  # what no reader sees: controls, invisible and reordering characters
    r"[\p{Cc}\p{Cs}\p{Co}\p{Cn}--\t\n]|[\u00ad\u180e\u200b\u2060-\u206f\u202a-\u202e\ufeff]"
    r"|[\U000e0000-\U000e007f]|(?<=\p{M}{30})\p{M}+",
    regex.VERSION1,
)
_SPACE: Final = regex.compile(r"\p{Zs}")
_WORD: Final = regex.compile(r"\w|\p{S}")
_LONGEST_HEADING: Final = 300  # characters
_LANGUAGE: Final = regex.compile(r"\s*([a-zA-Z]{2})(?![a-zA-Z])")  # of a tag (BCP 47)
_UTF_16: Final = (BOM_UTF16_LE, BOM_UTF16_BE)


def read(path: Path, document_id: str) -> Source:
    """Read a document in one of the formats in ``READERS``.

    Its text is in Unicode's form C, without control characters. Blocks stand between blank lines,
    and have none within. A heading is a block of one line. What cannot be read, or has no text, is
    ``Unreadable``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"it cannot be opened: {error.strerror}") from error
    if len(data) > LARGEST:
        raise Unreadable(f"it has more than {LARGEST // 1_000_000} MB")
    suffix = path.suffix.lower()
    if suffix != ".pdf" and b"\0" in data and not data.startswith(_UTF_16):
        raise Unreadable("it is not text")
    source = _source(READERS[suffix](data), document_id)
    if not source.text:
        raise Unreadable("there is no text in it")
    return source


def language_of(text: str) -> str | None:
    """ISO 639-1 code of the language of a text, if it tells."""
    code = detect(text)
    return None if code == UNKNOWN else code.lower()


def _source(draft: Draft, document_id: str) -> Source:
    texts: list[str] = []
    headings: list[Heading] = []
    at = 0
    for block in draft.blocks:
        text = _clean(block)
        if not text:
            continue
        if block.level and len(text) <= _LONGEST_HEADING:
            headings.append(Heading(at, block.level, text))
        texts.append(text)
        at += len(text) + 2
    whole = "\n\n".join(texts)
    said = _LANGUAGE.match(draft.language or "")
    title = " ".join(_tidy(draft.title).split())
    return Source(
        document_id,
        title or next((heading.text for heading in headings if heading.level == 1), ""),
        whole,
        draft.url if draft.url and draft.url.startswith(("http://", "https://")) else None,
        said[1].lower() if said else language_of(whole),
        tuple(headings),
    )


def _clean(block: Block) -> str:
    text = _tidy(block.text)
    if block.level:
        return " ".join(text.split())
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    return "\n".join(lines) if any(map(_WORD.search, lines)) else ""  # a list's mark, a rule


def _tidy(text: str) -> str:
    return normalize("NFC", _SPACE.sub(" ", _GONE.sub("", text)))
