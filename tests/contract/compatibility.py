"""Which changes of an OpenAPI 3.1 document break a client that was made for the earlier one.

One routine judges schemas (``schemas.py``), as both questions are of one kind:

* In a request, what was valid stays valid: the old schema's values lie within the new one's.
* In a response, what comes was announced: the new schema's values lie within the old one's.

A schema that is used in both is judged in both. Names count besides values, as generated clients
are made of them: operation ids, tags, properties, component schemas.

What could be seen either way:

* Enumerations and unions are closed as published. A value or event that is new in a response
  breaks clients whose enumerations and unions are closed (Java, Go). One that is meant to grow
  says so: `anyOf` of the known values and `string`, or of the known events and `object`.
* A property that is new in a response is harmless, unless `additionalProperties: false` closed
  the schema. One that is gone is not, even if it was optional.
* An error status that is new is harmless, as clients know its class (RFC 9110, section 15). Any
  other that is new, and each one that is gone, is not.
* A default that changes in a request changes what happens to those who rely on it.
* Keywords without a rule of their own (`pattern`, `format`, `not`, …) may be neither added to nor
  changed in a request's schema, nor changed in or dropped from a response's. So some changes are
  called breaking that are not.
* `oneOf` is judged as `anyOf`: alternatives that overlap are not looked for.

Not judged: what FastAPI writes only when told to (`servers`, `callbacks`, `webhooks`, `links`,
a path's own `parameters`), the `encoding` of forms, and what no document says.
"""

from collections.abc import Iterator
from typing import Any

from tests.contract.schemas import Change, Document, Json, Node, SchemaComparison, Side

Requirement = dict[str, list[str]]

_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
_REFUSED = "clients that leave it out are refused"


def breaking(old: Json, new: Json) -> list[Change]:
    """The changes from one OpenAPI 3.1 document to the next that break clients of the first.

    Raises:
        LookupError: for a `$ref` that leads nowhere.
        ValueError: for a schema whose `allOf` contradicts itself.
    """
    reached: dict[tuple[str, str], list[str]] = {}
    for operation, change in _Comparison(old, new).changes():
        names = reached.setdefault((change.pointer, change.what), [])
        if operation and operation not in names:
            names.append(operation)
    return [Change(*key, operations=tuple(names)) for key, names in reached.items()]


def may_break(released: str, version: str) -> bool:
    """Whether a version may break clients of a released one: a higher major version may.

    Below 1.0.0 a higher minor version may, too: there SemVer 2.0.0 promises nothing (clause 4),
    and package managers take the minor version for the one that breaks.
    """

    def line(text: str) -> tuple[int, int]:
        major, minor = (int(part) for part in text.split(".")[:2])
        return major, 0 if major else minor

    return line(version) > line(released)


