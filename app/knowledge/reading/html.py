"""HTML into plain text, for documents and for emails.

turbohtml (tox-dev; MIT, no dependencies, fuzzed, in C) parses and writes. It was the only one that
was linear on each of 25 hostile pages, 100,000 open tags among them. inscriptis drags in requests,
loses captions, pads tables (5,000 letters in one cell: 100 MB) and joins lists of definitions;
resiliparse makes 400 MB of nested lists, html-to-markdown 12 s of nested quotes, selectolax 70 s of
open tags; trafilatura leaves out what it takes for no content; markitdown brings a model runtime.
What is written is Markdown without its marks: a table's row and a list's item on a line of its own,
``>`` before what an email quotes.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from turbohtml import Document, Element, Markdown, parse

from app.knowledge.reading.charsets import decoded
from app.knowledge.sources import Block, Draft

_HIDDEN: Final = '[hidden], [style*="display:none" i], [style*="display: none" i]'
_PARTS: Final = ":is(article, aside, main, section)"
_NO_CONTENT: Final = (
    f"{_HIDDEN}, [aria-hidden=true], nav, noscript, iframe, object, audio, video, canvas, svg, button,"
    "select, textarea, datalist, [role=navigation], [role=banner], [role=contentinfo], [role=search],"
    f"header:not({_PARTS} *), footer:not({_PARTS} *)"  # of the page, not of a part
)
_LAYOUT: Final = "table:has(table, h1, h2, h3, h4, h5, h6), table[role=presentation]"

_HEADING: Final = "\ue000"  # of private use: documents lose it
_PERMALINK: Final = " \u00a7\u00b6"
_BLANK: Final = re.compile(r"\n(?:[ \t]*\n)+")
_RULER: Final = re.compile(r"\|(?: --- \|)+")
_EMPTY_LINE: Final = re.compile(r"^((?:> ?)*)\\$", re.MULTILINE)  # of two breaks in a row


def _heading(level: int) -> Callable[[Element, str], str]:
    return lambda _, text: f"\n\n{_HEADING}{level}{' '.join(text.split())}\n\n"


def _without_marks(
    tables: Markdown.Tables, converters: Mapping[str, Callable[[Element, str], str]]
) -> Markdown:
    return Markdown(
        inline=Markdown.Inline(ignore_emphasis=True),
        links=Markdown.Links(ignore=True),
        images=Markdown.Images(mode="alt"),
        tables=tables,
        escaping=Markdown.Escaping(mode="none", asterisks=False, underscores=False),
        strip=("code", "kbd", "samp", "tt"),
        converters={"pre": lambda pre, _: f"\n\n{pre.text}\n\n", **converters},
    )


_OF_A_DOCUMENT: Final = _without_marks(
    Markdown.Tables(cell_blocks="text"),
    {
        "blockquote": lambda _, text: f"\n\n{text.strip()}\n\n",
        **{f"h{level}": _heading(level) for level in range(1, 7)},
    },
)
_OF_AN_EMAIL: Final = _without_marks(Markdown.Tables(mode="strip"), {})


def text_of(html: str) -> str:
    """What a reader of an email sees, with ``>`` before each line of what it quotes."""
    return _written(parse(html, positions=False).remove(_HIDDEN), _OF_AN_EMAIL).strip("\n")


def read_html(data: bytes) -> Draft:
    """A page: of its ``main`` element, if it has one, else of all of it."""
    return draft_of(decoded(data))


def draft_of(html: str) -> Draft:
    """A page's content, without what surrounds it, and what it says about itself."""
    page = parse(html, positions=False)
    page.remove(_NO_CONTENT)
    said = page.article()
    for table in page.select(_LAYOUT):  # old pages stand in tables as a whole
        for part in (table, *table.select("tbody, thead, tfoot, tr, th, td")):
            part.tag = "div"
    written = _written(page.select_one("main") or page, _OF_A_DOCUMENT)
    blocks = [_block(text) for text in written.split("\n\n") if text.strip()]
    return Draft(blocks, (said.title or "").rstrip(_PERMALINK), said.canonical, said.lang)


def _block(text: str) -> Block:
    bare = text.strip()
    if bare.startswith(_HEADING):
        return Block(bare[2:].rstrip(_PERMALINK), int(bare[1]))
    first, *rows = text.split("\n")
    if not (rows and _RULER.fullmatch(rows[0])):
        return Block(text)
    return Block("\n".join(row[2:-2].strip().replace(r"\|", "|") for row in (first, *rows[1:])))


def _written(root: Document | Element, form: Markdown) -> str:
    text = _EMPTY_LINE.sub(r"\1", root.to_markdown(form))
    return _BLANK.sub("\n\n", "\n".join(map(str.rstrip, text.split("\n"))))
