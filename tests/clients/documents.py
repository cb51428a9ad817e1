"""The committed OpenAPI document, and what some generators need changed in it.

Each function takes a document and changes it. What is changed is the way something is written
down, not what goes over the wire.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

Document = dict[str, Any]
Change = Callable[[Document], None]

COMMITTED = Path("openapi.json")
_REFERENCE = "#/components/schemas/"


def committed(*changes: Change) -> Document:
    """The committed document after ``changes``."""
    document: Document = json.loads(COMMITTED.read_text("utf-8"))
    for change in changes:
        change(document)
    return document


def operation_ids(document: Document) -> set[str]:
    """The names of all operations."""
    return {operation["operationId"] for operation in _operations(document)}


def no_class_named_like_its_field(document: Document) -> None:
    """``Translations.translations``: openapi-python-client gives two local variables one name."""
    schemas = document["components"]["schemas"]
    schemas["TranslationResult"] = schemas.pop("Translations") | {"title": "TranslationResult"}
    for node in _nodes(document):
        if node.get("$ref") == f"{_REFERENCE}Translations":
            node["$ref"] = f"{_REFERENCE}TranslationResult"


def values_of_enum_are_simple(document: Document) -> None:
    """``list[Any]`` is cast to itself by openapi-python-client, which mypy --strict refuses."""
    document["components"]["schemas"]["JsonValue"]["type"] = ["string", "number", "boolean", "null"]


def no_default_where_types_are_mixed(document: Document) -> None:
    """openapi-generator makes a class of such a union, and assigns the bare default to it."""
    for node in _mixed(document):
        node.pop("default", None)


def anything_where_types_are_mixed(document: Document) -> None:
    """openapi-generator's Java for a union with a list in it does not compile."""
    for node in _mixed(document):
        node.pop("default", None)
        del node["anyOf"]


def email_as_text(document: Document) -> None:
    """openapi-generator's Java sends the path of a file for a binary body, and names a class that
    it does not make where a form is the other choice.
    """
    body = document["paths"]["/tickets/email"]["post"]["requestBody"]
    body["content"] = {"message/rfc822": {"schema": {"type": "string"}}}


def _operations(document: Document) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _mixed(document: Document) -> list[dict[str, Any]]:
    """Schemas that allow more than one type beside null."""
    return [
        node
        for node in _nodes(document)
        if sum(choice.get("type") != "null" for choice in node.get("anyOf", [])) > 1
    ]


def _nodes(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        node = cast("dict[str, Any]", value)
        yield node
        for child in [*node.values()]:
            yield from _nodes(child)
    elif isinstance(value, list):
        for child in cast("list[object]", value):
            yield from _nodes(child)
