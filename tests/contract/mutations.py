"""Changes of the service's own OpenAPI document: some that break clients, some that are harmless."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

SCHEMAS = "/components/schemas"
TICKET, TICKET_REQUEST = f"{SCHEMAS}/Ticket", f"{SCHEMAS}/TicketRequest"
REQUEST, DELTA = f"{SCHEMAS}/TranslationRequest", f"{SCHEMAS}/TranslationDelta"
EVENT = f"{SCHEMAS}/TranslationEvent"
POST_TICKETS, TICKETS = "/paths/~1tickets/post", "POST /tickets"
POST_TRANSLATIONS, TRANSLATIONS = "/paths/~1translations/post", "POST /translations"
STREAM = "POST /translations/stream"
GET_LANGUAGES, LANGUAGES = "/paths/~1v2~1languages/get", "GET /v2/languages"
TAKES = f"{GET_LANGUAGES}/parameters"
JSON_BODY = f"{POST_TICKETS}/requestBody/content/application~1json"
CREATED = f"{POST_TICKETS}/responses/200/content/application~1json"

Json = dict[str, Any]
Edit = Callable[[Json], None]


def find(document: Any, pointer: str) -> tuple[Any, Any]:
    """The part above the one that a pointer names, and the last key."""
    *way, last = (key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:])
    for key in way:
        document = document[int(key) if isinstance(document, list) else key]
    return document, int(last) if isinstance(document, list) else last


def put(pointer: str, value: Any) -> Edit:
    def edit(document: Json) -> None:
        above, key = find(document, pointer)
        above[key] = deepcopy(value)

    return edit


def drop(pointer: str, *values: str) -> Edit:
    """Without what a pointer names, or without values in the list there."""

    def edit(document: Json) -> None:
        above, key = find(document, pointer)
        for value in values:
            above[key].remove(value)
        if not values:
            del above[key]

    return edit


def add(pointer: str, *values: Any) -> Edit:
    """With more values in the list that a pointer names."""

    def edit(document: Json) -> None:
        above, key = find(document, pointer)
        above[key] = [*above.get(key, []), *deepcopy(values)]

    return edit


def move(source: str, target: str) -> Edit:
    """With another name for what a pointer names, wherever there is a reference to it."""

    def edit(document: Json) -> None:
        above, key = find(document, source)
        value = above.pop(key)
        put(target, value)(document)
        text = json.dumps(document).replace(f'"#{source}"', f'"#{target}"')
        document.clear()
        document.update(json.loads(text))

    return edit


def edits(*steps: Edit) -> Edit:
    """One after the other."""

    def edit(document: Json) -> None:
        for step in steps:
            step(document)

    return edit


def edited(document: Json, edit: Edit) -> Json:
    """A changed copy."""
    document = deepcopy(document)
    edit(document)
    return document


def prop(schema: str, name: str, *below: str) -> str:
    return "/".join([schema, "properties", name, *below])


BREAKING: dict[str, tuple[Edit, str, str]] = {
    # operations
    "operation removed": (drop(POST_TICKETS), POST_TICKETS, TICKETS),
    "path renamed": (move("/paths/~1tickets", "/paths/~1cases"), POST_TICKETS, TICKETS),
    "method changed": (move(POST_TICKETS, "/paths/~1tickets/put"), POST_TICKETS, TICKETS),
    "operation id renamed": (
        put(f"{POST_TICKETS}/operationId", "make_ticket"), f"{POST_TICKETS}/operationId", TICKETS,
    ),
    "tag renamed": (put(f"{POST_TICKETS}/tags", ["cases"]), f"{POST_TICKETS}/tags", TICKETS),
    "tag put before": (
        put(f"{POST_TICKETS}/tags", ["cases", "tickets"]), f"{POST_TICKETS}/tags", TICKETS,
    ),
    "key needed": (
        put(f"{POST_TICKETS}/security", [{"key": []}]), f"{POST_TICKETS}/security", TICKETS,
    ),
    # parameters
    "parameter removed": (drop(f"{TAKES}/0"), f"{TAKES}/0", LANGUAGES),
    "parameter renamed": (put(f"{TAKES}/0/name", "kind"), f"{TAKES}/0", LANGUAGES),
    "parameter moved": (put(f"{TAKES}/0/in", "header"), f"{TAKES}/0", LANGUAGES),
    "parameter required": (put(f"{TAKES}/0/required", True), f"{TAKES}/0", LANGUAGES),
    "required parameter added": (
        add(TAKES, {"name": "page", "in": "query", "required": True}), f"{TAKES}/1", LANGUAGES,
    ),
    "parameter's value removed": (
        drop(f"{TAKES}/0/schema/enum", "target"), f"{TAKES}/0/schema", LANGUAGES,
    ),
    "parameter's default changed": (
        put(f"{TAKES}/0/schema/default", "target"), f"{TAKES}/0/schema/default", LANGUAGES,
    ),
    "parameter's style changed": (put(f"{TAKES}/0/style", "form"), f"{TAKES}/0/style", LANGUAGES),
    "header bounded": (
        put(f"{POST_TICKETS}/parameters/1/schema/maxLength", 9),
        f"{POST_TICKETS}/parameters/1/schema/maxLength", TICKETS,
    ),
    # request bodies
    "body removed": (drop(f"{POST_TICKETS}/requestBody"), f"{POST_TICKETS}/requestBody", TICKETS),
    "body required": (
        put(f"{GET_LANGUAGES}/requestBody", {"required": True, "content": {}}),
        f"{GET_LANGUAGES}/requestBody", LANGUAGES,
    ),
    "request's media type changed": (
        move(JSON_BODY, JSON_BODY.replace("json", "cbor")), JSON_BODY, TICKETS,
    ),
    "request property removed": (
        drop(prop(TICKET_REQUEST, "subject")), prop(TICKET_REQUEST, "subject"), TICKETS,
    ),
    "request property renamed": (
        move(prop(REQUEST, "context"), prop(REQUEST, "hint")), prop(REQUEST, "context"),
        TRANSLATIONS,
    ),
    "request property required": (
        add(f"{TICKET_REQUEST}/required", "subject"), prop(TICKET_REQUEST, "subject"), TICKETS,
    ),
    "new request property required": (
        add(f"{REQUEST}/required", "tone"), prop(REQUEST, "tone"), TRANSLATIONS,
    ),
    "request type changed": (
        put(prop(REQUEST, "preserve_formatting", "type"), "string"),
        prop(REQUEST, "preserve_formatting"), TRANSLATIONS,
    ),
    "request type narrowed": (
        put(prop(f"{SCHEMAS}/CustomField", "minimum", "anyOf", "0", "type"), "integer"),
        prop(f"{SCHEMAS}/CustomField", "minimum"), TICKETS,
    ),
    "one of several types refused": (
        drop(prop(f"{SCHEMAS}/CustomField", "enum", "anyOf", "0", "items", "type"), "boolean"),
        prop(f"{SCHEMAS}/CustomField", "enum", "anyOf", "0", "items"), TICKETS,
    ),
    "null refused": (
        put(prop(REQUEST, "context"), {"type": "string", "maxLength": 10_000}),
        prop(REQUEST, "context"), TRANSLATIONS,
    ),
    "alternative refused": (
        drop(prop(f"{SCHEMAS}/LibreRequest", "q", "oneOf", "0")),
        prop(f"{SCHEMAS}/LibreRequest", "q"), "POST /translate",
    ),
    "request's value removed": (
        drop(prop(REQUEST, "formality", "enum"), "more"), prop(REQUEST, "formality"), TRANSLATIONS,
    ),
    "request's constant changed": (
        put(prop(f"{SCHEMAS}/CustomFields", "type", "const"), "map"),
        prop(f"{SCHEMAS}/CustomFields", "type"), TICKETS,
    ),
    "text made an enumeration": (
        put(prop(f"{SCHEMAS}/Intent", "name", "enum"), ["refund"]),
        prop(f"{SCHEMAS}/Intent", "name", "enum"), TICKETS,
    ),
    "longest text shortened": (
        put(prop(REQUEST, "context", "anyOf", "0", "maxLength"), 100),
        prop(REQUEST, "context", "anyOf", "0", "maxLength"), TRANSLATIONS,
    ),
    "fewest items raised": (
        put(prop(REQUEST, "text", "minItems"), 2), prop(REQUEST, "text", "minItems"), TRANSLATIONS,
    ),
    "items bounded": (
        put(prop(REQUEST, "text", "items", "maxLength"), 9),
        prop(REQUEST, "text", "items", "maxLength"), TRANSLATIONS,
    ),
    "place in a list narrowed": (
        put(prop(REQUEST, "text", "prefixItems"), [{"type": "integer"}]),
        prop(REQUEST, "text", "items"), TRANSLATIONS,
    ),
    "smallest number raised": (
        put(f"{POST_TICKETS}/parameters/0/schema/minimum", 1),
        f"{POST_TICKETS}/parameters/0/schema/minimum", TICKETS,
    ),
    "pattern added": (
        put(prop(f"{SCHEMAS}/Intent", "description", "pattern"), "^[A-Z]"),
        prop(f"{SCHEMAS}/Intent", "description", "pattern"), TICKETS,
    ),
    "pattern changed": (
        put(prop(f"{SCHEMAS}/Intent", "name", "pattern"), "^[a-z]+$"),
        prop(f"{SCHEMAS}/Intent", "name", "pattern"), TICKETS,
    ),
    "request's format changed": (
        put(prop(REQUEST, "text", "items", "format"), "uri"),
        prop(REQUEST, "text", "items", "format"), TRANSLATIONS,
    ),
    "other properties refused": (
        put(f"{SCHEMAS}/LibreRequest/additionalProperties", False),
        f"{SCHEMAS}/LibreRequest/additionalProperties", "POST /translate",
    ),
    "map's values bounded": (
        put(prop(TICKET_REQUEST, "headers", "additionalProperties", "maxLength"), 10),
        prop(TICKET_REQUEST, "headers", "additionalProperties", "maxLength"), TICKETS,
    ),
    "names of properties changed": (
        put(
            prop(f"{SCHEMAS}/CustomFields", "properties", "patternProperties"),
            {"^[a-z]$": {"$ref": f"#{SCHEMAS}/CustomField"}},
        ),
        prop(f"{SCHEMAS}/CustomFields", "properties", "additionalProperties"), TICKETS,
    ),
    "keyword without a rule added": (
        put(prop(REQUEST, "text", "contains"), {"minLength": 1}),
        prop(REQUEST, "text", "contains"), TRANSLATIONS,
    ),
    "request's default changed": (
        put(prop(REQUEST, "target_lang", "default"), "DE"), prop(REQUEST, "target_lang", "default"),
        TRANSLATIONS,
    ),
    "request's default removed": (
        drop(prop(REQUEST, "preserve_formatting", "default")),
        prop(REQUEST, "preserve_formatting", "default"), TRANSLATIONS,
    ),
    "condition put beside": (
        put(f"{TICKET_REQUEST}/allOf", [{"required": ["subject"]}]),
        prop(TICKET_REQUEST, "subject"), TICKETS,
    ),
    # responses
    "status removed": (
        drop(f"{POST_TICKETS}/responses/504"), f"{POST_TICKETS}/responses/504", TICKETS,
    ),
    "success with another status": (
        put(f"{POST_TICKETS}/responses/202", {"description": "Later"}),
        f"{POST_TICKETS}/responses/202", TICKETS,
    ),
    "response's media type changed": (
        move(CREATED, CREATED.replace("json", "cbor")), CREATED, TICKETS,
    ),
    "response header removed": (
        drop(f"{POST_TICKETS}/responses/503/headers/Retry-After"),
        f"{POST_TICKETS}/responses/503/headers/Retry-After", TICKETS,
    ),
    "response property removed": (
        edits(drop(prop(TICKET, "summary")), drop(f"{TICKET}/required", "summary")),
        prop(TICKET, "summary"), TICKETS,
    ),
    "optional response property removed": (
        drop(prop(f"{SCHEMAS}/Problem", "errors")), prop(f"{SCHEMAS}/Problem", "errors"), TICKETS,
    ),
    "response property made optional": (
        drop(f"{TICKET}/required", "summary"), prop(TICKET, "summary"), TICKETS,
    ),
    "response property made nullable": (
        put(prop(TICKET, "summary", "type"), ["string", "null"]), prop(TICKET, "summary"), TICKETS,
    ),
    "response type widened": (
        put(prop(DELTA, "index", "type"), "number"), prop(DELTA, "index"), STREAM,
    ),
    "response type left open": (drop(prop(DELTA, "text", "type")), prop(DELTA, "text"), STREAM),
    "response gets a new value": (
        add(prop(TICKET, "urgency", "enum"), "lethal"), prop(TICKET, "urgency"), TICKETS,
    ),
    "response enumeration opened": (
        drop(prop(TICKET, "urgency", "enum")), prop(TICKET, "urgency", "enum"), TICKETS,
    ),
    "shared enumeration gets a new value": (
        add(f"{SCHEMAS}/BreakerState/enum", "ajar"), f"{SCHEMAS}/BreakerState", "GET /readyz",
    ),
    "map's values widened": (
        put(
            prop(f"{SCHEMAS}/UpstreamReport", "output_modes", "additionalProperties"),
            {"anyOf": [{"$ref": f"#{SCHEMAS}/Finding"}, {"type": "string"}]},
        ),
        f"{SCHEMAS}/Finding/enum", "GET /readyz",
    ),
    "error changed": (
        put(prop(f"{SCHEMAS}/FieldError", "code", "type"), "integer"),
        prop(f"{SCHEMAS}/FieldError", "code"), TICKETS,
    ),
    # events
    "event added": (
        add(f"{EVENT}/oneOf", {"type": "object", "properties": {"type": {"const": "pause"}}}),
        EVENT, STREAM,
    ),
    "event renamed": (put(prop(DELTA, "type", "const"), "piece"), prop(DELTA, "type"), STREAM),
    "event no longer told": (
        drop(f"{EVENT}/discriminator/mapping/delta"), f"{EVENT}/discriminator/mapping/delta", STREAM,
    ),
    "events told apart by another property": (
        put(f"{EVENT}/discriminator/propertyName", "event"), f"{EVENT}/discriminator/propertyName",
        STREAM,
    ),
    # names
    "schema renamed": (move(TICKET, f"{SCHEMAS}/Case"), TICKET, ""),
}  # fmt: skip

NUMBERS = {"type": "array", "items": {"type": "integer"}}
PAGE = {"name": "page", "in": "query", "schema": {"type": "integer"}}
HARMLESS: dict[str, Edit] = {
    "operation added": put("/paths/~1weather", {"get": {"operationId": "tell", "responses": {}}}),
    "optional parameter added": add(TAKES, PAGE),
    "header's case changed": put(f"{POST_TICKETS}/parameters/1/name", "cache-control"),
    "tag added": add(f"{POST_TICKETS}/tags", "support"),
    "optional request property added": put(prop(TICKET_REQUEST, "locale"), {"type": "string"}),
    "request property no longer required": drop(f"{SCHEMAS}/Intent/required", "description"),
    "request gets a new value": add(prop(REQUEST, "formality", "enum"), "royal"),
    "request enumeration opened": drop(prop(REQUEST, "formality", "enum")),
    "request accepts another type": add(prop(REQUEST, "context", "anyOf"), {"type": "integer"}),
    "request type widened": put(prop(f"{SCHEMAS}/CustomField", "maxItems", "anyOf", "0"), {}),
    "longest text lengthened": put(prop(REQUEST, "context", "anyOf", "0", "maxLength"), 20_000),
    "bound removed": drop(prop(REQUEST, "text", "maxItems")),
    "pattern removed": drop(prop(f"{SCHEMAS}/Intent", "name", "pattern")),
    "other properties accepted": drop(f"{REQUEST}/additionalProperties"),
    "request's media type added": put(f"{POST_TICKETS}/requestBody/content/text~1plain", {}),
    "body no longer required": put(f"{POST_TICKETS}/requestBody/required", False),
    "response's default changed": put(prop(f"{SCHEMAS}/Problem", "errors", "default"), []),
    "response property added": put(prop(TICKET, "colour"), {"type": "string"}),
    "response property always there": add(f"{SCHEMAS}/Problem/required", "errors"),
    "response loses a value": drop(prop(TICKET, "urgency", "enum"), "critical"),
    "response never null": put(prop(TICKET, "product"), {"type": "string"}),
    "response bounded": put(prop(TICKET, "summary", "maxLength"), 500),
    "response header added": put(f"{POST_TICKETS}/responses/200/headers", {"X-New": {}}),
    "error status added": put(f"{POST_TICKETS}/responses/402", {"description": "To be paid for"}),
    "description changed": put(f"{TICKET}/description", "Another text."),
    "example changed": put(f"{TICKET_REQUEST}/examples", [{"text": "Hello"}]),
    "deprecated": put(f"{POST_TICKETS}/deprecated", True),
    "schema added": put(f"{SCHEMAS}/Numbers", NUMBERS),
    "reference put into a list": put(
        prop(TICKET, "usage"), {"allOf": [{"$ref": f"#{SCHEMAS}/TokenUsage"}]},
    ),
    "schema moved behind a reference": edits(
        move(prop(TICKET, "urgency"), f"{SCHEMAS}/Urgency"),
        put(prop(TICKET, "urgency"), {"$ref": f"#{SCHEMAS}/Urgency"}),
    ),
    "events in another order": edits(
        drop(f"{EVENT}/oneOf/0"), add(f"{EVENT}/oneOf", {"$ref": f"#{DELTA}"}),
    ),
    "request takes anything": put(REQUEST, {}),
    "constant said as an enumeration": put(prop(DELTA, "type"), {"enum": ["delta"]}),
}  # fmt: skip
