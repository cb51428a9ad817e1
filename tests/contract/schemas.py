"""Which changes of the schemas in an OpenAPI 3.1 document (JSON Schema 2020-12) break clients.

`compatibility.py` says what counts as breaking, and why.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from itertools import product
from math import inf
from operator import ge, le
from reprlib import repr as short
from typing import Any, cast

import jsonschema_rs

Json = dict[str, Any]

_COMPONENTS = "/components/schemas/"
_COMPOSED = {"allOf", "anyOf", "oneOf", "const", "type"}
_APPLICATORS = {"additionalProperties", "items", "patternProperties", "prefixItems", "properties"}
_ANNOTATIONS = {
    "$comment", "default", "deprecated", "description", "discriminator", "example", "examples",
    "externalDocs", "readOnly", "title", "writeOnly", "xml",
}  # fmt: skip
_BOUNDS: dict[str, tuple[Callable[[float, float], bool], float]] = {
    "maxLength": (le, inf), "maxItems": (le, inf), "maxProperties": (le, inf),
    "maximum": (le, inf), "exclusiveMaximum": (le, inf),
    "minLength": (ge, 0), "minItems": (ge, 0), "minProperties": (ge, 0),
    "minimum": (ge, -inf), "exclusiveMinimum": (ge, -inf),
}  # fmt: skip
"""How the tighter of two bounds compares with the other, and what holds without one."""


class Side(StrEnum):
    """Who writes a value: the client a request's, the service a response's."""

    REQUEST = "request"
    RESPONSE = "response"


_OUTSIDE = {
    Side.REQUEST: "is refused now: clients may send it",
    Side.RESPONSE: "may come now: clients do not expect it",
}
_GONE = {
    Side.REQUEST: "clients that send it are refused or not heard",
    Side.RESPONSE: "clients that read it fail",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A change that breaks clients.

    Attributes:
        pointer: where, in the earlier document; in the new one, where only that has the place
            (JSON Pointer, RFC 6901).
        what: what changed, and whom it breaks.
        operations: those it reaches, such as ``POST /answers``; none for a name alone.
    """

    pointer: str
    what: str
    operations: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line for people."""
        reached = f" ({', '.join(self.operations)})" if self.operations else ""
        return f"{self.pointer}: {self.what}{reached}"


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a document, and the pointer to it."""

    pointer: str
    value: Any

    def at(self, *keys: str | int, default: Any = None) -> "Node":
        """What stands below; the default where nothing does."""
        node = self
        for key in keys:
            pointer = f"{node.pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            node = Node(pointer, node.members.get(key, default))
        return node

    def items(self) -> dict[Any, "Node"]:
        """The parts that stand right below, by key or index."""
        return {key: self.at(key) for key in self.members}

    @property
    def members(self) -> dict[Any, Any]:
        """The values that stand right below; none for a value that has no parts."""
        value: object = self.value
        if isinstance(value, list):
            return dict(enumerate(cast("list[Any]", value)))
        return cast("Json", value) if isinstance(value, dict) else {}

    @property
    def component(self) -> str:
        """The name, if this is a component schema."""
        name = self.pointer.removeprefix(_COMPONENTS)
        return "" if "/" in name else name

    @property
    def kind(self) -> str:
        """What to call a schema's values."""
        if "enum" in self.value:
            return " or ".join(map(repr, self.value["enum"]))
        return self.component or self.value.get("type", "any value")


