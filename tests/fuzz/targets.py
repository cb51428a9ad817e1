"""All that reads what strangers write, as functions of one text."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import regex
from pydantic import ValidationError

import app
from app.errors import EmailUnreadable
from app.features.answers.feature import keeps_figures
from app.features.answers.task import AnswerTask, Written
from app.features.proofs import PROOFS, Where, adds_no, finding_of, keeps
from app.features.tickets.mail import read_email, split_reply, without_oldest
from app.features.tickets.triage import entities_of
from app.features.translations.markup import Kind, MarkupError, read
from app.features.translations.sheets import compared, sheets_of
from app.features.translations.texts import cut, terms_in
from app.features.translations.translator import in_the_shape_of
from app.features.verbatim import copied, in_catalogue, spelled
from app.features.wire import Request
from app.gateway.boundary import delimited
from app.gateway.call import read_cache_control
from app.gateway.structured import find_json
from app.knowledge.index import Index
from app.knowledge.reading import language_of
from app.knowledge.reading.charsets import decoded
from app.knowledge.reading.html import draft_of, text_of
from app.knowledge.reading.text import read_markdown, read_text
from app.knowledge.sources import Source
from app.knowledge.splitting import split
from app.knowledge.terms import Terms
from app.knowledge.words import words

Target = Callable[[str], object]

_FOUND: Final = ("placeholders", "urls", "emails", "emoji", "numbers", "line_breaks", "markup")
_PATTERNS: Final[Any] = (re.Pattern, regex.Pattern)
_OPERATOR_S: Final = ("app.evaluation", "app.tuning", "app.settings", "app.features.folder")


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _email(head: bytes, text: str) -> None:
    with suppress(EmailUnreadable):
        read_email(b"From: a@b.example\n" + head + _bytes(text))


def _markup(kind: Kind, text: str) -> None:
    with suppress(MarkupError):
        for sheet in sheets_of(text, read(text, kind), 500):
            sheet.filled(sheet.text + " ")
            sheet.smaller()


def _glossary(text: str) -> None:
    half = len(text) // 2
    terms_in(text[half:], [Terms({text[:at] or "a": "b" for at in range(0, half, half // 20 + 1)})])


def _kept(name: str, text: str) -> None:
    keeps(name, text, text[1:])


def _figures(text: str) -> None:
    keeps_figures(AnswerTask.model_construct(question=text, passages=()), Written(text))


READERS: Final[Mapping[str, Target]] = {
    "email's fields": partial(_email, b""),
    "email's subject": partial(_email, b"Subject: "),
    "email's text": partial(_email, b"\n"),
    "email's parts": partial(_email, b"Content-Type: multipart/mixed; boundary=a\n\n--a\n\n--a\n"),
    "email's type": partial(_email, b"Content-Type: text/plain;"),
    "email in HTML": partial(_email, b"Content-Type: text/html\n\n"),
    "HTML": text_of,
    "page": draft_of,
    "Markdown": lambda text: read_markdown(_bytes(text)),
    "front matter": lambda text: read_markdown(b"---\ntitle: " + _bytes(text) + b"\n---\n"),
    "text": lambda text: read_text(_bytes(text)),
    "charset": lambda text: decoded(_bytes(text).replace(b"\xc3", b"\xe3")),
    "HTML to translate": partial(_markup, "html"),
    "XML to translate": partial(_markup, "xml"),
    "pieces": lambda text: cut(text, language="EN", most=500),
    "passages": lambda text: split(Source("a", "a", text, None, "en")),
    "words": words,
    "search": lambda text: Index(split(Source("a", "a", text, None, "en"))).search(text[:2_000]),
    "reply": lambda text: (split_reply(text), without_oldest(text, len(text) // 2)),
    "language": language_of,
    "marks": delimited,
    "cache wishes": read_cache_control,
}
PROVERS: Final[Mapping[str, Target]] = {
    **{f"keeps {name}": partial(_kept, name) for name in _FOUND},
    "adds no numbers": lambda text: adds_no("numbers", text[::2], text),
    "proofs by name": lambda text: [
        PROOFS[name][1](Where(), text, [text]) for name in ("one_line", "verbatim_in")
    ],
    "finding": lambda text: finding_of(filter(None, [keeps("markup", text, "")])),
    "entities": lambda text: entities_of([("subject", text[:99]), ("body", text)], []),
    "verbatim": lambda text: copied(text, [text[1:], text[:99]]),
    "product": lambda text: (spelled(text, text[:99] + "x"), in_catalogue(text, ("Lumo S2",))),
    "shape": lambda text: in_the_shape_of(text + "a", text),
    "tags": lambda text: compared(text, text[1:]),
    "glossary": _glossary,
    "header": Written,
    "figures": _figures,
    "JSON": find_json,
}


def patterns() -> Iterator[tuple[str, Target]]:
    """Every expression of the code that meets what strangers write, put to it as the code does."""
    sources = "".join(path.read_text("utf-8") for path in Path(app.__path__[0]).rglob("*.py"))
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if module.name.startswith(_OPERATOR_S) or module.name == "app.main":
            continue
        found: dict[str, Any] = vars(importlib.import_module(module.name))
        for name, value in found.items():
            if isinstance(value, _PATTERNS) and isinstance(value.pattern, str):
                is_sought = re.search(rf"\b{name}\.(search|find|sub|split)", sources)
                yield f"{module.name}.{name}", value.findall if is_sought else value.match


def _kinds(kind: type[Request]) -> Iterator[type[Request]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


def models() -> Iterator[tuple[str, Target]]:
    """Every field of every request, as a text, a list and an object of what is in the text."""
    for kind in _kinds(Request):
        for name, field in kind.model_fields.items():
            yield f"{kind.__name__}.{name}", partial(_asked, kind, field.alias or name)


def _asked(kind: type[Request], name: str, text: str) -> None:
    values: list[Any] = [text, list(text), dict(enumerate(text)), [{name: text}], [[text]]]
    for value in values:
        try:
            kind.model_validate({name: value})
        except ValidationError as error:
            error.errors()


TARGETS: Final[Mapping[str, Target]] = {
    **READERS,
    **PROVERS,
    **dict(patterns()),
    **dict(models()),
}
