"""Who is measured, and how each one is started and asked."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.cases import EMAIL, FIRST_DELTA, QUESTION, TICKET
from bench.environments import bin_of
from bench.places import OWN_BIN, PEERS, RUN

_UVICORN = ("--host", "127.0.0.1", "--no-access-log", "--log-level", "warning")
_ISSUE = str(TICKET["issue"])
_DONE = ("[DONE]",)
_LITELLM_KEY = f"sk-{secrets.token_hex(32)}"  # the proxy does not start without one
_COMPLETED = ('"type":"completed"',)


@dataclass(frozen=True, slots=True)
class Start:
    """How a server is started for a port: its command and its environment."""

    command: Sequence[str | Path]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """What a server is asked: with ``stream``, the time to the first token is measured."""

    path: str
    body: Mapping[str, Any]
    expect: tuple[str, ...]
    stream: bool = False
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def kind(self) -> str:
        return "answers" if self.stream else "tickets"

    @property
    def first_delta(self) -> str | None:
        return FIRST_DELTA if self.stream else None

    def text(self) -> str:
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Subject:
    """A server and its questions; ``start`` takes the port and the mock's base URL."""

    name: str
    title: str
    start: Callable[[int, str], Start]
    questions: Callable[[Mapping[str, Any]], Sequence[Question]]


def prompts_file() -> Path:
    return RUN / "prompts.json"


def _groundwork(port: int, base_url: str) -> Start:
    env = {
        "GROUNDWORK_MODEL": "openai:mock",
        "GROUNDWORK_BASE_URL": base_url,
        "GROUNDWORK_API_KEY": "anything",
        "GROUNDWORK_PORT": str(port),
    }
    return Start([OWN_BIN / "groundwork", "serve"], env)


def _by_hand(peer: str, module: str) -> Callable[[int, str], Start]:
    """With h11, as Groundwork is served; the faster httptools refuses some HTTP clients."""

    def start(port: int, base_url: str) -> Start:
        program = [bin_of(peer) / "uvicorn", f"{module}:app", "--app-dir", PEERS]
        env = {"BENCH_BASE_URL": base_url, "BENCH_PROMPTS": str(prompts_file())}
        return Start([*program, "--port", str(port), "--http", "h11", *_UVICORN], env)

    return start


def _litellm(port: int, base_url: str) -> Start:
    """As its page on production says: one worker, errors only; and no look-ups elsewhere."""
    upstream = {"model": "openai/mock", "api_base": base_url, "api_key": "anything"}
    config = {"model_list": [{"model_name": "mock", "litellm_params": upstream}]}
    file = RUN / "litellm.yaml"
    file.write_text(json.dumps(config))  # JSON is YAML
    options = ("--host", "127.0.0.1", "--port", str(port), "--num_workers", "1")
    env = {
        "LITELLM_MASTER_KEY": _LITELLM_KEY,
        "LITELLM_LOG": "ERROR",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    command = [bin_of("litellm") / "litellm", "--config", file, "--telemetry", "False", *options]
    return Start(command, env)


def _feature(*, done: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Sequence[Question]]:
    questions = (
        Question("/tickets", EMAIL, (_ISSUE,)),
        Question("/answers/stream", QUESTION, done, stream=True),
    )
    return lambda _bodies: questions


def _chain(_bodies: Mapping[str, Any]) -> Sequence[Question]:
    return (Question("/tickets/invoke", {"input": EMAIL}, (_ISSUE,)),)


def _proxied(bodies: Mapping[str, Any]) -> Sequence[Question]:
    headers = {"authorization": f"Bearer {_LITELLM_KEY}"}
    body = bodies["tickets"]
    return (Question("/v1/chat/completions", body, (_ISSUE,), headers=headers),)


GROUNDWORK = Subject("groundwork", "Groundwork", _groundwork, _feature(done=_COMPLETED))
REFERENCE = "fastapi-httpx"
PEER_SUBJECTS = (
    Subject("floor", "Starlette + aiohttp", _by_hand("floor", "floor"), _feature(done=_DONE)),
    Subject(
        REFERENCE,
        "FastAPI + httpx",
        _by_hand(REFERENCE, "fastapi_httpx"),
        _feature(done=_COMPLETED),
    ),
    Subject(
        "openai-sdk",
        "FastAPI + OpenAI SDK",
        _by_hand("openai-sdk", "openai_sdk"),
        _feature(done=_COMPLETED),
    ),
    Subject("langserve", "LangServe", _by_hand("langserve", "langserve_chain"), _chain),
    Subject("litellm", "LiteLLM proxy", _litellm, _proxied),
)
SUBJECTS = (GROUNDWORK, *PEER_SUBJECTS)