class Document:
    """An OpenAPI document whose references can be followed."""

    def __init__(self, root: Json) -> None:
        self.root = Node("", root)

    def follow(self, node: Node) -> Node:
        """What a `$ref` leads to, together with the assertions beside it.

        Raises:
            LookupError: if it leads nowhere.
        """
        while (reference := node.members.get("$ref")) is not None:
            keys = reference.removeprefix("#/").split("/")
            target = self.root.at(*(key.replace("~1", "/").replace("~0", "~") for key in keys))
            if target.value is None:
                raise LookupError(f"{node.pointer}: {reference} leads nowhere")
            beside = {k: v for k, v in node.members.items() if k not in {"$ref", *_ANNOTATIONS}}
            node = Node(node.pointer, {"allOf": [target.value, beside]}) if beside else target
        return node

    def alternatives(self, schema: Node) -> list[Node]:
        """A schema as a union of schemas that are no unions; none if nothing is valid."""
        node = self.follow(schema)
        if node.value is False:
            return []
        own = {k: v for k, v in node.members.items() if k not in _COMPOSED | _ANNOTATIONS}
        if "const" in node.members:
            own["enum"] = [node.members["const"]]
        types = node.at("type")
        kinds = types.members.values() or [types.value]
        factors = [[Node(node.pointer, own | ({"type": kind} if kind else {})) for kind in kinds]]
        factors += [self.alternatives(part) for part in node.at("allOf").items().values()]
        for keyword in ("anyOf", "oneOf"):
            if keyword in node.members:
                factors.append(self._members(node.at(keyword).items().values()))
        return [reduce(_both, parts) for parts in product(*factors)]

    def _members(self, schemas: Iterable[Node]) -> list[Node]:
        return [part for schema in schemas for part in self.alternatives(schema)]

    def refused(self, schema: Node, values: Iterable[object]) -> list[object]:
        """The values that are not valid under one of this document's schemas."""
        refers = "$ref" in str(schema.value)  # to compile the components takes long
        components: object = self.root.members.get("components", {}) if refers else {}
        validator = jsonschema_rs.validator_for({**schema.value, "components": components})
        return [value for value in values if not validator.is_valid(value)]


def _both(one: Node, other: Node) -> Node:
    """What is valid under both of two schemas that are no unions."""
    if not one.value or not other.value:
        return one if one.value else other
    merged: Json = one.value | other.value
    for keyword in one.value.keys() & other.value.keys():
        mine, its = one.value[keyword], other.value[keyword]
        if keyword in _BOUNDS:
            merged[keyword] = (min if _BOUNDS[keyword][0] is le else max)(mine, its)
        elif keyword == "required":
            merged[keyword] = [*mine, *its]
        elif keyword in {"properties", "patternProperties"}:
            shared = {name: {"allOf": [mine[name], its[name]]} for name in mine.keys() & its.keys()}
            merged[keyword] = mine | its | shared
        elif mine != its:
            raise ValueError(f"{other.pointer}: `{keyword}` is {mine!r} and {its!r} at once")
    return Node(other.pointer, merged)


class SchemaComparison:
    """Compares schemas of two documents.

    A pair is compared once; while that goes on, it is taken to fit, so that recursion ends.
    """

    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new
        self._known: dict[tuple[Side, str, str], list[Change]] = {}

    def compare(self, old: Node, new: Node, side: Side) -> list[Change]:
        """What breaks clients, where one schema follows the other.

        Raises:
            LookupError: for a `$ref` that leads nowhere.
            ValueError: for an `allOf` that contradicts itself.
        """
        default = list(_default(old, new)) if side is Side.REQUEST else []
        old, new = self._old.follow(old), self._new.follow(new)
        key = (side, old.pointer, new.pointer)
        if key not in self._known:
            self._known[key] = []
            self._known[key] = [*_discriminator(old, new), *self._values(old, new, side)]
        return default + self._known[key]

    def _values(self, old: Node, new: Node, side: Side) -> Iterator[Change]:
        """Of each alternative that must lie within the other schema, what lies outside."""
        olds, news = self._old.alternatives(old), self._new.alternatives(new)
        narrow, wide = (olds, news) if side is Side.REQUEST else (news, olds)
        for part in narrow:
            trials = [(other, list(self._outside(part, other, side))) for other in wide]
            if any(not changes for _, changes in trials):
                continue
            akin = [changes for other, changes in trials if _akin(part, other, narrow, wide)]
            if akin:
                yield from min(akin, key=len)
            else:
                yield Change(old.pointer, f"{part.kind} {_OUTSIDE[side]}")

    def _outside(self, narrow: Node, wide: Node, side: Side) -> Iterator[Change]:
        """What keeps values of one schema outside the other; neither is a union."""
        old, new = (narrow, wide) if side is Side.REQUEST else (wide, narrow)
        if "enum" in narrow.value:
            judge = self._new if side is Side.REQUEST else self._old
            for value in judge.refused(wide, narrow.value["enum"]):
                yield Change(old.pointer, f"the value {value!r} {_OUTSIDE[side]}")
            return
        for keyword, limit in wide.value.items():
            if not _entailed(narrow.value, keyword, limit):
                was, now = (
                    short(node.value[keyword]) if keyword in node.value else "absent"
                    for node in (old, new)
                )
                what = f"`{keyword}` was {was}, is {now}: a value outside {_OUTSIDE[side]}"
                yield Change(old.at(keyword).pointer, what)
        yield from self._properties(old, new, side)
        yield from _required(old, new, side)
        yield from self._items(old, new, side)

    def _properties(self, old: Node, new: Node, side: Side) -> Iterator[Change]:
        olds, news = old.at("properties").items(), new.at("properties").items()
        for name, node in olds.items():
            if name in news:
                yield from self.compare(node, news[name], side)
            elif side is Side.RESPONSE or "properties" in new.members:
                yield Change(node.pointer, f"`{name}` is gone from the {side}: {_GONE[side]}")
        rest, its_rest = (node.at("additionalProperties", default=True) for node in (old, new))
        if "additionalProperties" in old.members:
            for name in [name for name in news if name not in olds]:
                yield from self.compare(rest, news[name], side)
        patterns, its = (node.at("patternProperties").items() for node in (old, new))
        for key in patterns | its:
            yield from self.compare(patterns.get(key, rest), its.get(key, its_rest), side)
        if "additionalProperties" in old.members | new.members:
            yield from self.compare(rest, its_rest, side)

    def _items(self, old: Node, new: Node, side: Side) -> Iterator[Change]:
        rest, its_rest = (node.at("items", default=True) for node in (old, new))
        first, its = (node.at("prefixItems").items() for node in (old, new))
        for index in first | its:
            yield from self.compare(first.get(index, rest), its.get(index, its_rest), side)
        if "items" in old.members | new.members:
            yield from self.compare(rest, its_rest, side)


