"""PDF into blocks, by pdf-inspector (Firecrawl's; MIT, in Rust, no dependencies).

It finds paragraphs, headings, lists and tables as well as our own reader of PDFium's lines did.
liteparse loses lines that repeat; pdf_oxide makes each line a paragraph; pdfplumber and pypdf leave
the layout to us; pymupdf4llm's licence is the AGPL. It keeps Python's lock while it works, seconds
for a large file, so it works in a process of its own, which a broken file can take down alone.
"""

import json
import re
import subprocess
import sys
from typing import Final

from markdown_it import MarkdownIt

from app.knowledge.reading.html import draft_of
from app.knowledge.sources import Draft, Unreadable

_PATIENCE_SECONDS: Final = 120
_PROGRAM: Final = """
import json, sys, pdf_inspector
try:
    pdf = pdf_inspector.process_pdf_bytes(sys.stdin.buffer.read())
except ValueError as error:
    print(json.dumps({"error": str(error)}))
else:
    print(json.dumps({"title": pdf.title, "text": pdf.markdown}))
"""
_BROKEN: Final = "the PDF is broken"
_ERRORS: Final = {"encrypted": "it asks for a password", "Not a PDF": "it is not a PDF"}
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
_BROKEN_WORD: Final = re.compile(r"\b(\w++)- (\w+)")
_FILE_NAMES: Final = (".doc", ".docx", ".indd", ".odt", ".pdf", ".tex")


def read_pdf(data: bytes) -> Draft:
    """The pages' text, with headings and tables as its type and its lines tell them.

    ``Unreadable`` is what is broken, asks for a password or has only pictures of text.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _PROGRAM],
            input=data,
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Unreadable(_BROKEN) from error
    found: dict[str, str | None] = json.loads(done.stdout)
    if error := found.get("error"):
        reason = next((said for words, said in _ERRORS.items() if words in error), _BROKEN)
        raise Unreadable(reason)
    if not (text := found["text"]):
        raise Unreadable("it has no text, only pictures")
    draft, title = draft_of(_MARKDOWN.render(_mended(text))), (found["title"] or "").strip()
    named = bool(title) and not title.lower().endswith(_FILE_NAMES)
    return Draft(draft.blocks, title if named else draft.title)


def _mended(text: str) -> str:
    """Words that a line's end had broken, where the document has them whole elsewhere, too."""
    whole = set(re.findall(r"\w+", text.lower()))

    def mend(found: re.Match[str]) -> str:
        word = found[1] + found[2]
        return word if word.lower() in whole else found[0]

    return _BROKEN_WORD.sub(mend, text)
