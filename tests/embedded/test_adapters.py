"""Adapters of the embedded model: found, refused, and never mixed up."""

import random
from collections.abc import Generator
from contextlib import suppress
from math import exp
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import SecretStr

from app.embedded import Engine
from app.embedded.adapters import AdapterFile, adapters_of, asked_by, slots_of
from app.embedded.machine import default_cache_dir
from app.embedded.models import find_model
from app.errors import ConfigurationError, ModelOutputTruncated
from app.gateway import ModelGateway, Prompt, PromptPrefix, Turn
from app.provision import make_gateway
from app.settings import Settings
from app.tuning.export import write_adapter
from tests.service import MODEL, START_SECONDS

GEMMA = find_model(MODEL.partition(":")[2])
CARD = 'feature = "tickets"\nbase = "gemma-3-270m"\ninstruction = "Read it."\n'
LAYERS, WIDTH, INNER = 18, 640, 1024
PROMPTS = (
    "The capital of France is",
    "The capital of France is Paris and the capital of Italy is",
    "The lamp is broken and",
    "Das Wetter ist heute",
)
ROUNDING = 0.25  # seen of several slots: 0.16; with what another adapter has read: 0.57


def folder_of(parent: Path, card: str = CARD, seed: int = 1, spread: float = 0.004) -> Path:
    """A folder with an adapter whose weights are at random: small, and yet to be noticed."""
    parent.mkdir(parents=True)
    order = np.random.default_rng(seed)
    weights: dict[str, Any] = {}
    for layer in range(LAYERS):
        for part, (told, taken) in {"q_proj": (INNER, WIDTH), "o_proj": (WIDTH, INNER)}.items():
            name = f"base_model.model.model.layers.{layer}.self_attn.{part}"
            weights[f"{name}.lora_A.default.weight"] = order.normal(0, 1, (4, taken))
            weights[f"{name}.lora_B.default.weight"] = order.normal(0, spread, (told, 4))
    write_adapter(parent / "adapter.gguf", weights, architecture="gemma3", alpha=8.0)
    (parent / "adapter.toml").write_text(card, "utf-8")
    return parent


def test_an_adapter_is_what_the_operator_names(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "mine", CARD + "logit_bias = {unknown = -1.5}\n")
    (adapter,) = adapters_of(GEMMA, {"tickets": str(folder)})
    assert adapter.name.startswith("tickets-")
    assert (adapter.feature, adapter.instruction) == ("tickets", "Read it.")
    assert asked_by([adapter], "tickets")["logit_bias"] == [("unknown", -1.5)]
    assert "logit_bias" not in asked_by([adapter], "answers")
    assert adapters_of(GEMMA, {"tickets": "none", "answers": "none"}) == ()


@pytest.mark.parametrize(
    ("card", "told"),
    [
        (CARD.replace("gemma-3-270m", "other"), "it is for tickets on other, not gemma-3-270m"),
        (CARD.replace("tickets", "answers"), "it is for answers on gemma-3-270m"),
        (CARD.replace("instruction", "instructions"), "adapter.toml: "),
        ("feature = ", "Invalid value"),
    ],
)
def test_another_base_or_a_wrong_card_is_refused(tmp_path: Path, card: str, told: str) -> None:
    folder = folder_of(tmp_path / "mine", card)
    with pytest.raises(ConfigurationError) as caught:
        adapters_of(GEMMA, {"tickets": str(folder)})
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"GROUNDWORK_ADAPTERS: tickets={folder}: ")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"GROUNDWORK_ADAPTERS: tickets=.*No such file"):
        adapters_of(GEMMA, {"tickets": str(tmp_path / "nowhere")})


def test_every_request_names_the_scale_of_every_adapter() -> None:
    a, b = (
        AdapterFile(feature=name, base="", instruction="", path=Path(name), sha256=name)
        for name in ("a", "b")
    )
    assert asked_by((a, b), "b") == {"lora": [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 1.0}]}
    assert asked_by((a, b), None) == {"lora": [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 0.0}]}
    assert asked_by((), "a") == {}
    assert slots_of((a, b)) == 4
    assert slots_of(()) == 1


# --- With the model -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> tuple[AdapterFile, ...]:
    root = tmp_path_factory.mktemp("adapters")
    named = {
        feature: str(folder_of(root / feature, CARD.replace("tickets", feature), seed))
        for seed, feature in enumerate(("answers", "tickets"))
    }
    return adapters_of(GEMMA, named)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(1, id="one slot", marks=pytest.mark.slow),
        pytest.param(4, id="four slots"),
    ],
)
def engine(request: pytest.FixtureRequest, adapters: tuple[AdapterFile, ...]) -> Generator[Engine]:
    running = Engine(
        default_cache_dir(), GEMMA.name, adapters=adapters, slots=request.param, context=512
    )
    running.start()
    assert running.wait(START_SECONDS), running.problem()
    yield running
    running.stop()


