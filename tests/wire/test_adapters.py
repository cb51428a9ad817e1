"""What a feature with an adapter is asked by, and what it is told of it."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.errors import ConfigurationError
from app.factory import create_app
from app.gateway import Adapter, Prompt, PromptPrefix, Shot, Turn
from app.gateway.dialects import AnthropicDialect, Dialect, OpenAIDialect, OutputMode, Profile
from app.provision import make_gateway
from app.settings import Settings, load_settings
from tests.wire.replies import MESSAGES, TICKET
from tests.wire.upstream import body_of, settings

PREFIX = PromptPrefix("tickets", "The instruction.", (Shot("An email.", "A ticket."),))
OTHER = PromptPrefix("answers", "The instruction.", (Shot("A question.", "An answer."),))
TUNED = Adapter("tickets-1f2e3d4c", {"model": "tuned"}, "Trained with.")
BASE = Adapter(asked={"lora": [{"id": 0, "scale": 0.0}]})
ASKED = (Turn("user", ("Hello.",)),)


@pytest.mark.parametrize("kind", [OpenAIDialect, AnthropicDialect])
def test_an_adapter_takes_the_place_of_instruction_and_examples(kind: type[Dialect]) -> None:
    dialect = kind("base", Profile(adapters={"tickets": TUNED}, base=BASE))
    tuned = dialect.encode(Prompt(PREFIX, ASKED), OutputMode.PROMPT, stream=False).decode()
    plain = dialect.encode(Prompt(OTHER, ASKED), OutputMode.PROMPT, stream=False).decode()
    assert '"model":"tuned"' in tuned
    assert "Trained with." in tuned
    assert "The instruction." not in tuned
    assert "An email." not in tuned
    assert "lora" not in tuned
    assert '"model":"base"' in plain
    assert "The instruction." in plain
    assert "A question." in plain
    assert '"lora":[{"id":0,"scale":0.0}]' in plain


def test_what_it_was_not_trained_with_is_the_base_models() -> None:
    own = Prompt(replace(PREFIX, is_callers=True), ASKED)
    for is_general, model in ((True, "tuned"), (False, "base")):
        adapters = {"tickets": replace(TUNED, is_general=is_general)}
        dialect = OpenAIDialect("base", Profile(adapters=adapters, base=BASE))
        body = dialect.encode(own, OutputMode.PROMPT, stream=False).decode()
        assert f'"model":"{model}"' in body
        assert ("The instruction." in body) is not is_general


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_on_a_server_an_adapter_is_a_model_of_its_own(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDWORK_MODEL", f"{provider}:base")
    monkeypatch.setenv("GROUNDWORK_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("GROUNDWORK_ADAPTERS", "tickets=tuned, answers=none")
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(body_of(request))
        return MESSAGES[provider](TICKET)

    gateway = make_gateway(load_settings(), None, lambda: httpx.MockTransport(answer))
    tuned = await gateway.complete(Prompt(PREFIX, ASKED))
    plain = await gateway.complete(Prompt(OTHER, ASKED))
    await gateway.aclose()
    assert [body["model"] for body in bodies] == ["tuned", "base"]
    assert (tuned.adapter, plain.adapter) == ("tuned", None)


async def test_a_llama_cpp_server_is_told_all_scales_in_every_request() -> None:
    adapters = {"tickets": "lora:1", "answers": "lora:0", "translations": "tuned"}
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(body_of(request))
        return MESSAGES["openai"](TICKET)

    named = settings("openai", base_url="http://127.0.0.1:1/v1", adapters=adapters)
    gateway = make_gateway(named, None, lambda: httpx.MockTransport(answer))
    told = [
        (await gateway.complete(Prompt(replace(PREFIX, feature=feature), ASKED))).adapter
        for feature in ("tickets", "answers", "queries", "translations")
    ]
    await gateway.aclose()
    assert told == ["lora:1", "lora:0", None, "tuned"]
    assert [body["model"] for body in bodies] == [*["some-model"] * 3, "tuned"]
    scales = [[(each["id"], each["scale"]) for each in body["lora"]] for body in bodies]
    assert scales == [[(0, 0), (1, 1)], [(0, 1), (1, 0)], [(0, 0), (1, 0)], [(0, 0), (1, 0)]]


@pytest.mark.parametrize(
    ("model", "address", "name"),
    [
        ("openai:any", None, "lora:0"),
        ("anthropic:any", "http://127.0.0.1:1", "lora:0"),
        ("embedded", None, "lora:0"),
        ("openai:any", "http://127.0.0.1:1", "lora:tickets"),
    ],
)
def test_a_number_is_refused_where_no_server_knows_it(
    model: str, address: str | None, name: str
) -> None:
    given = {"model": model, "base_url": address, "api_key": "any"}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**given, adapters={"tickets": name})
    assert str(caught.value).startswith(f"GROUNDWORK_ADAPTERS: tickets={name}: must be lora: and")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("model", ["embedded", "openai:any", "anthropic:any"])
def test_an_adapter_for_no_feature_is_refused(model: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_app(Settings(model=model, adapters={"tikets": "none"}))
    assert str(caught.value) == (
        "GROUNDWORK_ADAPTERS: there is no feature tikets. There are tickets, answers, translations."
    )


def test_what_is_no_list_of_adapters_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWORK_ADAPTERS", "tickets")
    with pytest.raises(ConfigurationError, match="GROUNDWORK_ADAPTERS: must be like tickets="):
        load_settings()
