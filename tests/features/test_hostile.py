"""Requests that are made to cost: few bytes that ask for many calls, answers or much memory."""

import gc
import tracemalloc
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import pytest
from asgi_lifespan import LifespanManager
from langcodes import Language

from app.factory import create_app
from app.features.answers.schemas import Document
from app.features.answers.task import passages_of
from app.features.tickets.custom_fields import CustomFields
from app.features.tickets.feature import FEATURE as TICKETS
from app.features.tickets.schemas import Intent, TicketRequest
from app.features.translations.schemas import (
    LARGEST_GLOSSARY,
    MOST_BYTES,
    TranslationRequest,
)
from app.features.translations.texts import terms_in
from app.features.translations.translating import MOST_CALLS, MOST_SENT
from app.features.wire import Request
from app.gateway.dialects.dialect import OutputMode, Profile
from app.gateway.dialects.openai import OpenAIDialect
from app.knowledge.sources import Passage
from app.knowledge.terms import Terms, words_of
from app.knowledge.words import words
from app.languages import known
from tests.features.test_cost import TICKET
from tests.features.translations.service import Messages, text_of
from tests.wire.replies import openai_message
from tests.wire.upstream import body_of, settings

MANY = 30_000
ONES = [1] * MANY
OBJECT = {str(number): 1 for number in range(MANY)}
LONG = "k" * 1_000_000
SMALL = 20_000  # bytes of an answer that says what is wrong

Body = dict[str, Any]


@asynccontextmanager
async def service(
    says: Callable[[Messages], str] = lambda _: "[1] Good.",
) -> AsyncGenerator[tuple[httpx.AsyncClient, list[int]]]:
    """A client of the whole service, and the sizes of its calls to a model that loses all tags."""
    sizes: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = body_of(request) if request.content else {}
        if not body or "capital of France" in str(body["messages"][-1]):
            return openai_message('{"word": "heliotrope-4711"}')
        sizes.append(len(request.content))
        return openai_message(TICKET if "response_format" in body else says(body["messages"]))

    app = create_app(settings("openai"), open_http=lambda: httpx.MockTransport(answer))
    async with (
        LifespanManager(app) as running,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(running.app), base_url="http://service", timeout=600
        ) as client,
    ):
        yield client, sizes


def wrong_bodies() -> Iterator[tuple[str, str, Body]]:
    """By their path and field: each field of each request with what is far too much of it."""
    for path, body in {
        "/tickets": {"text": "Hi"},
        "/answers": {"question": "Why?"},
        "/answers/msg_1/feedback": {"rating": "up"},
        "/translations": {"text": ["Hi"]},
        "/translations/stream": {"text": ["Hi"]},
        "/v2/translate": {"text": ["Hi"], "target_lang": "EN"},
        "/translate": {"q": "Hi", "target": "en"},
    }.items():
        fields = {
            "/tickets": ["intents", "custom_fields", "headers", "subject", "from"],
            "/answers": ["documents", "history", "question", "conversation_id"],
        }.get(path, list(body))
        for field in (*fields, "glossary", "ignore_tags", "custom_instructions"):
            for kind, much in {"list": ONES, "object": OBJECT, "text": LONG}.items():
                yield path, f"{field} {kind}", {**body, field: much}
        yield path, "long name", {**body, **{LONG[number:]: 1 for number in range(3)}}


WRONG = [pytest.param(path, body, id=f"{path} {what}") for path, what, body in wrong_bodies()]


async def test_what_is_wrong_with_a_large_request_is_said_in_a_small_answer() -> None:
    """Megabytes of ones were as many errors to tell, and a field's long name was said thrice."""
    async with service() as (client, sizes):
        for case in WRONG:
            path, body = cast("tuple[str, Body]", case.values)
            response = await client.post(path, json=body)
            if response.status_code != 200:  # the drop-ins pass over what they do not know
                assert 400 <= response.status_code < 500, case.id
                assert len(response.json().get("errors", [])) <= 20, case.id
            assert len(response.content) <= SMALL, case.id
    assert len(sizes) <= len(WRONG)


