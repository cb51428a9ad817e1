"""Which changes of schemas break clients: pairs of small ones, and a law over all."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.compatibility import breaking
from tests.contract.schemas import Json, Node, Side

MAX_2: Json = {"type": "string", "maxLength": 2}
TEXT: Json = {"$ref": "#/components/schemas/Text"}
WIDER: dict[str, tuple[Any, Any]] = {
    "integer, number": ({"type": "integer"}, {"type": "number"}),
    "text, anything": ({"type": "string"}, True),
    "text, text or null": ({"type": "string"}, {"type": ["string", "null"]}),
    "text, text or number": (TEXT, {"oneOf": [TEXT, {"type": "number"}]}),
    "one value, two": ({"const": 1}, {"enum": [1, "one"]}),
    "value, its type": ({"const": 1}, {"type": "integer"}),
    "value, what a reference says": (
        {"const": {"a": "bb"}}, {"properties": {"a": TEXT}, "additionalProperties": False},
    ),
    "shorter": ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 6}),
    "not empty": ({"type": "string", "minLength": 1}, {"type": "string"}),
    "smaller": ({"exclusiveMaximum": 5}, {"exclusiveMaximum": 5.5}),
    "reference and bound": ({**TEXT, "maxLength": 1}, TEXT),
    "pattern": ({"type": "string", "pattern": "a"}, {"type": "string"}),
    "pattern added to another": ({"allOf": [TEXT, {"pattern": "a"}]}, TEXT),
    "items": ({"type": "array", "items": TEXT}, {"type": "array"}),
    "items, open items": ({"items": TEXT}, {"items": {"type": "string"}}),
    "two places, one": ({"prefixItems": [TEXT, TEXT]}, {"prefixItems": [TEXT]}),
    "no items, one": ({"items": False}, {"prefixItems": [TEXT], "items": False}),
    "no properties, some": (
        {"additionalProperties": False},
        {"patternProperties": {"^a": TEXT}, "additionalProperties": False},
    ),
    "properties by pattern": ({"patternProperties": {"^a": TEXT}}, {"patternProperties": {}}),
    "map": ({"additionalProperties": TEXT}, {"additionalProperties": True}),
    "more required": ({"required": ["a", "b"]}, {"required": ["a"]}),
    "required by one of two": ({"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, {
        "required": ["b"]}),
}  # fmt: skip
SAME: dict[str, tuple[Any, Any]] = {
    "constant": ({"const": 1}, {"enum": [1]}),
    "types": ({"type": ["string", "null"]}, {"anyOf": [{"type": "null"}, {"type": "string"}]}),
    "alternatives": ({"anyOf": [TEXT, {"type": "null"}]}, {"oneOf": [TEXT, {"type": "null"}]}),
    "reference": (TEXT, {"allOf": [TEXT], "title": "A text"}),
    "no bound": ({"type": "string", "minLength": 0}, {"type": "string"}),
    "extension": ({"type": "string", "x-order": 1}, {"type": "string", "x-order": 2}),
    "bounds": (
        {"allOf": [{"minLength": 2, "maxLength": 9}, {"minLength": 4, "maxLength": 10}]},
        {"minLength": 4, "maxLength": 9},
    ),
    "required": (
        {"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"required": ["b", "a"]},
    ),
    "properties": (
        {"allOf": [{"properties": {"a": {"minLength": 1}}}, {"properties": {"a": TEXT}}]},
        {"properties": {"a": {**TEXT, "minLength": 1}}},
    ),
    "condition for all alternatives": (
        {"anyOf": [{"type": "string"}, {"type": "null"}], "maxLength": 5},
        {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null", "maxLength": 5}]},
    ),
}  # fmt: skip


def service(schema: object, side: Side, **components: Any) -> Json:
    """A document of one operation, which takes or gives values of one schema."""
    content = {"content": {"application/json": {"schema": schema}}}
    response = content if side is Side.RESPONSE else {}
    operation: Json = {"responses": {"200": response}}
    if side is Side.REQUEST:
        operation["requestBody"] = content
    return {"paths": {"/": {"post": operation}}, "components": {"schemas": components}}


def compared(old: object, new: object, side: Side) -> list[str]:
    """Where two schemas break clients of the first."""
    changes = breaking(*(service(schema, side, Text=MAX_2) for schema in (old, new)))
    return [change.pointer for change in changes]


@pytest.mark.parametrize("name", WIDER)
def test_requests_may_widen_and_responses_may_narrow(name: str) -> None:
    narrow, wide = WIDER[name]
    assert compared(narrow, wide, Side.REQUEST) == []
    assert compared(wide, narrow, Side.RESPONSE) == []
    assert compared(wide, narrow, Side.REQUEST)
    assert compared(narrow, wide, Side.RESPONSE)


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("side", Side)
def test_the_same_in_other_words_is_harmless(name: str, side: Side) -> None:
    one, other = SAME[name]
    assert compared(one, other, side) == []
    assert compared(other, one, side) == []


def test_the_nearest_of_several_alternatives_is_told() -> None:
    line = {"type": "string", "maxLength": 9}
    far = {"type": "string", "maxLength": 5, "pattern": "a", "format": "uri"}
    near = {"type": "string", "maxLength": 8}
    pointers = compared({"anyOf": [line, far]}, {"anyOf": [far, near]}, Side.REQUEST)
    assert [pointer.rpartition("/schema")[2] for pointer in pointers] == ["/anyOf/0/maxLength"]


def test_a_contradiction_is_an_error() -> None:
    with pytest.raises(ValueError, match="`pattern` is 'a' and 'b' at once"):
        compared({"allOf": [{"pattern": "a"}, {"pattern": "b"}]}, {}, Side.REQUEST)


def event(kind: str) -> Json:
    return {"type": "object", "properties": {"type": {"const": kind}}, "required": ["type"]}


BELOW: Json = {"$ref": "#/components/schemas/Tree"}
TREE: Json = {"type": "object", "properties": {"below": BELOW}}
TREE_OF: Json = {"type": "object", "properties": {"below": BELOW, "size": {"type": "integer"}}}


def test_recursion_ends_and_hides_nothing() -> None:
    old, new = (
        service({"$ref": "#/components/schemas/Tree"}, Side.RESPONSE, Tree=tree)
        for tree in (TREE_OF, TREE)
    )
    assert [change.pointer for change in breaking(old, new)] == [
        "/components/schemas/Tree/properties/size"
    ]
    assert breaking(new, old) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            {"anyOf": [{"enum": ["low", "high"]}, {"type": "string"}]},
            {"anyOf": [{"enum": ["low", "high", "lethal"]}, {"type": "string"}]},
        ),
        (
            {"anyOf": [event("delta"), {"type": "object"}]},
            {"anyOf": [event("delta"), event("pause"), {"type": "object"}]},
        ),
    ],
)
def test_what_is_published_as_open_may_grow(old: Json, new: Json) -> None:
    assert breaking(service(old, Side.RESPONSE), service(new, Side.RESPONSE)) == []


def test_a_closed_response_may_not_grow() -> None:
    old, new = ({**tree, "additionalProperties": False} for tree in (TREE, TREE_OF))
    old, new = (service(tree, Side.RESPONSE, Tree=TREE) for tree in (old, new))
    assert "may come now" in str(breaking(old, new))


def test_a_value_is_judged_by_the_document_that_must_take_it() -> None:
    holder = {"properties": {"a": TEXT}}
    old = service({"const": {"a": "bb"}}, Side.REQUEST, Text={"type": "string"})
    new = service(holder, Side.REQUEST, Text={"type": "string", "maxLength": 1})
    assert "the value {'a': 'bb'} is refused now" in "".join(map(str, breaking(old, new)))


def test_a_lost_reference_is_an_error() -> None:
    lost = service({"$ref": "#/components/schemas/Lost"}, Side.REQUEST)
    with pytest.raises(LookupError, match="Lost leads nowhere"):
        breaking(lost, lost)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.sampled_from([0.5, "", "a", "bb", "abc"]),
    lambda below: (
        st.lists(below, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), below, max_size=2)
    ),
    max_leaves=4,
)


def schemas_of(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas made of smaller ones; objects say whether they are open."""
    names = st.sampled_from(["a", "b"])
    pair = st.lists(below, min_size=1, max_size=2)
    return (
        st.fixed_dictionaries({"anyOf": pair})
        | st.fixed_dictionaries({"allOf": pair})
        | st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={
                "items": below,
                "prefixItems": pair,
                "minItems": st.integers(0, 2),
                "maxItems": st.integers(0, 2),
                "uniqueItems": st.booleans(),
            },
        )
        | st.fixed_dictionaries(
            {"type": st.just("object"), "additionalProperties": below},
            optional={
                "properties": st.dictionaries(names, below, max_size=2),
                "patternProperties": st.dictionaries(st.sampled_from(["^a", "^c"]), below),
                "required": st.lists(names, max_size=2, unique=True),
            },
        )
    )


