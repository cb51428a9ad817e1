"""Every knob of the service, read from the environment and ``.env``."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.settings.written import (
    SHARED_STORES,
    Adapters,
    DatabaseUrl,
    Hosts,
    ModelSpec,
    Origins,
    Prices,
    StoreUrl,
    Url,
)

PREFIX = "GROUNDWORK_"
ENV_FILE = ".env"

_LORA: Final = re.compile(r"lora:(\d{1,3})")
_LIMITS: Final = ("limit_requests", "limit_tokens", "limit_concurrency", "limit_budget")

Provider = Literal["embedded", "anthropic", "openai"]
Role = Literal["candidate", "fallback"]


@dataclass(frozen=True, slots=True)
class ModelName:
    """``GROUNDWORK_MODEL`` in its parts: ``embedded`` (no name), ``embedded:/x.gguf``, ``openai:x``."""

    provider: Provider
    name: str


class Settings(BaseSettings):
    """All settings; the description of each is its documentation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    model: ModelSpec = "embedded"
    """The base model: `embedded`, `embedded:<name>` out of the table of models,
    `embedded:/path/to/model.gguf`, `anthropic:<model>` or `openai:<model>` (any OpenAI-compatible
    server)."""
    adapters: Adapters = {}
    """What features are fine-tuned with, as `tickets=/path/to/folder,answers=none`: with an
    embedded model the folder of an adapter, or `none` for the base model alone; elsewhere the name
    of the adapter or of the tuned model, or `lora:0` for the first adapter that a llama.cpp server
    has loaded. Without it the embedded models take those that come with Groundwork."""
    base_url: Url | None = None
    """Address of the model server, for example `http://vllm:8000/v1`. Without it the provider's
    own; with `embedded`, an engine that already runs there."""
    api_key: SecretStr | None = None
    """Key for the model server. Without it `ANTHROPIC_API_KEY` or `OPENAI_API_KEY`, whichever the
    model calls for."""
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias="ANTHROPIC_API_KEY")
    """Used with `anthropic:` models."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    """Used with `openai:` models."""
    candidate: ModelSpec | None = None
    """A model that might replace the base model, named as it is; it is asked as far as
    `GROUNDWORK_SHADOW` and `GROUNDWORK_CANARY` say."""
    candidate_base_url: Url | None = None
    """Address of the candidate's server. Without it the provider's own."""
    candidate_api_key: SecretStr | None = None
    """Key for the candidate's server. Without it `ANTHROPIC_API_KEY` or `OPENAI_API_KEY`."""
    shadow: float = Field(default=0, ge=0, le=1)
    """Share of the requests, 0 to 1, that the candidate is asked, too, after the caller has its
    answer; `/readyz` counts where the two disagree."""
    canary: float = Field(default=0, ge=0, le=1)
    """Share of the callers, 0 to 1, whom the candidate answers; `/readyz` compares. 0 rolls
    back."""
    fallback: ModelSpec | None = None
    """A model that answers while the base model's circuit breaker is open, named as it is."""
    fallback_base_url: Url | None = None
    """Address of the fallback's server. Without it the provider's own."""
    fallback_api_key: SecretStr | None = None
    """Key for the fallback's server. Without it `ANTHROPIC_API_KEY` or `OPENAI_API_KEY`."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Sampling temperature. Without it 0 on servers of your own and the embedded model; Anthropic's
    and OpenAI's own APIs are not told any, as current models refuse it."""
    timeout: float = Field(default=60, gt=0, le=3600)
    """Seconds a request may take from start to end. A caller can ask for less with
    `X-Request-Timeout`."""
    first_token_timeout: float = Field(default=30, gt=0, le=3600)
    """Seconds a stream may take to its first token."""
    connect_timeout: float = Field(default=5, gt=0, le=60)
    """Seconds to connect to the model server."""
    attempt_timeout: float | None = Field(default=None, gt=0, le=3600)
    """Seconds one call to the model server may take, or its first token in a stream, before it is
    given up and made again. Without it, as long as the request has."""
    max_retries: int = Field(default=7, ge=0, le=20)
    """Most times a failed call is made again; the request's time and a budget over all calls limit
    it, too."""
    max_concurrency: int = Field(default=100, ge=1, le=10_000)
    """Most calls to the model server at once; fewer while its latency says so. The embedded engine
    gets as many as it has slots."""
    queue_size: int = Field(default=64, ge=0, le=10_000)
    """Most calls that wait for a place, and most that wait for an embedded engine that is being
    started again; further ones get 503 at once."""
    cache_ttl: float = Field(default=0, ge=0, le=31_536_000)
    """Seconds that answers are kept in memory for identical requests; 0: not."""
    cache_bytes: int = Field(default=67_108_864, ge=1024)
    """Most memory for such answers, about."""
    shutdown_grace: float = Field(default=25, ge=0, le=3600)
    """Seconds that accepted requests have after SIGTERM before they are failed."""
    products: Path | None = None
    """Text file with your products' exact names, one a line; tickets name only these."""
    intents: Path | None = None
    """JSON Lines file with the intents of tickets, each `{"name": "cancel_order", "description":
    "wants to cancel an order"}`."""
    review_below: float = Field(default=0.5, ge=0, le=1)
    """Confidence in a ticket's urgency, category or intent, 0 to 1, under which it says that a
    human should look (`needs_review`)."""
    glossaries: Path | None = None
    """Folder of glossaries for translations: `<name>.<source>-<target>.tsv`, such as
    `shop.en-de.tsv`, with two terms a line and a tab between them."""
    knowledge: Path | None = None
    """Folder of documents (Markdown, HTML, text, PDF) that answers rest on, read at start and on
    change; `sample` for the three fictional products that come with Groundwork."""
    features: Path | None = None
    """Folder of features without Python, each a folder with a `feature.toml`, and of folders named
    as a built-in feature whose instruction, examples or cases replace its own; read at start and on
    SIGHUP. `sample` for the two that come with Groundwork."""
    limit_requests: int | None = Field(default=None, ge=1)
    """Requests a minute that each caller may make; without keys, each address. The limits of a
    key's own go before these four."""
    limit_tokens: int | None = Field(default=None, ge=1)
    """Tokens a day (UTC), of prompts and answers, that each caller may use."""
    limit_concurrency: int | None = Field(default=None, ge=1)
    """Requests of each caller that may be under way at once."""
    limit_budget: float | None = Field(default=None, gt=0, le=1_000_000)
    """Money a day (UTC) that each caller may use, by `GROUNDWORK_PRICES`."""
    prices: Prices = {}
    """What a million tokens of the base model cost, in any currency, as
    `input=0.15,output=0.6,cached=0.075`; `cached` is for what a prompt cache gave."""
    limits_store: StoreUrl = "memory://"
    """Where is counted what callers use: `memory://`, by one process from its start on;
    `file:///path/to/limits.json`, by one process, and kept; or `valkey://host:6379` (`valkeys://`
    with TLS, `redis://`, `rediss://`, `unix://`), exact over all processes."""
    limits_when_down: Literal["closed", "open"] = "closed"
    """What becomes of callers with limits while that store cannot be asked: `closed`, 503; `open`,
    they are not limited."""
    store: Path | None = None
    """SQLite file for answers given (30 days, so that feedback can name them), feedback,
    conversations that callers ask to keep, unanswered questions, replies to requests with an
    `Idempotency-Key` (24 hours), and requests that `GROUNDWORK_CANDIDATE` answers differently.
    Without it, nothing is kept."""
    database: DatabaseUrl | None = None
    """Where batches are kept: `sqlite:////path/to/batches.db`, for the processes of one machine, or
    `postgresql://user:password@host/name`, for those of many. Without it `groundwork serve` takes a
    file in the user's data folder."""
    batch_days: float = Field(default=29, gt=0, le=3650)
    """Days that a batch's results are kept."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    keys: Path | None = None
    """File of the callers' keys, which `groundwork keys` makes; read again when it changes. Without
    it, nobody is asked for a key."""
    open: bool = False
    """Whether whoever reaches the service may use it without a key. Without this and without keys,
    `groundwork serve` listens on this machine's own addresses alone."""
    allowed_hosts: Hosts = ()
    """Names that the service is reached by, such as `groundwork.example,10.0.0.7`; requests for
    another `Host` get 421. Without it, any."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on."""
    max_body_bytes: int = Field(default=10_485_760, ge=1024)
    """Largest request body, in bytes. JSON may have 2 MiB at most, emails as files more."""
    bodies_bytes: int = Field(default=16_777_216, ge=1024)
    """Most bytes of all bodies over 64 KiB that are read or answered at the same time; others get
    503. An answer may take 20 times as much memory; one of the largest always fits."""
    read_timeout: float = Field(default=30, gt=0, le=3600)
    """Seconds that a request's head, and then its body, may take to come."""
    cors_origins: Origins = ()
    """Sites whose pages may call the service from a browser, such as
    `https://shop.example,http://localhost:5173`. Without it, only its own."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged."""
    cache_dir: Path | None = None
    """Folder for the embedded models' weights. Without it `groundwork` in the user's cache
    folder."""
    embedded_slots: int | None = Field(default=None, ge=1, le=64)
    """Requests the embedded engine works on at once. Without it one for two CPUs, 4 at most, or
    fewer if the memory does not hold them."""
    embedded_context: int | None = Field(default=None, ge=512, le=131_072)
    """Tokens of context for each slot of the embedded engine. Without it what the model's row in
    the table says."""
    embedded_threads: int | None = Field(default=None, ge=1, le=256)
    """Threads of the embedded engine. Without it one for each CPU."""

    @property
    def model_name(self) -> ModelName:
        provider, _, name = self.model.partition(":")
        return ModelName(cast("Provider", provider), name)

    @property
    def adapter_numbers(self) -> dict[str, int]:
        """By feature, the numbers of those adapters that a llama.cpp server knows by a number."""
        found = {feature: _LORA.fullmatch(name) for feature, name in self.adapters.items()}
        return {feature: int(match[1]) for feature, match in found.items() if match}

    @property
    def upstream_key(self) -> str | None:
        """The key that goes to the model server, if any."""
        own = {"anthropic": self.anthropic_api_key, "openai": self.openai_api_key}
        key = self.api_key or own.get(self.model_name.provider)
        return key.get_secret_value() if key else None

    @property
    def has_limits(self) -> bool:
        """Whether callers have limits by default."""
        return any(getattr(self, name) is not None for name in _LIMITS)

    @property
    def are_limits_shared(self) -> bool:
        """Whether what callers use is counted for all processes together."""
        return self.limits_store.startswith(SHARED_STORES)

    def beside(self, role: Role) -> "Settings | None":
        """These settings with that model in the base model's place; None where there is none.

        The adapters that are named belong to the base model. A candidate that is not asked anything is none.
        """
        model = self.fallback if role == "fallback" else self.candidate
        if model is None or (role == "candidate" and not (self.shadow or self.canary)):
            return None
        base_url, api_key = (getattr(self, f"{role}_{name}") for name in ("base_url", "api_key"))
        changed: dict[str, Any] = {"model": model, "base_url": base_url, "api_key": api_key}
        return self.alone().model_copy(update=changed | {"adapters": {}})

    def alone(self) -> "Settings":
        """These settings for whoever asks the base model itself: no other one, nobody else's work."""
        others: dict[str, Any] = {"candidate": None, "shadow": 0.0, "canary": 0.0, "fallback": None}
        others |= {"keys": None, "allowed_hosts": (), "database": None} | dict.fromkeys(_LIMITS)
        return self.model_copy(update=others)
