"""What each dialect sends, held against the official SDKs' own request types."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import aclosing
from functools import cache
from typing import Any, cast, get_type_hints

import httpx
import pytest
from anthropic.types import message_create_params
from openai.types.chat import completion_create_params
from pydantic import BaseModel, Field, TypeAdapter
from pydantic_core import from_json, to_json

from app.gateway import OutputSchema, Prompt, PromptPrefix, Turn
from app.gateway.dialects import AnthropicDialect, OpenAIDialect, OutputMode, Profile
from app.provision import make_gateway
from app.settings import Settings
from tests.wire.replies import MESSAGES, STREAMS, TICKET
from tests.wire.upstream import KEY, PROMPTS, body_of, sent

TYPES: dict[tuple[str, bool], Any] = {
    ("openai", False): completion_create_params.CompletionCreateParamsNonStreaming,
    ("openai", True): completion_create_params.CompletionCreateParamsStreaming,
    ("anthropic", False): message_create_params.MessageCreateParamsNonStreaming,
    ("anthropic", True): message_create_params.MessageCreateParamsStreaming,
}


def assert_conforms(body: Mapping[str, Any], provider: str, *, stream: bool) -> None:
    """The body is what the SDK would let one send: right types, and no key that it lacks."""
    wanted = TYPES[provider, stream]
    unknown = set(body) - set(get_type_hints(wanted))
    assert not unknown, f"the SDK knows no {unknown}"
    exhaust(adapter_of(wanted).validate_python(body))


@cache
def adapter_of(wanted: Any) -> TypeAdapter[Any]:
    """What validates a type; it takes a second to be made, and must outlive the lazy parts."""
    return TypeAdapter(wanted)


def exhaust(value: object) -> None:
    """Walk into what pydantic validates only when it is read (``Iterable`` fields)."""
    if isinstance(value, Mapping):
        exhaust(list(cast("Mapping[str, object]", value).values()))
    elif isinstance(value, Iterator | list):
        for part in cast("Iterable[object]", value):
            exhaust(part)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("feature", PROMPTS)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_body_is_what_the_sdk_would_send(provider: str, feature: str, stream: bool) -> None:
    answer = (STREAMS if stream else MESSAGES)[provider](TICKET)
    request = await sent(answer, provider, PROMPTS[feature], stream=stream)
    body = body_of(request)
    assert_conforms(body, provider, stream=stream)
    assert body["model"] == "some-model"
    assert body.get("stream", False) is stream
    if stream and provider == "openai":
        assert body["stream_options"] == {"include_usage": True}


def test_the_check_itself_finds_what_is_wrong() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    assert_conforms(body, "openai", stream=False)
    for wrong in ({**body, "max_token": 1}, {**body, "messages": [{"role": "nobody"}]}):
        with pytest.raises((AssertionError, ValueError)):
            assert_conforms(wrong, "openai", stream=False)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_key_goes_where_the_provider_wants_it(provider: str) -> None:
    request = await sent(MESSAGES[provider]("Fine."), provider, PROMPTS["text"], stream=False)
    if provider == "openai":
        assert request.headers["authorization"] == f"Bearer {KEY}"
    else:
        assert request.headers["x-api-key"] == KEY
        assert request.headers["anthropic-version"] == "2023-06-01"
    assert request.headers["content-type"] == "application/json"
    assert KEY not in str(request.url)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_instruction_shots_and_request_are_in_their_places(provider: str) -> None:
    request = await sent(MESSAGES[provider](TICKET), provider, PROMPTS["json"], stream=False)
    body = body_of(request)
    messages: list[dict[str, Any]] = body["messages"]
    if provider == "openai":
        assert messages.pop(0) == {"role": "system", "content": "Name it."}
    else:
        assert body["system"] == [{"type": "text", "text": "Name it."}]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[0]["content"] == "A."
    first, *text, last, task = messages[-1]["content"].split("\n")
    assert (text, task) == (["My lamp broke."], "In one word.")
    assert re.fullmatch(r"\[[0-9a-f]{8}\]", first)
    assert last == first.replace("[", "[/")


async def test_anthropic_caches_up_to_the_last_shot() -> None:
    answer = MESSAGES["anthropic"](TICKET)
    body = body_of(await sent(answer, "anthropic", PROMPTS["json"], stream=False))
    marked = [
        index
        for index, message in enumerate(body["messages"])
        if "cache_control" in str(message["content"])
    ]
    assert marked == [len(body["messages"]) - 2]


@pytest.mark.parametrize(
    ("dialect", "mode"),
    [(dialect, mode) for dialect in (OpenAIDialect, AnthropicDialect) for mode in dialect.modes],
)
def test_each_way_of_asking_for_json_conforms(
    dialect: type[OpenAIDialect | AnthropicDialect], mode: OutputMode
) -> None:
    speaker = dialect("m", Profile())
    body: dict[str, Any] = from_json(speaker.encode(PROMPTS["json"], mode, stream=False))
    provider = "openai" if dialect is OpenAIDialect else "anthropic"
    assert_conforms(body, provider, stream=False)
    says_schema = "'word': {'type': 'string'" in str(
        [body.get("response_format"), body.get("tools"), body.get("output_config")]
    )
    assert says_schema is (mode in (OutputMode.SCHEMA, OutputMode.TOOL))


def test_length_limits_go_only_to_those_who_understand_them() -> None:
    prompt = PROMPTS["json"]
    for keeps in (True, False):
        speaker = OpenAIDialect("m", Profile(keeps_length_limits=keeps))
        body = speaker.encode(prompt, OutputMode.SCHEMA, stream=False)
        assert (b'"maxLength"' in body) is keeps


class _Part(BaseModel):
    size: int = 0


class _Whole(BaseModel):
    """As features write them: neither closed, nor without defaults."""

    title: str
    parts: list[_Part] = []
    default: _Part | None = None
    main: _Part = Field(description="The one that counts.")


@pytest.mark.parametrize("dialect", [OpenAIDialect, AnthropicDialect])
def test_every_object_of_a_schema_is_closed(
    dialect: type[OpenAIDialect | AnthropicDialect],
) -> None:
    """OpenAI's strict mode refuses a schema that lets members in, or lets some out."""
    schema = OutputSchema("whole", to_json(_Whole.model_json_schema()).decode())
    prompt = Prompt(PromptPrefix("whole", "Name it.", schema=schema), PROMPTS["json"].turns)
    body = from_json(dialect("m", Profile()).encode(prompt, OutputMode.SCHEMA, stream=False))
    form = body.get("response_format", body.get("output_config"))
    sent = form.get("json_schema", form.get("format"))["schema"]
    assert sent["required"] == list(sent["properties"]) == ["title", "parts", "default", "main"]
    (part,) = sent["$defs"].values()
    assert part["required"] == list(part["properties"]) == ["size"]
    assert sent["additionalProperties"] is part["additionalProperties"] is False
    assert "default" not in part["properties"]["size"], "all are there"
    reference = {"$ref": "#/$defs/_Part"}
    assert sent["properties"]["main"] == {
        "description": "The one that counts.",
        "anyOf": [reference],
    }