schemas: st.SearchStrategy[Any] = st.recursive(
    st.booleans()
    | st.sampled_from([{}, {"type": ["string", "null"]}, {"$ref": "#/components/schemas/Text"}])
    | st.fixed_dictionaries({"enum": st.lists(values, min_size=1, max_size=2)})
    | st.fixed_dictionaries({"const": values})
    | st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={"minLength": st.integers(0, 2), "maxLength": st.integers(0, 3)},
    )
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={"minimum": st.integers(-1, 2), "exclusiveMaximum": st.integers(0, 3)},
    ),
    schemas_of,
    max_leaves=5,
)


@st.composite
def successions(draw: st.DrawFn) -> tuple[object, object]:
    """A schema, and one like it, most often wider."""
    old = draw(schemas)
    new = draw(st.just(old) | schemas | schemas.map(lambda other: {"anyOf": [other, old]}))
    fields = Node("", new).members
    if not fields or draw(st.booleans()):
        return old, new
    left_out = draw(st.sampled_from(sorted(fields)))
    return old, {key: value for key, value in fields.items() if key != left_out}


@settings(max_examples=200)
@given(pair=successions(), side=st.sampled_from(Side), samples=st.lists(values, max_size=30))
def test_what_is_let_through_breaks_nobody(
    pair: tuple[object, object], side: Side, samples: list[Any]
) -> None:
    """No value tells otherwise."""
    narrow, wide = pair
    old, new = (narrow, wide) if side is Side.REQUEST else (wide, narrow)
    try:
        changed = compared(old, new, side)
    except ValueError:
        return  # an `allOf` that contradicts itself
    components = {"schemas": {"Text": MAX_2}}
    inside, outside = ({"allOf": [schema], "components": components} for schema in pair)
    for value in samples:
        if not changed and jsonschema_rs.is_valid(inside, value):
            assert jsonschema_rs.is_valid(outside, value)
