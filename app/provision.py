"""From the settings to the gateways: which dialect, which address, which engine."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Self

import httpx

from app.embedded import Engine
from app.embedded.adapters import NONE, adapters_of, asked_by
from app.embedded.machine import default_cache_dir
from app.embedded.models import find_model
from app.errors import GroundworkError
from app.gateway import ModelGateway, Standby
from app.gateway.adapter import Adapter
from app.gateway.admission import AdaptiveLimit, Admission
from app.gateway.batching import ProviderBatches, unsupported
from app.gateway.batching.anthropic import AnthropicBatches
from app.gateway.batching.openai import OpenAIBatches
from app.gateway.call import Clock
from app.gateway.dialects import AnthropicDialect, OpenAIDialect, Profile
from app.gateway.ladder import Ladder
from app.gateway.traits import ModelTraits
from app.gateway.transport import Transport, open_http
from app.gateway.upstream import Upstream
from app.settings import Settings

_INITIAL_CONCURRENCY = 16
_ENGINE_ELSEWHERE = 4  # slots of an engine that somebody else started, unless it is said

HttpFactory = Callable[[], httpx.AsyncBaseTransport]

_OPENAI = "https://api.openai.com/v1"
_ANTHROPIC = "https://api.anthropic.com"
_BATCH_APIS = {"anthropic": AnthropicBatches, "openai": OpenAIBatches}
_PING_PATHS = {"anthropic": "/v1/models", "openai": "/models", "embedded": "/health"}


@dataclass(frozen=True, slots=True)
class _Named:
    """A model that the settings name, and its engine, if it has one here."""

    settings: Settings
    engine: Engine | None

    @classmethod
    def by(cls, settings: Settings) -> Self:
        return cls(settings, make_engine(settings))

    @property
    def key(self) -> str | None:
        return self.engine.key if self.engine else self.settings.upstream_key


class Models:
    """The base model, and the candidate and the fallback beside it where the settings name them."""

    def __init__(self, settings: Settings, open_http: HttpFactory = open_http) -> None:
        """Take stock; nothing is started yet.

        Raises:
            ConfigurationError: something that an embedded engine needs is missing.
        """
        self._open_http = open_http
        self._base = _Named.by(settings)
        candidate, fallback = settings.beside("candidate"), settings.beside("fallback")
        self._candidate = _Named.by(candidate) if candidate else None
        self._fallback = _Named.by(fallback) if fallback else None
        self._gateways: list[ModelGateway] = []

    @property
    def secrets(self) -> list[str]:
        """Keys of all model servers."""
        named = (self._base, self._candidate, self._fallback)
        return [each.key for each in named if each and each.key]

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[tuple[ModelGateway, ModelGateway | None]]:
        """The base model's gateway, with the fallback behind it, and the candidate's, if any."""
        async with AsyncExitStack() as stack:
            fallback = await self._open(stack, self._fallback) if self._fallback else None
            gateway = await self._open(stack, self._base, fallback)
            candidate = await self._open(stack, self._candidate) if self._candidate else None
            stack.callback(self._gateways.clear)
            yield gateway, candidate

    async def _open(
        self, stack: AsyncExitStack, named: _Named, fallback: ModelGateway | None = None
    ) -> ModelGateway:
        if named.engine:
            stack.callback(named.engine.stop)
            named.engine.start()
        gateway = make_gateway(named.settings, named.engine, self._open_http, fallback=fallback)
        stack.push_async_callback(gateway.aclose)
        finding_out = asyncio.create_task(gateway.find_output_mode())
        stack.callback(finding_out.cancel)
        self._gateways.append(gateway)
        return gateway

    async def abort(self, error: GroundworkError) -> None:
        """End all calls under way; whoever waits for one gets ``error``."""
        await asyncio.gather(*(gateway.abort(error) for gateway in self._gateways))


def make_engine(settings: Settings) -> Engine | None:
    """The embedded engine, not yet started; None if the settings name another server.

    Raises:
        ConfigurationError: something that the engine needs is missing.
    """
    name = settings.model_name
    if name.provider != "embedded" or settings.base_url:
        return None
    return Engine(
        settings.cache_dir or default_cache_dir(),
        name.name,
        slots=settings.embedded_slots,
        context=settings.embedded_context,
        threads=settings.embedded_threads,
        adapters=adapters_of(find_model(name.name), settings.adapters),
    )


def make_gateway(
    settings: Settings,
    engine: Engine | None,
    open_http: HttpFactory = open_http,
    *,
    standby: Standby | None = None,
    fallback: ModelGateway | None = None,
    clock: Clock = monotonic,
) -> ModelGateway:
    """The gateway to the upstream that the settings name.

    Args:
        settings: the operator's.
        engine: the embedded engine, if the settings name it.
        open_http: opens the connection pool.
        standby: who keeps the upstream up, if not the engine; calls wait while it is down.
        fallback: who answers while the circuit breaker is open.
        clock: what time is told by.
    """
    provider, embedded = settings.model_name.provider, settings.model_name.provider == "embedded"
    profile, traits = (_embedded if embedded else _elsewhere)(settings)
    name = find_model(settings.model_name.name).name if embedded else settings.model_name.name
    dialect = (AnthropicDialect if provider == "anthropic" else OpenAIDialect)(name, profile)
    address, headers = _address(settings, engine)
    transport = Transport(open_http(), address, headers, connect_timeout=settings.connect_timeout)
    return ModelGateway(
        Upstream(dialect, transport, ping_path=_PING_PATHS[provider], clock=clock),
        # It is known what the engine can do.
        Ladder(dialect, honoured=embedded),
        Admission(
            _limit(settings, engine),
            queue_size=settings.queue_size,
            preempts=embedded,  # what is begun there for nothing costs no money
            clock=clock,
        ),
        settings,
        traits=traits,
        standby=standby or engine,
        fallback=fallback,
        clock=clock,
    )


def make_batches(settings: Settings, gateway: ModelGateway) -> ProviderBatches:
    """The batches of the upstream that the settings name, whose gateway it is.

    Raises:
        BatchesUnsupported: the model is embedded.
    """
    api = _BATCH_APIS.get(settings.model_name.provider)
    if api is None:
        raise unsupported()
    return ProviderBatches(api(gateway.upstream.transport), gateway)


def _limit(settings: Settings, engine: Engine | None) -> AdaptiveLimit:
    if settings.model_name.provider != "embedded":
        return AdaptiveLimit(initial=_INITIAL_CONCURRENCY, most=settings.max_concurrency)
    slots = engine.slots if engine else settings.embedded_slots
    places = min(slots or _ENGINE_ELSEWHERE, settings.max_concurrency)
    return AdaptiveLimit(initial=places, least=places, most=places)


def _embedded(settings: Settings) -> tuple[Profile, ModelTraits]:
    """What is particular about the embedded model and its adapters."""
    model = find_model(settings.model_name.name)
    files = adapters_of(model, settings.adapters)
    profile = Profile(
        temperature=settings.temperature or 0.0,
        keeps_length_limits=True,
        adapters={
            each.feature: Adapter(
                each.name, asked_by(files, each.feature), each.instruction, each.is_general
            )
            for each in files
        },
        base=Adapter(asked=asked_by(files, None)),
    )
    # An adapter was taught to say that it does not know: it is not asked about that first.
    unknown_above = None if "answers" in profile.adapters else model.unknown_above
    return profile, ModelTraits(unknown_above=unknown_above, reads=model.reads)


def _elsewhere(settings: Settings) -> tuple[Profile, ModelTraits]:
    """Likewise of a server's."""
    hosted, temperature = settings.base_url is None, settings.temperature
    if temperature is None and not hosted:  # the providers' current models refuse any
        temperature = 0.0
    profile = Profile(
        max_tokens_field="max_completion_tokens" if hosted else "max_tokens",
        temperature=temperature,
        adapters={
            feature: Adapter(name, _asked_elsewhere(settings, feature))
            for feature, name in settings.adapters.items()
            if name != NONE
        },
        base=Adapter(asked=_scales(settings, None)),
    )
    return profile, ModelTraits()


