"""The single service that every feature asks: one base model, whatever it is."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from app.errors import GroundworkError, UpstreamTimeout
from app.gateway.admission import Admission, Call
from app.gateway.breaker import Breaker, BreakerState
from app.gateway.cache import CacheOutcome, ResponseCache, key_of
from app.gateway.caller import Caller, current_caller
from app.gateway.deadline import (
    Deadline,
    TimeLimits,
    exceeded,
    first_token_deadline,
    total_deadline,
)
from app.gateway.dialects.dialect import OutputMode
from app.gateway.flight import Flight, Flights
from app.gateway.ladder import Finding, Ladder
from app.gateway.ledger import Ledger
from app.gateway.probe import Probe
from app.gateway.prompt import Chunk, Completion, Prompt, Usage
from app.gateway.retries import Retries, RetryBudget
from app.gateway.upstream import Upstream


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What features may want to know of the model, as data.

    Attributes:
        small: the model only copies what it is given, so that wording which it was not given is
            made up; it garbles placeholders, and loses its way in long texts. True for the
            embedded default, not for models that paraphrase.
        unknown_above: the probability that the model gives to "no source" above which answers
            say that the documents do not tell; None to take what it says.
        reads: characters of documents that it is shown at most.
    """

    small: bool = False
    unknown_above: float | None = None
    reads: int = 8_000


DEFAULT_LIMITS = TimeLimits()


@dataclass(frozen=True, slots=True)
class Resilience:
    """What stands between a request and the upstream."""

    admission: Admission
    ladder: Ladder
    cache: ResponseCache | None = None
    limits: TimeLimits = DEFAULT_LIMITS
    max_retries: int = 7


@dataclass(frozen=True, slots=True)
class GatewayState:
    """How things stand with the upstream.

    Attributes:
        breaker: the circuit breaker.
        concurrency: calls that may be under way at once, as adapted.
        running, queued: calls under way, and waiting for a place.
        output_mode: how JSON is asked for.
        findings: what is known of each way to ask for it.
    """

    breaker: BreakerState
    concurrency: int
    running: int
    queued: int
    output_mode: OutputMode
    findings: dict[OutputMode, Finding]


