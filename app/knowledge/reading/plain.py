"""Plain text into blocks."""

import re
from typing import Final

from app.knowledge.reading.charsets import decoded
from app.knowledge.reading.draft import Block, Draft

_LINE_END: Final = re.compile(r"\r\n?|[\f\v\x85\u2028]")
_BLANK_LINES: Final = re.compile(r"\n(?:[^\S\n]*\n)+|\u2029")
_UNDERLINE: Final = re.compile(r"\n[=\-~*#]{3,}\s*\Z")
_LONGEST_TITLE: Final = 100  # characters
_NO_TITLE: Final = re.compile(r"[-*\u2022>]\s|.*[.,;:!\u3002]\Z")


def read_text(data: bytes) -> Draft:
    """Paragraphs as they are; a first one of one short line is the title."""
    text = _LINE_END.sub("\n", decoded(data)).strip()
    blocks = [Block(paragraph) for paragraph in _BLANK_LINES.split(text)]
    first = _UNDERLINE.sub("", blocks[0].text)
    if len(blocks) == 1 or "\n" in first or len(first) > _LONGEST_TITLE or _NO_TITLE.match(first):
        return Draft(blocks)
    return Draft([Block(first, 1), *blocks[1:]], first)
