"""Plain text into blocks, and Markdown, by way of the HTML that it stands for."""

import re
from dataclasses import replace
from typing import Final

from markdown_it import MarkdownIt

from app.knowledge.reading.charsets import decoded
from app.knowledge.reading.html import draft_of
from app.knowledge.sources import Block, Draft

_MARKDOWN: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])

_LINE_END: Final = re.compile(r"\r\n?|[\f\v\x85\u2028]")
_BLANK_LINES: Final = re.compile(r"\n(?:[^\S\n]*\n)+|\u2029")
_UNDERLINE: Final = re.compile(r"\n[=\-~*#]{3,}\s*\Z")
_LONGEST_TITLE: Final = 100  # characters
_NO_TITLE: Final = re.compile(r"[-*\u2022>]\s|.*[.,;:!\u3002]\Z")

_FRONT_MATTER: Final = re.compile(
    r"\s*---[ \t]*\n((?=[\w-]+[ \t]*:)[^\0]{0,20000}?\n)---[ \t]*(?:\n|\Z)"
)
_FIELD: Final = re.compile(
    r"""^(title|url|language|lang)[ \t]*:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#>|](?:[^\n]*?\S)??))"""
    r"(?:[ \t]+\#[^\n]*)?[ \t]*$",
    re.MULTILINE,
)


def read_markdown(data: bytes) -> Draft:
    """CommonMark with tables and strikethrough.

    Of front matter, ``title``, ``url`` and ``language`` (or ``lang``) are read. It is not parsed as
    YAML, which would refuse the commonest mistake: a title with a colon and no quotes.
    """
    text = decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    fields: dict[str, str] = {}
    if front := _FRONT_MATTER.match(text):
        fields = {name: a or b or c for name, a, b, c in _FIELD.findall(front[1])}
        text = text[front.end() :]
    draft = draft_of(_MARKDOWN.render(text))
    return replace(
        draft,
        title=fields.get("title", draft.title),
        url=fields.get("url"),
        language=fields.get("language") or fields.get("lang"),
    )


def read_text(data: bytes) -> Draft:
    """Paragraphs as they are; a first one of one short line is the title."""
    text = _LINE_END.sub("\n", decoded(data)).strip()
    blocks = [Block(paragraph) for paragraph in _BLANK_LINES.split(text)]
    first = _UNDERLINE.sub("", blocks[0].text)
    if len(blocks) == 1 or "\n" in first or len(first) > _LONGEST_TITLE or _NO_TITLE.match(first):
        return Draft(blocks)
    return Draft([Block(first, 1), *blocks[1:]], first)