def kinds_of(kind: type[Request]) -> Iterator[type[Request]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds_of(each)


def unbounded(schema: Any, at: str = "") -> list[str]:
    """Where a JSON Schema lets a string, a list or an object be as long as it likes."""
    if isinstance(schema, list):
        return [place for item in cast("list[Any]", schema) for place in unbounded(item, at)]
    if not isinstance(schema, dict):
        return []
    node = cast("Body", schema)
    bounds = {"string": {"maxLength", "enum", "const", "pattern", "format"}, "array": {"maxItems"}}
    if isinstance(node.get("additionalProperties"), dict):
        bounds["object"] = {"maxProperties"}
    kind = node.get("type")
    wanted = bounds.get(kind) if isinstance(kind, str) else None
    return ([at] if wanted and not wanted & set(node) else []) + [
        place
        for key, value in node.items()
        if key not in ("examples", "default", "enum")
        for place in unbounded(value, f"{at}/{key}")
    ]


def test_every_string_and_list_of_every_request_has_a_bound() -> None:
    create_app(settings("openai", features="sample"))
    own = ("app.features", "app.web")  # others do not come from outside
    kinds = {
        kind for kind in kinds_of(Request) if kind.model_fields and kind.__module__.startswith(own)
    }
    assert len(kinds) >= 15
    assert {kind.__name__: unbounded(kind.model_json_schema()) for kind in kinds} == {
        kind.__name__: [] for kind in kinds
    }


MARKS = "<b>&lt;1&gt;a</b>"
EVERY = {f"a{number}": "t" * 90 for number in range(1_000)}
CONTEXT = "c" * 10_000
COSTLY: dict[str, Body] = {
    "tags": {"text": [MARKS * 7_700], "tag_handling": "html", "context": CONTEXT},
    "wishes": {
        "text": ["Guten Tag. " * 11_900],
        "context": "本" * 10_000,
        "custom_instructions": ["本" * 1_000] * 10,
    },
    "terms": {"text": [" ".join(EVERY)] * 20, "glossary": EVERY},
}


@pytest.mark.parametrize("path", ["/translations", "/translations/stream", "/v2/translate"])
async def test_a_request_that_would_take_too_much_takes_no_call(path: str) -> None:
    """137 KiB became 2,714 calls and 57 MB, as each text between tags was sent with the context."""
    body = {**COSTLY["tags"], "source_lang": "DE", "target_lang": "EN"}
    async with service() as (client, sizes):
        response = await client.post(path, json=body)
    assert (response.status_code, response.json()["code"]) == (413, "text-too-long")
    (error,) = response.json()["errors"]
    assert error["pointer"] == "/text"
    assert f"{MOST_CALLS} calls" in error["detail"]
    assert sizes == []


@pytest.mark.parametrize("body", COSTLY.values(), ids=COSTLY)
async def test_bytes_upstream_are_bounded(body: Body) -> None:
    async with service() as (client, sizes):
        await client.post("/translations", json={**body, "source_lang": "DE"})
    assert sum(sizes) <= 2 * (MOST_SENT + MOST_CALLS * 2_500)  # with our own words, and repairs


async def test_tags_that_do_not_come_back_make_no_more_calls_than_a_request_may() -> None:
    texts = ["<b>a</b> <i>b</i> " * 1_000, "<p>Kurz.</p>"]
    body = {"text": texts, "source_lang": "DE", "tag_handling": "html"}
    async with service() as (client, sizes):
        response = await client.post("/translations", json=body)
    long, short = response.json()["translations"]
    assert long["problem"]["code"] == "model-output-invalid"
    assert str(MOST_CALLS) in long["problem"]["detail"]
    assert short["text"]
    assert len(sizes) <= 2 * MOST_CALLS


@pytest.mark.parametrize(
    "body",
    [
        {"text": ["Guten Tag. " * (MOST_BYTES // 11)], "context": CONTEXT},
        {"text": ["<p>Guten <b>Tag</b>.</p>" * 900], "tag_handling": "html"},
        {"text": ["Guten Tag."] * 50, "context": CONTEXT, "custom_instructions": ["i" * 999] * 10},
    ],
    ids=["longest", "page", "texts"],
)
async def test_large_requests_that_people_make_are_translated(body: Body) -> None:
    async with service(text_of) as (client, _):
        response = await client.post("/translations", json={**body, "source_lang": "DE"})
    assert response.status_code == 200, response.text[:300]
    assert not any(each["problem"] for each in response.json()["translations"])


async def test_of_a_subject_of_megabytes_the_model_reads_little() -> None:
    raw = b"From: a@b.example\nSubject: " + b"=?utf-8?q?lamp?= " * 240_000 + b"\n\nIt burns."
    async with service() as (client, sizes):
        response = await client.post(
            "/tickets/email", content=raw, headers={"content-type": "message/rfc822"}
        )
    assert response.status_code == 200
    assert sum(sizes) <= 30_000


def test_a_glossary_of_many_characters_is_refused() -> None:
    with pytest.raises(ValueError, match=str(LARGEST_GLOSSARY)):
        TranslationRequest(text=["a"], glossary={"a" * 900 + str(at): "b" for at in range(200)})


class Counting(dict[Any, Any]):
    """A dictionary that counts how often it is asked."""

    looks = 0

    def __contains__(self, key: object) -> bool:
        self.looks += 1
        return super().__contains__(key)


@pytest.mark.parametrize("end", ["", "b"])
def test_the_terms_of_a_text_are_found_in_linear_time(end: str) -> None:
    """One expression of these terms took seconds, in which nobody else was served."""

    def looks(size: int) -> int:
        terms = Terms({"a " * count + end: "x" for count in range(1, 300)})
        counting = terms._next = Counting(terms._next)  # pyright: ignore[reportPrivateUsage]
        terms.places(words_of("a " * size))
        return counting.looks

    assert looks(20_000) <= 2.1 * looks(10_000)
    found = terms_in("Eine LUMO Lampe S2, Lampen", [Terms({"lampe": "lamp", "Lumo Lampe": "Lumo"})])
    assert found == (("Lumo Lampe", "Lumo"),)


def kept_of(make: Callable[[], object]) -> int:
    """Bytes that are still there after something was made and thrown away."""
    gc.collect()
    tracemalloc.start()
    try:
        make()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_documents_that_are_kept_are_bounded_by_their_sentences() -> None:
    """A hundred documents were kept as 200,000 sentences, a thousand of them as 660 MB."""
    for number in range(60):
        passages_of([Document(text=f"{number}\n" + "b\n" * 1_990)])
    gc.collect()
    kept = sum(isinstance(each, Passage) for each in gc.get_objects())
    assert 1_000 < kept <= 70_000


def test_words_that_are_kept_are_short() -> None:
    text = " ".join(
        "".join(chr(0x4E00 + (word * 31 + at * 37) % 20_000) for at in range(64))
        for word in range(4_000)
    )
    assert kept_of(lambda: words(text)) <= 1_000_000


def test_schemas_that_are_kept_are_bounded_by_their_bytes() -> None:
    field = {"type": "string", "description": "\U0001f600" * 300}
    properties = {f"f{number}": field for number in range(20)}
    own = CustomFields.model_validate({"properties": properties})
    dialect = OpenAIDialect("model", Profile())

    def make() -> None:
        for number in range(250):
            intent = Intent(name=f"i{number}", description="x")
            asked = TicketRequest.model_construct(text="Hi", intents=[intent], custom_fields=own)
            dialect.encode(TICKETS.prompt(asked), OutputMode.SCHEMA, stream=False)

    assert kept_of(make) <= 12_000_000


def test_language_tags_are_not_kept_for_ever() -> None:
    for number in range(2_500):
        known(f"de-x-a{number}")
    assert len(Language._PARSE_CACHE) <= 1_200  # pyright: ignore[reportPrivateUsage]
    assert known("de-AT") == "DE"
