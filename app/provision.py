"""From the settings to the gateways: which dialect, which address, which engine."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import get_args

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
from app.settings import Role, Settings

_INITIAL_CONCURRENCY = 16
_ENGINE_ELSEWHERE = 4  # slots of an engine that somebody else started, unless it is said

HttpFactory = Callable[[], httpx.AsyncBaseTransport]

_OPENAI = "https://api.openai.com/v1"
_ANTHROPIC = "https://api.anthropic.com"
_BATCH_APIS = {"anthropic": AnthropicBatches, "openai": OpenAIBatches}
_PING_PATHS = {"anthropic": "/v1/models", "openai": "/models", "embedded": "/health"}


class Models:
    """The base model, and the candidate and the fallback beside it where the settings name them."""

    def __init__(self, settings: Settings, open_http: HttpFactory = open_http) -> None:
        """Take stock, and start nothing; ``ConfigurationError`` if an engine lacks something."""
        self._open_http = open_http
        beside = {role: settings.beside(role) for role in get_args(Role)}
        self._base = settings, make_engine(settings)
        self._beside = {role: (each, make_engine(each)) for role, each in beside.items() if each}
        self._gateways: list[ModelGateway] = []

    @property
    def secrets(self) -> list[str]:
        """Keys of all model servers."""
        named = (self._base, *self._beside.values())
        keys = [engine.key if engine else each.upstream_key for each, engine in named]
        return [key for key in keys if key]

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[tuple[ModelGateway, ModelGateway | None]]:
        """The base model's gateway, with the fallback behind it, and the candidate's, if any."""
        async with AsyncExitStack() as stack:
            fallback = self._beside.get("fallback")
            gateway = self._open(
                stack, *self._base, self._open(stack, *fallback) if fallback else None
            )
            candidate = self._beside.get("candidate")
            stack.callback(self._gateways.clear)
            yield gateway, self._open(stack, *candidate) if candidate else None

    def _open(
        self,
        stack: AsyncExitStack,
        settings: Settings,
        engine: Engine | None,
        fallback: ModelGateway | None = None,
    ) -> ModelGateway:
        if engine:
            stack.callback(engine.stop)
            engine.start()
        gateway = make_gateway(settings, engine, self._open_http, fallback=fallback)
        stack.push_async_callback(gateway.aclose)
        finding_out = asyncio.create_task(gateway.find_output_mode())
        stack.callback(finding_out.cancel)
        self._gateways.append(gateway)
        return gateway

    async def abort(self, error: GroundworkError) -> None:
        """End all calls under way; whoever waits for one gets ``error``."""
        await asyncio.gather(*(gateway.abort(error) for gateway in self._gateways))


def make_engine(settings: Settings) -> Engine | None:
    """The engine, not yet started, if it is ours; ``ConfigurationError`` if it lacks something."""
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
    """The gateway to the upstream that the settings name, which may be an embedded engine's.

    While the upstream is down, calls wait if ``standby`` keeps it up (by default the engine); while
    its circuit breaker is open, ``fallback`` answers.
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
        base=Adapter(asked=_asked_elsewhere(settings, None)),
    )
    return profile, ModelTraits()


def _asked_elsewhere(settings: Settings, feature: str | None) -> Mapping[str, object]:
    """There, an adapter or a tuned model is a model of its own name, or llama.cpp has its number.

    Of that, each request names the scale of each, as :mod:`app.embedded.adapters` does.
    """
    numbers = settings.adapter_numbers
    own = {} if feature is None or feature in numbers else {"model": settings.adapters[feature]}
    if not numbers:
        return own
    chosen, all_of_them = numbers.get(feature or ""), range(max(numbers.values()) + 1)
    return own | {"lora": [{"id": n, "scale": float(n == chosen)} for n in all_of_them]}


def _address(settings: Settings, engine: Engine | None) -> tuple[str, dict[str, str]]:
    """Where the upstream is, and the headers that it wants."""
    if engine:
        return f"{engine.base_url}/v1", {"authorization": f"Bearer {engine.key}"}
    key = settings.upstream_key
    if settings.model_name.provider == "anthropic":
        headers = {"x-api-key": key or "", "anthropic-version": "2023-06-01"}
        return (settings.base_url or _ANTHROPIC).removesuffix("/v1"), headers
    return settings.base_url or _OPENAI, {"authorization": f"Bearer {key}"} if key else {}
