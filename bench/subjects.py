"""Who is measured, and how each one is started and asked."""

import json
import secrets
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from bench.cases import EMAIL, FIRST_DELTA, QUESTION, REVIEW, TICKET
from bench.environments import bin_of
from bench.places import OWN_BIN, PEERS, ROOT, RUN
from bench.processes import clean_environment

_UVICORN = ("--host", "127.0.0.1", "--no-access-log", "--log-level", "warning")
_ISSUE = str(TICKET["issue"])
_TRANSLATED = "The lamp is beautiful"
_DONE = ("[DONE]",)
_LITELLM_KEY = f"sk-{secrets.token_hex(32)}"  # the proxy does not start without one
_LIMITS = [f"--limit={what}={10**12}" for what in ("requests", "tokens", "concurrency", "budget")]
_COMPLETED = ('"type":"completed"',)


@dataclass(frozen=True, slots=True)
class Start:
    """How a server is started for a port: its command and its environment."""

    command: Sequence[str | Path]
    env: Mapping[str, str]


Kind = Literal["tickets", "answers", "translations"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Bodies = Mapping[Kind, Any]  # that Groundwork sends to the model


@dataclass(frozen=True, slots=True)
class Question:
    """What a server is asked; of the answers' stream, the time to the first token is measured.

    With ``told``, the mock tells token probabilities, as OpenAI and llama.cpp do that are asked.
    """

    kind: Kind
    path: str
    body: Mapping[str, Any]
    expect: tuple[str, ...]
    told: bool = False
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def title(self) -> str:
        return f"`{self.path}`{', probabilities told' if self.told else ''}"

    @property
    def stream(self) -> bool:
        return self.kind == "answers"

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
    questions: Callable[[Bodies], Sequence[Question]]


def prompts_file() -> Path:
    return RUN / "prompts.json"


def _groundwork(port: int, base_url: str) -> Start:
    env = {
        "GROUNDWORK_MODEL": "openai:mock",
        "GROUNDWORK_BASE_URL": base_url,
        "GROUNDWORK_API_KEY": "anything",
        "GROUNDWORK_PORT": str(port),
        "PYTHONPATH": str(ROOT),  # this tree's, wherever the environment's own is
    }
    return Start([OWN_BIN / "groundwork", "serve"], env)


def _keys_file() -> Path:
    return RUN / "keys.toml"


def _guarded(port: int, base_url: str) -> Start:
    """With a key, and all limits that a key may have."""
    start, keys = _groundwork(port, base_url), _keys_file()
    keys.unlink(missing_ok=True)
    env = {**start.env, "GROUNDWORK_KEYS": str(keys), "GROUNDWORK_PRICES": "input=1,output=2"}
    new = [OWN_BIN / "groundwork", "keys", "new", "bench", *_LIMITS]
    made = subprocess.run(new, env=clean_environment() | env, capture_output=True, check=True)
    keys.with_suffix(".secret").write_bytes(made.stdout.strip())
    return Start(start.command, env)


def _with_the_key(_: Bodies) -> Sequence[Question]:
    key = _keys_file().with_suffix(".secret").read_text()
    return (replace(_MEASURED[0], headers={"authorization": f"Bearer {key}"}),)


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


def _features(*, done: tuple[str, ...]) -> tuple[Question, ...]:
    return (
        Question("tickets", "/tickets", EMAIL, (_ISSUE,)),
        Question("answers", "/answers/stream", QUESTION, done),
        Question("translations", "/translations", REVIEW, (_TRANSLATED,)),
    )


def _always(*questions: Question) -> Callable[[Bodies], Sequence[Question]]:
    return lambda _bodies: questions


def _proxied(bodies: Bodies) -> Sequence[Question]:
    headers = {"authorization": f"Bearer {_LITELLM_KEY}"}
    body = bodies["tickets"]
    return (Question("tickets", "/v1/chat/completions", body, (_ISSUE,), headers=headers),)


_MEASURED = _features(done=_COMPLETED)
_TOLD = replace(_MEASURED[0], told=True)
GROUNDWORK = Subject("groundwork", "Groundwork", _groundwork, _always(*_MEASURED, _TOLD))
GUARDED = Subject("guarded", "Groundwork with keys and limits", _guarded, _with_the_key)
REFERENCE = "fastapi-httpx"
PEER_SUBJECTS = (
    Subject(
        "floor", "Starlette + aiohttp", _by_hand("floor", "floor"), _always(*_features(done=_DONE))
    ),
    Subject(
        REFERENCE,
        "FastAPI + httpx",
        _by_hand(REFERENCE, "fastapi_httpx"),
        _always(*_MEASURED, _TOLD),
    ),
    Subject(
        "openai-sdk",
        "FastAPI + OpenAI SDK",
        _by_hand("openai-sdk", "openai_sdk"),
        _always(*_MEASURED),
    ),
    Subject(
        "langserve",
        "LangServe",
        _by_hand("langserve", "langserve_chain"),
        _always(Question("tickets", "/tickets/invoke", {"input": EMAIL}, (_ISSUE,))),
    ),
    Subject("litellm", "LiteLLM proxy", _litellm, _proxied),
)
SUBJECTS = (GROUNDWORK, GUARDED, *PEER_SUBJECTS)