class _Comparison:
    """Compares operations, and the names that generated clients are made of."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old = Document(old)
        self._new = Document(new)
        self._schemas = SchemaComparison(self._old, self._new)

    def changes(self) -> Iterator[tuple[str, Change]]:
        """Each change with the operation that it reaches; with none if it is a name alone."""
        operations = _operations(self._new)
        for label, old in _operations(self._old).items():
            if label in operations:
                yield from ((label, change) for change in self._operation(old, operations[label]))
            else:
                yield label, Change(old.pointer, "the operation is gone: clients that call it fail")
        olds, news = (
            document.root.at("components", "schemas").items() for document in (self._old, self._new)
        )
        for name in [name for name in olds if name not in news]:
            harm = "generated clients name a class after it"
            yield "", Change(olds[name].pointer, f"`{name}` is gone: {harm}")

    def _operation(self, old: Node, new: Node) -> Iterator[Change]:
        name, now = (node.at("operationId") for node in (old, new))
        if name.value != now.value:
            harm = "generated clients name a method after it"
            yield Change(name.pointer, f"was {name.value!r}, is {now.value!r}: {harm}")
        tags, its = (node.at("tags", default=[]) for node in (old, new))
        if tags.value[:1] != its.value[:1] or set(tags.value) - set(its.value):
            harm = "generated clients name classes and modules after them"
            yield Change(tags.pointer, f"were {tags.value}, are {its.value}: {harm}")
        yield from self._parameters(old, new)
        yield from self._body(old, new)
        yield from self._responses(old, new)
        yield from self._security(old, new)

    def _parameters(self, old: Node, new: Node) -> Iterator[Change]:
        olds, news = _parameters(self._old, old), _parameters(self._new, new)
        for (name, place), node in olds.items():
            now = news.get((name, place))
            if now is None:
                moved = [f", moved to the {p}" for n, p in news if (n, p) not in olds and n == name]
                what = f"`{name}` is gone from the {place}{''.join(moved)}"
                yield Change(node.pointer, f"{what}: clients that send it are not heard")
                continue
            if now.at("required").value and not node.at("required").value:
                yield Change(node.pointer, f"`{name}` is required now: {_REFUSED}")
            for keyword in ("style", "explode"):
                was, is_ = node.at(keyword), now.at(keyword)
                if was.value != is_.value:
                    what = f"was {was.value}, is {is_.value}"
                    yield Change(was.pointer, f"{what}: what clients send is misread")
            yield from self._content(node, now, Side.REQUEST)
        for key, node in news.items():
            if key not in olds and node.at("required").value:
                yield Change(node.pointer, f"`{key[0]}` is new and required: {_REFUSED}")

    def _body(self, old: Node, new: Node) -> Iterator[Change]:
        body = self._old.follow(old.at("requestBody"))
        now = self._new.follow(new.at("requestBody"))
        if now.at("required").value and not body.at("required").value:
            yield Change(body.pointer, f"a body is required now: {_REFUSED}")
        if body.value is None:
            return
        if now.value is None:
            yield Change(body.pointer, "the body is gone: clients that send it are not heard")
        else:
            yield from self._content(body, now, Side.REQUEST)

    def _responses(self, old: Node, new: Node) -> Iterator[Change]:
        olds, news = old.at("responses").items(), new.at("responses").items()
        for status, node in olds.items():
            if status not in news:
                yield Change(node.pointer, f"{status} is gone: clients that await it fail")
                continue
            response, now = self._old.follow(node), self._new.follow(news[status])
            yield from self._headers(response, now)
            yield from self._content(response, now, Side.RESPONSE)
        for status, node in news.items():
            if status not in olds and status[0] in "123":
                yield Change(node.pointer, f"{status} is new: clients do not expect it")

    def _headers(self, old: Node, new: Node) -> Iterator[Change]:
        news = {name.lower(): node for name, node in new.at("headers").items().items()}
        for name, node in old.at("headers").items().items():
            if name.lower() not in news:
                yield Change(node.pointer, f"`{name}` is gone: clients that read it fail")
                continue
            header, now = self._old.follow(node), self._new.follow(news[name.lower()])
            if header.at("required").value and not now.at("required").value:
                harm = "clients that rely on it fail"
                yield Change(header.pointer, f"`{name}` may be missing now: {harm}")
            yield from self._content(header, now, Side.RESPONSE)

    def _content(self, old: Node, new: Node, side: Side) -> Iterator[Change]:
        """The schema or the media types of a parameter, a body, a response or a header."""
        pairs = [(old, new)]
        for media, node in old.at("content").items().items():
            now = new.at("content", media)
            if now.value is None:
                verb = "send" if side is Side.REQUEST else "read"
                yield Change(node.pointer, f"{media} is gone: clients that {verb} it fail")
            else:
                pairs.append((node, now))
        for before, after in pairs:
            schema, now = (node.at("schema", default=True) for node in (before, after))
            yield from self._schemas.compare(schema, now, side)

    def _security(self, old: Node, new: Node) -> Iterator[Change]:
        """What let a client in must still do, or a part of it."""
        needed, needs = (
            node.at("security", default=document.root.at("security").value)
            for node, document in ((old, self._old), (new, self._new))
        )
        ways: list[Requirement] = needed.value or [{}]
        requirements: list[Requirement] = needs.value or [{}]
        for given in ways:
            if not any(_lets_in(requirement, given) for requirement in requirements):
                what = f"was {needed.value}, is {needs.value}"
                yield Change(needed.pointer, f"{what}: clients are refused")
            for name in given:
                scheme, now = (
                    document.root.at("components", "securitySchemes", name)
                    for document in (self._old, self._new)
                )
                if _said(scheme) != _said(now):
                    yield Change(scheme.pointer, f"`{name}` changed: clients are refused")


def _operations(document: Document) -> dict[str, Node]:
    return {
        f"{method.upper()} {path}": node
        for path, item in document.root.at("paths").items().items()
        for method, node in item.items().items()
        if method in _METHODS
    }


def _parameters(document: Document, operation: Node) -> dict[tuple[str, str], Node]:
    """By name and place; the names of headers do not depend on case."""
    nodes = (document.follow(node) for node in operation.at("parameters").items().values())
    keyed = ((node.value["name"], node.value["in"], node) for node in nodes)
    return {(name.lower() if place == "header" else name, place): n for name, place, n in keyed}


def _lets_in(requirement: Requirement, given: Requirement) -> bool:
    """Whether a client that has the schemes and scopes given meets a security requirement."""
    return all(
        name in given and set(scopes) <= set(given[name]) for name, scopes in requirement.items()
    )


def _said(scheme: Node) -> dict[Any, Any]:
    return {k: v for k, v in scheme.members.items() if k != "description"}
