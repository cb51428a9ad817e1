"""Markdown into blocks, by way of the HTML that it stands for."""

import re
from dataclasses import replace
from typing import Final

from markdown_it import MarkdownIt

from app.knowledge.reading.charsets import decoded
from app.knowledge.reading.draft import Draft
from app.knowledge.reading.html import draft_of

_MARKDOWN: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])

_FRONT_MATTER: Final = re.compile(
    r"\s*---[ \t]*\n((?=[\w-]+[ \t]*:)[^\0]{0,20000}?\n)---[ \t]*(?:\n|\Z)"
)
_FIELD: Final = re.compile(
    r"""^(title|url|language|lang)[ \t]*:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#>|][^\n]*?))"""
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
