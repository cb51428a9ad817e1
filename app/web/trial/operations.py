"""Which endpoints ask the model, and what of their replies can be compared by equality.

What a schema closes can: an enum, a boolean, a number that is a field of the reply itself, and lists
of such. Free text cannot: two good summaries differ. Nor can numbers further inside, which are
tokens, probabilities and places in texts. Whether the proofs are kept is compared in all replies.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

CHECKS: Final = "checks"
_DEEPEST: Final = 4  # objects in objects
_STREAM: Final = "/stream"

Schema = Mapping[str, Any]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint of a feature, and the fields of its reply that can be compared."""

    feature: str
    closed: tuple[Path, ...] | None  # None where the reply is in another's format

    def differences(self, one: JsonValue, other: JsonValue) -> list[str]:
        """Names of what differs in two replies."""
        closed = self.closed or ()
        found = [".".join(path) for path in closed if _at(one, path) != _at(other, path)]
        return found + ([CHECKS] if unkept(one) != unkept(other) else [])


class Operations:
    """All endpoints that ask the model, as the application's OpenAPI document has them."""

    def __init__(self, document: Callable[[], dict[str, Any]]) -> None:
        """Take them out of what ``document`` returns, and again when it is another one."""
        self._document = document
        self._read: object = None
        self._by_path: dict[str, Operation] = {}
        self.find("")

    def find(self, path: str) -> Operation | None:
        document = self._document()
        if document is not self._read:
            self._read, self._by_path = document, dict(_operations(document))
        return self._by_path.get(path)


def unkept(reply: JsonValue) -> Counter[str]:
    """Names of the proofs that are not kept, anywhere in a reply."""
    found: Counter[str] = Counter()
    if isinstance(reply, list):
        for each in reply:
            found += unkept(each)
    elif isinstance(reply, dict):
        for name, each in reply.items():
            if name == CHECKS and isinstance(each, list):
                found.update(str(c["check"]) for c in each if isinstance(c, dict) and not c["kept"])
            else:
                found += unkept(each)
    return found


def _operations(document: Schema) -> Iterator[tuple[str, Operation]]:
    paths: Mapping[str, Any] = document["paths"]
    for path, methods in paths.items():
        operation = methods.get("post", {})
        whole = paths.get(path.removesuffix(_STREAM), {}).get("post", operation)
        if "200" not in operation.get("responses", ()) or not operation.get("requestBody"):
            continue
        content = whole["responses"]["200"].get("content", {}).get("application/json", {})
        reply = _resolved(content.get("schema", {}), document)
        ours = "model" in reply.get("properties", {})
        closed = tuple(_closed(reply, document, ())) if ours else None
        yield path, Operation(operation["tags"][0], closed)


def _closed(schema: Schema, document: Schema, above: Path) -> Iterator[Path]:
    for name, each in schema.get("properties", {}).items():
        kind, path = _resolved(each, document), (*above, name)
        item = _resolved(kind["items"], document) if "items" in kind else kind
        types = ("boolean",) if above else ("boolean", "integer", "number")
        if "enum" in item or "const" in item or item.get("type") in types:
            yield path
        elif kind is item and len(path) < _DEEPEST:
            yield from _closed(kind, document, path)


def _resolved(schema: Schema, document: Schema) -> Schema:
    """What a reference names, and what a value is that may be null as well."""
    options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(options) == 1:
        return _resolved(options[0], document)
    if name := schema.get("$ref"):
        return _resolved(document["components"]["schemas"][name.rpartition("/")[2]], document)
    return schema


def _at(reply: JsonValue, path: Path) -> JsonValue:
    for name in path:
        reply = reply.get(name) if isinstance(reply, dict) else None
    return sorted(reply, key=str) if isinstance(reply, list) else reply