def test_a_prefix_serialised_once_gives_the_same_bytes_again() -> None:
    speaker = OpenAIDialect("m", Profile())
    same = Prompt(PROMPTS["json"].prefix, (Turn("user", ("The same",)),))
    first = speaker.encode(same, OutputMode.SCHEMA, stream=False)
    assert speaker.encode(same, OutputMode.SCHEMA, stream=False) == first
    text = 'Something "else" \\ \n\t é 🙂'
    other = Prompt(PROMPTS["json"].prefix, (Turn("user", (text,)),))
    body = from_json(speaker.encode(other, OutputMode.SCHEMA, stream=False))
    assert body["messages"][-1]["content"] == text


@pytest.mark.parametrize(
    ("base_url", "temperature", "field"),
    [(None, None, "max_completion_tokens"), ("http://own.test/v1", 0.0, "max_tokens")],
    ids=["hosted", "own"],
)
async def test_what_differs_between_openai_and_servers_of_ones_own(
    base_url: str | None, temperature: float | None, field: str
) -> None:
    bodies: list[dict[str, Any]] = []

    def upstream(request: httpx.Request) -> httpx.Response:
        bodies.append(body_of(request))
        return MESSAGES["openai"]("Fine.")

    http = httpx.MockTransport(upstream)
    settings = Settings(model="openai:m", base_url=base_url)
    async with aclosing(make_gateway(settings, None, lambda: http)) as gateway:
        await gateway.complete(PROMPTS["text"])
    assert bodies[0].get("temperature") == temperature
    assert field in bodies[0]