def _required(old: Node, new: Node, side: Side) -> Iterator[Change]:
    needed, needs = (set(node.value.get("required", ())) for node in (old, new))
    if side is Side.REQUEST:
        names, harm = needs - needed, "is required now: clients that leave it out are refused"
    else:
        gone = old.at("properties").items().keys() - new.at("properties").items().keys()
        names, harm = needed - needs - gone, "may be missing now: clients that rely on it fail"
    for name in sorted(names):
        yield Change(old.at("properties", name).pointer, f"`{name}` {harm}")


def _entailed(schema: Json, keyword: str, limit: Any) -> bool:
    """Whether all that is valid under a schema keeps an assertion of another one, too."""
    own = schema.get(keyword)
    if keyword in _APPLICATORS or keyword == "required" or keyword.startswith("x-"):
        return True
    if keyword in _BOUNDS:
        within, unbounded = _BOUNDS[keyword]
        return within(unbounded if own is None else own, limit)
    return own == limit or (own, limit) == ("integer", "number")


def _akin(one: Node, other: Node, ones: list[Node], others: list[Node]) -> bool:
    """Whether to see two alternatives as one that changed, not as one gone and another new."""
    if one.component and one.component == other.component:
        return True
    kind = one.value.get("type")
    alone = all(
        sum(node.value.get("type") == kind for node in union) == 1 for union in (ones, others)
    )
    return other.value.get("type") == kind and (alone or kind not in {"object", None})


def _default(old: Node, new: Node) -> Iterator[Change]:
    if "default" in old.members:
        was, now = old.at("default"), new.at("default")
        if was.value != now.value:
            harm = "clients that rely on it get another outcome"
            yield Change(was.pointer, f"was {was.value!r}, is {now.value!r}: {harm}")


def _discriminator(old: Node, new: Node) -> Iterator[Change]:
    told, tells = old.at("discriminator"), new.at("discriminator")
    if told.value is None:
        return
    name, now = (node.at("propertyName") for node in (told, tells))
    if name.value != now.value:
        what = f"was {name.value!r}, is {now.value!r}"
        yield Change(name.pointer, f"{what}: clients cannot tell alternatives apart")
    for value, target in told.at("mapping").items().items():
        now = tells.at("mapping", value)
        if target.value != now.value:
            what = f"was {target.value}, is {now.value}"
            yield Change(target.pointer, f"{what}: clients that await it fail")
