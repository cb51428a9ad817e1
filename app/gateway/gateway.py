"""The single service that every feature asks: one base model, whatever it is."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from time import monotonic

from app.errors import GroundworkError, Overloaded, UpstreamError, UpstreamTimeout
from app.gateway.admission import Admission, Place
from app.gateway.breaker import Breaker, BreakerState
from app.gateway.cache import ResponseCache, key_of
from app.gateway.call import CacheOutcome, Call, Clock, Deadline, current_call
from app.gateway.dialects.dialect import Way
from app.gateway.flight import Flight, Flights
from app.gateway.ladder import Ladder
from app.gateway.metering import Bill, Estimates
from app.gateway.prompt import Chunk, Completion, Prompt, Usage
from app.gateway.retries import Retries
from app.gateway.standby import Standby, went_away
from app.gateway.traits import ModelTraits
from app.gateway.upstream import Upstream
from app.settings import Settings

_MOST_RETURNS = 2  # of a server that goes away during a call, before the call may be why
_FAIR_SHARE = 0.9  # of the operator's time, without an answer, speaks against the server


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
        ladder: Ladder,
        admission: Admission,
        settings: Settings,
        *,
        traits: ModelTraits,
        standby: Standby | None = None,
        fallback: "ModelGateway | None" = None,
        clock: Clock = monotonic,
    ) -> None:
        """Put the parts together.

        Args:
            upstream: speaks to the model server.
            ladder: knows how to ask it for JSON.
            admission: has the places among the calls.
            settings: the operator's.
            traits: of the model.
            standby: who keeps the upstream up, if somebody does.
            fallback: who answers while the circuit breaker is open.
            clock: what time is told by.
        """
        self.model = settings.model
        self.fallback = fallback
        self.fallen_back = 0
        self._traits = traits
        self.ladder = ladder
        self.admission = admission
        self.breaker = Breaker(clock)
        self._upstream = upstream
        self._settings = settings
        self._standby = standby
        self._clock = clock
        self._cache = ResponseCache(settings.cache_ttl, settings.cache_bytes, clock)
        self._caches = settings.cache_ttl > 0
        self._retries = Retries(settings.max_retries)
        self._flights = Flights()
        self._estimates = Estimates()
        self._waiting = 0

    async def complete(self, prompt: Prompt) -> Completion:
        """The model's whole answer to ``prompt``."""
        completion: Completion | None = None
        answer = self._answer if self.fallback is None else self._answer_or_fall_back
        async for chunk in answer(prompt, stream=False):
            completion = chunk.completion
        assert completion  # noqa: S101 # an answer without one is an error
        return completion

    def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk]:
        """The answer in pieces as they come; the last chunk carries the completion."""
        answer = self._answer if self.fallback is None else self._answer_or_fall_back
        return answer(prompt, stream=True)

    @property
    def traits(self) -> ModelTraits:
        """Those of the model that will answer."""
        if self.fallback and self.breaker.state is BreakerState.OPEN:
            return self.fallback.traits
        return self._traits

    async def _answer_or_fall_back(self, prompt: Prompt, *, stream: bool) -> AsyncGenerator[Chunk]:
        """The answer; or the fallback's, where the breaker is open before anything has come."""
        assert self.fallback  # noqa: S101 # or nobody comes here
        begun = False
        try:
            async with aclosing(self._answer(prompt, stream=stream)) as chunks:
                async for chunk in chunks:
                    begun = True
                    yield chunk
        except UpstreamError:
            if begun or self.breaker.state is BreakerState.CLOSED:
                raise
        if begun:
            return
        self.fallen_back += 1
        current_call(self._clock).answered_by = self.fallback.model
        if not stream:
            yield Chunk("", await self.fallback.complete(prompt))
            return
        async with aclosing(self.fallback.stream(prompt)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _answer(self, prompt: Prompt, *, stream: bool) -> AsyncGenerator[Chunk]:
        call = current_call(self._clock)
        key = key_of(call.tenant, prompt)
        may_read = self._caches and call.cache.may_read
        if may_read and (cached := self._cache.get(key, call.cache.max_age)):
            call.outcomes.append(CacheOutcome.HIT)
            yield Chunk(cached.text, tokens=cached.tokens)
            yield Chunk("", replace(cached, usage=Usage()))
            return
        most = self._settings.timeout
        first = total = Deadline(call, call.started + min(most, call.timeout or most))
        if stream:
            at = min(call.started + self._settings.first_token_timeout, total.at)
            first = Deadline(call, at)
        payer, fly = "", self._fly
        if (allowance := call.allowance) and allowance.is_metered:
            payer, fly = call.caller.id, self._fly_metered  # not refused for others' quotas
        flight, shared = self._flights.join(
            (key, stream, payer), first, lambda flight: fly(flight, prompt, stream=stream)
        )
        async with aclosing(flight.listen(first, total)) as chunks:
            async for chunk in chunks:
                if chunk.completion:
                    yield Chunk("", self._settled(call, key, chunk.completion, shared=shared))
                else:
                    yield chunk

    async def _fly_metered(self, flight: Flight, prompt: Prompt, *, stream: bool) -> None:
        """As :meth:`_fly`, at the cost of a caller who may not have as much as it likes."""
        allowance = flight.deadline.call.allowance
        assert allowance  # noqa: S101 # or nobody comes here
        most_input = self._estimates.most_input(prompt)
        if reserved := await allowance.reserve(most_input, prompt.prefix.max_tokens):
            flight.bill = Bill(allowance, reserved)
        try:
            await self._fly(flight, prompt, stream=stream)
        finally:
            if flight.bill:
                await flight.bill.settle()

    async def _fly(self, flight: Flight, prompt: Prompt, *, stream: bool) -> None:
        """Call the upstream until it answers, or there is no use or time left.

        What has begun cannot be begun again: a stream after its first token.
        """
        call = flight.deadline.call
        way = self.ladder.way(prompt.prefix)
        made = returns = 0
        while True:
            await self._until_up(call)
            try:
                gone = await self._attempt(flight, prompt, way, stream=stream)
            except GroundworkError as error:
                if flight.bill:
                    flight.bill.failed(error)
                if flight.begun:
                    raise
                if lower := self.ladder.below(way, prompt.prefix, error):
                    way = lower
                    continue
                wait = self._retries.wait(error, made=made, left=flight.deadline.remaining())
                made += 1
                with call.spending("backoff"):
                    await asyncio.sleep(wait)
            else:
                if gone is None:
                    self._retries.succeeded(made=made)
                    return
                returns += 1
                if flight.begun or returns > _MOST_RETURNS:
                    raise gone

    @property
    def is_up(self) -> bool:
        """False while calls wait for an upstream that is being started."""
        return self._standby is None or not self._standby.problem()

    async def _until_up(self, call: Call) -> None:
        """Wait for an upstream that is being brought back, with as many others as may queue."""
        if self._standby is None or self.is_up:
            return
        if self._waiting >= self._settings.queue_size:
            raise Overloaded("The model server is being started, and many wait for it already.")
        self._waiting += 1
        try:
            with call.spending("upstream"):
                await self._standby.up()
        finally:
            self._waiting -= 1

    async def _attempt(
        self, flight: Flight, prompt: Prompt, way: Way, *, stream: bool
    ) -> UpstreamError | None:
        """One call, with leave of the breaker and a place among the calls; see :meth:`_ask`."""
        deadline = flight.deadline
        self.breaker.check()
        async with self.admission.place(prompt.prefix.feature, deadline, stream=stream) as place:
            probe = self.breaker.enter()
            error: BaseException | None = None
            try:
                with deadline.call.spending("upstream"):
                    return await self._ask(flight, prompt, way, place)
            except BaseException as failure:
                hangs = not flight.begun and self._hangs(place)
                error = UpstreamTimeout("No answer by the deadline.") if hangs else failure
                raise
            finally:
                self.breaker.leave(probe=probe, error=error)

    def _hangs(self, place: Place) -> bool:
        """Whether the server had the operator's time, be a caller's own as short as it likes.

        Where somebody keeps the server up, it is for them to see that.
        """
        most, first = self._settings.timeout, self._settings.first_token_timeout
        allowed = min(most, first) if place.stream else most
        return not self._standby and self._clock() - place.started >= _FAIR_SHARE * allowed

    async def _ask(
        self, flight: Flight, prompt: Prompt, way: Way, place: Place
    ) -> UpstreamError | None:
        """Put the prompt to the upstream; its answer goes to the flight as it comes.

        Gives its failure where that is no failure of the call: the server went away, and somebody
        brings it back.
        """
        limit, generation, told = self._settings.attempt_timeout, 0, None
        if flight.bill:
            flight.bill.sent, told = True, flight.bill.told
        if self._standby:
            generation = self._standby.generation
        try:
            async with (
                asyncio.timeout(limit) as attempt,
                aclosing(self._upstream.ask(prompt, way, stream=place.stream, told=told)) as chunks,
            ):
                async for chunk in chunks:
                    if not flight.begun:
                        attempt.reschedule(None)
                        place.answered(chunk)
                        self.ladder.worked(way, prompt.prefix)
                    if flight.bill and chunk.completion:  # before its caller asks again
                        self._estimates.learn(prompt, chunk.completion.usage)
                        await flight.bill.settle()
                    flight.push(chunk)
        except TimeoutError:
            msg = f"The model server did not answer within {limit:g} seconds."
            raise UpstreamTimeout(msg) from None
        except UpstreamError as error:
            if self._standby and await went_away(self._standby, generation, error):
                return error
            raise
        return None

    def _settled(
        self, call: Call, key: bytes, completion: Completion, *, shared: bool
    ) -> Completion:
        """Note where an answer came from, and store it; a shared one cost no tokens of its own."""
        outcome = CacheOutcome.STORED if call.cache.may_read else CacheOutcome.REQUEST
        if shared:
            outcome = CacheOutcome.COLLAPSED
        elif not self._caches:
            outcome = CacheOutcome.BYPASS
        elif call.cache.may_store:
            self._cache.put(key, completion)
        call.outcomes.append(outcome)
        return replace(completion, usage=Usage()) if shared else completion

    def forget(self, prompt: Prompt) -> None:
        """Drop a stored answer that turned out to be of no use."""
        call = current_call(self._clock)
        self._cache.forget(key_of(call.tenant, prompt))
        if self.fallback:
            self.fallback.forget(prompt)

    async def find_output_mode(self) -> None:
        """Find out how to ask this upstream for JSON; see :class:`Ladder`."""
        await self.ladder.probe(self._upstream)

    async def problem(self) -> str | None:
        """Why nothing can be asked now, or None; where calls do not wait, the fallback will do."""
        if self._standby:
            return self._standby.problem()
        problem = await self._upstream.problem()
        return await self.fallback.problem() if problem and self.fallback else problem

    async def abort(self, error: GroundworkError) -> None:
        """End all calls under way; whoever waits for one gets ``error``."""
        await self._flights.abort(error)

    async def aclose(self) -> None:
        """Close the connections to the upstream."""
        await self._upstream.aclose()