def _asked_elsewhere(settings: Settings, feature: str) -> dict[str, object]:
    """There, an adapter or a tuned model is a model of its own name, or llama.cpp has its number."""
    own = {} if feature in settings.adapter_numbers else {"model": settings.adapters[feature]}
    return own | _scales(settings, feature)


def _scales(settings: Settings, feature: str | None) -> dict[str, object]:
    """The scale of each adapter of a llama.cpp server, as :mod:`app.embedded.adapters` has it."""
    numbers = settings.adapter_numbers
    if not numbers:
        return {}
    chosen = numbers.get(feature) if feature else None
    return {
        "lora": [
            {"id": number, "scale": float(number == chosen)}
            for number in range(max(numbers.values()) + 1)
        ]
    }


def _address(settings: Settings, engine: Engine | None) -> tuple[str, dict[str, str]]:
    """Where the upstream is, and the headers that it wants."""
    if engine:
        return f"{engine.base_url}/v1", {"authorization": f"Bearer {engine.key}"}
    key = settings.upstream_key
    if settings.model_name.provider == "anthropic":
        headers = {"x-api-key": key or "", "anthropic-version": "2023-06-01"}
        return (settings.base_url or _ANTHROPIC).removesuffix("/v1"), headers
    return settings.base_url or _OPENAI, {"authorization": f"Bearer {key}"} if key else {}
