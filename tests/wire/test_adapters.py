"""What a feature with an adapter is asked by, and what it is told of it."""

from typing import Any

import httpx
import pytest

from app.errors import ConfigurationError
from app.gateway import Adapter, Prompt, PromptPrefix, Shot, Turn
from app.gateway.dialects import AnthropicDialect, Dialect, OpenAIDialect, OutputMode, Profile
from app.provision import make_gateway
from app.settings import load_settings
from tests.wire.replies import MESSAGES, TICKET
from tests.wire.upstream import body_of

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


def test_what_is_no_list_of_adapters_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWORK_ADAPTERS", "tickets")
    with pytest.raises(ConfigurationError, match="GROUNDWORK_ADAPTERS: must be like tickets="):
        load_settings()
