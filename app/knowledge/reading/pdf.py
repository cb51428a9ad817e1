"""PDF into blocks, by PDFium.

Compared with pypdf on documents of TeX, FOP and Chromium, it gives ligatures as letters, marks words
broken at line ends, and takes a fifth to a half of the time, the reading of the layout included.
"""

from collections.abc import Iterator
from importlib import import_module
from threading import Lock
from typing import Any, Final

from app.knowledge.reading.blocks import Draft, Unreadable
from app.knowledge.reading.layout import Line, blocks_of, title_of

_PDFIUM: Final[Any] = import_module("pypdfium2")  # its types leave much open
_RAW: Final[Any] = import_module("pypdfium2.raw")

_ONE_AT_A_TIME: Final = Lock()  # PDFium must not be called from two threads
_LINE_END: Final = "\r\n"
_FILE_NAMES: Final = (".doc", ".docx", ".indd", ".odt", ".pdf", ".tex")


def read_pdf(data: bytes) -> Draft:
    """The pages' text, with the headings of the outline or, without one, those in larger type.

    Raises:
        Unreadable: it is broken, asks for a password or has only pictures of text.
    """
    with _ONE_AT_A_TIME:
        try:
            document = _PDFIUM.PdfDocument(data)
        except _PDFIUM.PdfiumError as error:
            locked = error.err_code == _RAW.FPDF_ERR_PASSWORD
            raise Unreadable("it asks for a password" if locked else "it is not a PDF") from error
        try:
            pages = [list(_lines(document, number)) for number in range(len(document))]
            outline = {entry.get_title(): entry.level + 1 for entry in document.get_toc()}
            title: str = document.get_metadata_value("Title")
        except _PDFIUM.PdfiumError as error:
            raise Unreadable("the PDF is broken") from error
        finally:
            document.close()
    if not any(pages):
        raise Unreadable("it has no text, only pictures")
    if not title.strip() or title.lower().endswith(_FILE_NAMES):
        title = title_of(pages[0])
    return Draft(blocks_of(pages, outline), title)


def _lines(document: Any, number: int) -> Iterator[Line]:
    page = document[number]
    text = page.get_textpage()
    try:
        at = 0
        for line in text.get_text_range().split(_LINE_END):
            units = len(line.encode("utf-16-le", "surrogatepass")) // 2
            if line.strip():
                yield _line(text, line, at, at + units - 1)
            at += units + len(_LINE_END)
    finally:
        text.close()
        page.close()


def _line(text: Any, line: str, first: int, last: int) -> Line:
    boxes = [
        text.get_charbox(max(0, _RAW.FPDFText_GetCharIndexFromTextIndex(text, index)), loose=True)
        for index in (first, last)
    ]
    (left, bottom, _, top), (_, low, right, high) = boxes
    return Line(line, left, right, min(bottom, low), max(top - bottom, high - low))