class ModelGateway:
    """Completes prompts on the one upstream model.

    A call passes, in this order: response cache, single flight, circuit breaker, admission, the
    upstream, and retries from the breaker on, all within the caller's deadline.

    :meth:`complete` and :meth:`stream` raise an :class:`~app.errors.UpstreamError` when the
    upstream fails, a :class:`~app.errors.ModelError` when the model refuses or is cut off, and
    ``DeadlineExceeded``, ``Overloaded`` or ``ShuttingDown`` for what their names say. What they
    return is always a whole answer.
    """

    def __init__(
        self, upstream: Upstream, resilience: Resilience, *, model: str, traits: ModelTraits
    ) -> None:
        self.model = model
        self.traits = traits
        self._upstream = upstream
        self._limits = resilience.limits
        self._admission = resilience.admission
        self._ladder = resilience.ladder
        self._cache = resilience.cache
        self._max_retries = resilience.max_retries
        self._probe = Probe(upstream)
        self._breaker = Breaker()
        self._budget = RetryBudget()
        self._flights = Flights()

    async def complete(self, prompt: Prompt) -> Completion:
        """The model's whole answer to ``prompt``."""
        caller = current_caller()
        key = self._key(caller, prompt)
        if cached := self._cached(caller, prompt, key):
            return cached
        deadline = Deadline(total_deadline(caller, prompt.prefix, self._limits))
        flight, shared = self._flights.join(
            (key, "complete"),
            deadline.at,
            lambda flight: self._complete(prompt, flight.deadline, caller.ledger),
        )
        try:
            if shared:
                with caller.ledger.spending("upstream"):
                    completion = await flight.result(deadline)
            else:
                completion = await flight.result(deadline)
        except TimeoutError:
            raise exceeded(caller.ledger) from None
        return self._settled(caller, prompt, key, completion, shared=shared)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk]:
        """The answer in pieces as they come; the last chunk carries the completion."""
        caller = current_caller()
        key = self._key(caller, prompt)
        if cached := self._cached(caller, prompt, key):
            yield Chunk(cached.text)
            yield Chunk("", cached)
            return
        total = Deadline(total_deadline(caller, prompt.prefix, self._limits))
        first = Deadline(first_token_deadline(caller, prompt.prefix, self._limits))

        async def start(flight: Flight[None]) -> None:
            await flight.pump(self._stream(prompt, flight.deadline, caller.ledger))

        flight, shared = self._flights.join((key, "stream"), first.at, start)
        try:
            async with aclosing(flight.listen(first, total)) as chunks:
                async for chunk in chunks:
                    if chunk.completion:
                        whole = self._settled(caller, prompt, key, chunk.completion, shared=shared)
                        yield replace(chunk, completion=whole)
                    else:
                        yield chunk
        except TimeoutError:
            raise exceeded(caller.ledger) from None

    async def _complete(self, prompt: Prompt, deadline: Deadline, ledger: Ledger) -> Completion:
        """Call the upstream until it answers, or there is no use or time left."""
        retries = Retries(self._budget, most=self._max_retries, deadline=deadline)
        mode = self._ladder.mode
        while True:
            try:
                async with self._place(prompt, deadline, ledger, stream=False) as call:
                    completion = await self._attempt(prompt, mode)
                    call.answered(completion.usage.output_tokens)
            except GroundworkError as error:
                if prompt.prefix.schema and (lower := self._ladder.below(mode, error)):
                    mode = lower
                    continue
                needed = self._admission.needed(prompt.prefix.feature, stream=False)
                await retries.pause(error, needed=needed, ledger=ledger)
            else:
                retries.succeeded()
                self._worked(mode)
                return completion

    def _worked(self, mode: OutputMode) -> None:
        """Note that a call succeeded after the ways above its own were rejected."""
        if mode is not self._ladder.mode and not self._ladder.is_proven:
            self._ladder.worked(mode)

    async def _attempt(self, prompt: Prompt, mode: OutputMode) -> Completion:
        try:
            async with asyncio.timeout(self._limits.attempt):
                return await self._upstream.complete(prompt, mode)
        except TimeoutError:
            raise self._too_slow() from None

    async def _stream(
        self, prompt: Prompt, deadline: Deadline, ledger: Ledger
    ) -> AsyncGenerator[Chunk]:
        """Likewise for a stream, which can be begun again until its first token."""
        retries = Retries(self._budget, most=self._max_retries, deadline=deadline)
        mode, begun = self._ladder.mode, False
        while True:
            try:
                async with (
                    self._place(prompt, deadline, ledger, stream=True) as call,
                    asyncio.timeout(self._limits.attempt) as attempt,
                    aclosing(self._upstream.stream(prompt, mode)) as chunks,
                ):
                    async for chunk in chunks:
                        if not begun:
                            begun = True
                            attempt.reschedule(None)
                            call.answered()
                            retries.succeeded()
                            self._worked(mode)
                        yield chunk
            except TimeoutError:
                error = self._too_slow()
            except GroundworkError as failure:
                error = failure
            else:
                return
            if begun:
                raise error
            if prompt.prefix.schema and (lower := self._ladder.below(mode, error)):
                mode = lower
                continue
            needed = self._admission.needed(prompt.prefix.feature, stream=True)
            await retries.pause(error, needed=needed, ledger=ledger)

    @asynccontextmanager
    async def _place(
        self, prompt: Prompt, deadline: Deadline, ledger: Ledger, *, stream: bool
    ) -> AsyncGenerator[Call]:
        """Leave of the breaker and a place among the calls, for as long as the block runs."""
        self._breaker.check()
        feature = prompt.prefix.feature
        async with self._admission.place(feature, deadline, ledger, stream=stream) as call:
            probe = self._breaker.enter()
            error: BaseException | None = None
            try:
                with ledger.spending("upstream"):
                    yield call
            except BaseException as failure:
                never_came = call.seconds is None and deadline.remaining() <= 0
                error = UpstreamTimeout("No answer by the deadline.") if never_came else failure
                raise
            finally:
                self._breaker.leave(probe=probe, error=error)

    def _too_slow(self) -> UpstreamTimeout:
        seconds = self._limits.attempt
        return UpstreamTimeout(f"The model server did not answer within {seconds:g} seconds.")

    def _key(self, caller: Caller, prompt: Prompt) -> bytes:
        model = f"{self.model} {self._upstream.identity} {self._ladder.mode}"
        return key_of(model.encode(), caller.tenant, prompt)

    def _cached(self, caller: Caller, prompt: Prompt, key: bytes) -> Completion | None:
        """A stored answer, which costs no tokens."""
        if not (self._cache and prompt.prefix.cacheable and caller.cache.may_read):
            return None
        found = self._cache.get(key, caller.cache.max_age)
        if found:
            caller.outcomes.append(CacheOutcome.HIT)
            return replace(found, usage=Usage())
        return None

    def _settled(
        self, caller: Caller, prompt: Prompt, key: bytes, completion: Completion, *, shared: bool
    ) -> Completion:
        """Note where an answer came from, and store it; a shared one cost no tokens of its own."""
        if shared:
            caller.outcomes.append(CacheOutcome.COLLAPSED)
            return replace(completion, usage=Usage())
        if not (self._cache and prompt.prefix.cacheable):
            caller.outcomes.append(CacheOutcome.BYPASS)
        elif not caller.cache.may_store:
            caller.outcomes.append(CacheOutcome.REQUEST)
        else:
            self._cache.put(key, completion)
            caller.outcomes.append(
                CacheOutcome.STORED if caller.cache.may_read else CacheOutcome.REQUEST
            )
        return completion

    def forget(self, prompt: Prompt) -> None:
        """Drop a stored answer that turned out to be of no use."""
        if self._cache:
            self._cache.forget(self._key(current_caller(), prompt))

    async def find_output_mode(self) -> None:
        """Find out how to ask this upstream for JSON; see :class:`Ladder`."""
        await self._ladder.probe(self._upstream)

    def state(self) -> GatewayState:
        """How things stand with the upstream."""
        return GatewayState(
            breaker=self._breaker.state,
            concurrency=self._admission.limit,
            running=self._admission.running,
            queued=self._admission.queued,
            output_mode=self._ladder.mode,
            findings=dict(self._ladder.findings),
        )

    async def problem(self) -> str | None:
        """Why the upstream cannot be asked now, or None; see :class:`Probe`."""
        return await self._probe.problem()

    async def abort(self, error: GroundworkError) -> None:
        """End all calls under way; whoever waits for one gets ``error``."""
        await self._flights.abort(error)

    async def aclose(self) -> None:
        """Close the connections to the upstream."""
        await self._upstream.aclose()