Likely = dict[str, float]


def next_of(engine: Engine, prompt: str, lora: dict[str, object], **how: Any) -> Likely:
    """How probable each of the likeliest next tokens is."""
    response = httpx.post(
        f"{engine.base_url}/completion",
        json={"prompt": prompt, "n_predict": 1, "temperature": 0, "n_probs": 10} | lora | how,
        headers={"authorization": f"Bearer {engine.key}"},
        timeout=START_SECONDS,
    )
    assert response.status_code == 200, response.text
    first = response.text.partition("\n")[0].removeprefix("data: ")
    (told,) = httpx.Response(200, text=first).json()["completion_probabilities"]
    return {each["token"]: exp(each["logprob"]) for each in told["top_logprobs"]}


def distance(one: Likely, other: Likely) -> float:
    """The most by which a token's probability differs."""
    return max(abs(one.get(token, 0.0) - other.get(token, 0.0)) for token in {*one, *other})


def farthest(
    engine: Engine, adapters: tuple[AdapterFile, ...], *, sequences: int, naive: bool = False
) -> float:
    """How far answers of random sequences are from those of an engine that has read nothing.

    No adapter follows itself, so that one slot has nothing to go on from and says exactly the same.
    Of several, one may have read a part of the prompt with the same adapter: the rest is read in
    other batches, whose rounding moves probabilities a little; another adapter moves them a lot.
    """
    features = (None, *(adapter.feature for adapter in adapters))
    cold = {
        (feature, prompt): next_of(engine, prompt, asked_by(adapters, feature), cache_prompt=False)
        for feature in features
        for prompt in PROMPTS
    }
    order, most = random.Random(7), 0.0  # noqa: S311
    last: str | None = ""
    for _ in range(sequences):
        for _ in features:
            feature = last = order.choice([each for each in features if each != last])
            prompt = order.choice(PROMPTS)
            lora = {} if naive and feature is None else asked_by(adapters, feature)
            told = next_of(engine, prompt, lora, cache_prompt=True, stream=order.random() < 0.5)
            most = max(most, distance(told, cold[feature, prompt]))
    return most


def rounding(engine: Engine) -> float:
    return 0.0 if engine.slots == 1 else ROUNDING


@pytest.mark.engine
def test_no_adapter_answers_from_what_another_has_read(
    engine: Engine, adapters: tuple[AdapterFile, ...]
) -> None:
    assert farthest(engine, adapters, sequences=10) <= rounding(engine)


@pytest.mark.engine
def test_the_naive_way_would_mix_them_up(engine: Engine, adapters: tuple[AdapterFile, ...]) -> None:
    assert farthest(engine, adapters, sequences=10, naive=True) > ROUNDING


@pytest.mark.engine
async def test_a_server_that_has_loaded_them_is_asked_by_their_numbers(
    engine: Engine, adapters: tuple[AdapterFile, ...]
) -> None:
    named = {each.feature: str(each.path.parent) for each in adapters}
    own = Settings(model=MODEL, adapters=named)
    numbered = Settings(
        model="openai:any",
        base_url=f"{engine.base_url}/v1",
        api_key=SecretStr(engine.key),
        adapters={each.feature: f"lora:{number}" for number, each in enumerate(adapters)},
    )
    said = [
        [await first_words(make_gateway(settings, engine_here), name) for name in (*named, "none")]
        for settings, engine_here in ((own, engine), (numbered, None))
    ]
    assert said[0] == said[1]
    assert len(set(said[1])) == 3


async def first_words(gateway: ModelGateway, feature: str) -> str:
    prefix = PromptPrefix(feature, "Read it.", max_tokens=4)
    prompt, said = Prompt(prefix, (Turn("user", ("The lamp is broken.",)),)), ""
    with suppress(ModelOutputTruncated):
        async for chunk in gateway.stream(prompt):
            said += chunk.text
    await gateway.aclose()
    return said


@pytest.mark.engine
@pytest.mark.slow
def test_a_thousand_sequences_are_not_mixed_up(
    engine: Engine, adapters: tuple[AdapterFile, ...]
) -> None:
    assert farthest(engine, adapters, sequences=500) <= rounding(engine)
