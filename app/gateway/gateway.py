"""The single service that every feature asks: one base model, whatever it is."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import monotonic

from app.errors import GroundworkError, Overloaded, UpstreamError, UpstreamTimeout
from app.gateway.admission import Admission, Place
from app.gateway.breaker import Breaker, BreakerState
from app.gateway.cache import ResponseCache, key_of
from app.gateway.call import CacheOutcome, Call, Clock, TimeLimits, current_call
from app.gateway.dialects.dialect import OutputMode, Way
from app.gateway.flight import Flight, Flights
from app.gateway.ladder import Finding, Ladder
from app.gateway.prompt import Chunk, Completion, Prompt, Usage
from app.gateway.retries import Retries
from app.gateway.standby import Standby, WentAway, went_away
from app.gateway.upstream import Upstream

DEFAULT_LIMITS = TimeLimits()
_MOST_RETURNS = 2  # of a server that goes away during a call, before the call may be why


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What is particular about the model, as data for the features.

    Attributes:
        unknown_above: the probability that the model gives to "no source" above which answers
            say that the documents do not tell; None to take what it says.
        reads: characters of documents that it is shown at most.
    """

    unknown_above: float | None = None
    reads: int = 8_000


DEFAULT_TRAITS = ModelTraits()


@dataclass(frozen=True, slots=True)
class Resilience:
    """What stands between a request and the upstream.

    Attributes:
        admission, ladder, cache: see there.
        limits: how long things may take.
        max_retries: how often a failed call is made again.
        standby: who keeps the upstream up, if somebody does.
        clock: of all that is timed here, and of those above.
    """

    admission: Admission
    ladder: Ladder
    cache: ResponseCache | None = None
    limits: TimeLimits = DEFAULT_LIMITS
    max_retries: int = 7
    standby: Standby | None = None
    clock: Clock = monotonic


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
        self,
        upstream: Upstream,
        resilience: Resilience,
        *,
        model: str,
        traits: ModelTraits = DEFAULT_TRAITS,
    ) -> None:
        self.model = model
        self.traits = traits
        self._upstream = upstream
        self._clock = resilience.clock
        self._limits = resilience.limits
        self._admission = resilience.admission
        self._ladder = resilience.ladder
        self._cache = resilience.cache
        self._standby = resilience.standby
        self._retries = Retries(resilience.max_retries)
        self._breaker = Breaker(resilience.clock)
        self._flights = Flights()
        self._waiting = 0

    async def complete(self, prompt: Prompt) -> Completion:
        """The model's whole answer to ``prompt``."""
        completion: Completion | None = None
        async for chunk in self._answer(prompt, stream=False):
            completion = chunk.completion
        assert completion  # noqa: S101 # an answer without one is an error
        return completion

    def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk]:
        """The answer in pieces as they come; the last chunk carries the completion."""
        return self._answer(prompt, stream=True)

    async def _answer(self, prompt: Prompt, *, stream: bool) -> AsyncGenerator[Chunk]:
        call = current_call(self._clock)
        key = self._key(call, prompt)
        if cached := self._cached(call, prompt, key):
            yield Chunk(cached.text, tokens=cached.tokens)
            yield Chunk("", cached)
            return
        first, total = call.deadlines(prompt.prefix, self._limits, stream=stream)
        flight, shared = self._flights.join(
            (key, stream), first, lambda flight: self._fly(flight, prompt, stream=stream)
        )
        async with aclosing(flight.listen(first, total)) as chunks:
            async for chunk in chunks:
                if chunk.completion:
                    whole = self._settled(call, prompt, key, chunk.completion, shared=shared)
                    yield Chunk("", whole)
                else:
                    yield chunk

    async def _fly(self, flight: Flight, prompt: Prompt, *, stream: bool) -> None:
        """Call the upstream until it answers, or there is no use or time left.

        What has begun cannot be begun again: a stream after its first token.
        """
        call = flight.deadline.call
        way = self._ladder.way(prompt.prefix)
        made = returns = 0
        while True:
            await self._until_up(call)
            try:
                await self._attempt(flight, prompt, way, stream=stream)
            except WentAway as gone:
                returns += 1
                if flight.begun or returns > _MOST_RETURNS:
                    raise gone.error from None
            except GroundworkError as error:
                if flight.begun:
                    raise
                if lower := self._ladder.below(way, prompt.prefix, error):
                    way = lower
                    continue
                needed = self._admission.needed(prompt.prefix.feature, stream=stream)
                left = flight.deadline.remaining() - needed
                wait = self._retries.wait(error, made=made, left=left)
                made += 1
                with call.spending("backoff"):
                    await asyncio.sleep(wait)
            else:
                self._retries.succeeded(made=made)
                return

    async def _until_up(self, call: Call) -> None:
        """Wait for an upstream that is being brought back, with as many others as may queue."""
        if self._standby is None or not self._standby.problem():
            return
        if self._waiting >= self._admission.queue_size:
            raise Overloaded("The model server is being started, and many wait for it already.")
        self._waiting += 1
        try:
            with call.spending("upstream"):
                await self._standby.up()
        finally:
            self._waiting -= 1

    async def _attempt(self, flight: Flight, prompt: Prompt, way: Way, *, stream: bool) -> None:
        """One call, with leave of the breaker and a place among the calls."""
        deadline = flight.deadline
        self._breaker.check()
        async with self._admission.place(prompt.prefix.feature, deadline, stream=stream) as place:
            probe = self._breaker.enter()
            error: BaseException | None = None
            try:
                with deadline.call.spending("upstream"):
                    await self._ask(flight, prompt, way, place)
            except BaseException as failure:
                # Where somebody keeps the server up, it is for them to see that it hangs.
                never_came = not (flight.begun or self._standby or deadline.remaining() > 0)
                error = UpstreamTimeout("No answer by the deadline.") if never_came else failure
                raise
            finally:
                self._breaker.leave(probe=probe, error=error)

    async def _ask(self, flight: Flight, prompt: Prompt, way: Way, place: Place) -> None:
        """Put the prompt to the upstream; its answer goes to the flight as it comes."""
        generation = self._standby.generation if self._standby else 0
        try:
            async with (
                asyncio.timeout(self._limits.attempt) as attempt,
                aclosing(self._upstream.ask(prompt, way, stream=place.stream)) as chunks,
            ):
                async for chunk in chunks:
                    if not flight.begun:
                        attempt.reschedule(None)
                        place.answered(chunk)
                        self._ladder.worked(way, prompt.prefix)
                    flight.push(chunk)
        except TimeoutError:
            msg = f"The model server did not answer within {self._limits.attempt:g} seconds."
            raise UpstreamTimeout(msg) from None
        except UpstreamError as error:
            if self._standby and await went_away(self._standby, generation, error):
                raise WentAway(error) from error
            raise

    def _key(self, call: Call, prompt: Prompt) -> bytes:
        model = f"{self.model} {self._upstream.identity} {self._ladder.mode}"
        return key_of(model.encode(), call.tenant, prompt)

    def _cached(self, call: Call, prompt: Prompt, key: bytes) -> Completion | None:
        """A stored answer, which costs no tokens."""
        if not (self._cache and prompt.prefix.cacheable and call.cache.may_read):
            return None
        found = self._cache.get(key, call.cache.max_age)
        if found:
            call.outcomes.append(CacheOutcome.HIT)
            return replace(found, usage=Usage())
        return None

    def _settled(
        self, call: Call, prompt: Prompt, key: bytes, completion: Completion, *, shared: bool
    ) -> Completion:
        """Note where an answer came from, and store it; a shared one cost no tokens of its own."""
        outcome = CacheOutcome.STORED if call.cache.may_read else CacheOutcome.REQUEST
        if shared:
            outcome = CacheOutcome.COLLAPSED
        elif not (self._cache and prompt.prefix.cacheable):
            outcome = CacheOutcome.BYPASS
        elif call.cache.may_store:
            self._cache.put(key, completion)
        call.outcomes.append(outcome)
        return replace(completion, usage=Usage()) if shared else completion

    def forget(self, prompt: Prompt) -> None:
        """Drop a stored answer that turned out to be of no use."""
        if self._cache:
            self._cache.forget(self._key(current_call(self._clock), prompt))

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
        """Why the upstream cannot be asked now, or None."""
        if self._standby:
            return self._standby.problem()
        return await self._upstream.problem()

    async def abort(self, error: GroundworkError) -> None:
        """End all calls under way; whoever waits for one gets ``error``."""
        await self._flights.abort(error)

    async def aclose(self) -> None:
        """Close the connections to the upstream."""
        await self._upstream.aclose()
