"""Scripts for the hostile upstream: who is failed, when and how.

The strategies at the end make behaviours and scripts at random, for hypothesis.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.hostile.behaviours import (
    Behaviour,
    Drip,
    EmptyChoices,
    Endless,
    Garbage,
    Good,
    Hang,
    Huge,
    JsonToStream,
    NotATicket,
    ResetBeforeAnswer,
    ResetMidBody,
    RetryAfter,
    Silence,
    Status,
    StreamError,
    StreamReset,
    TruncatedBody,
    TruncatedStream,
    WrongType,
)
from tests.hostile.calls import Call
from tests.hostile.upstream import Script

GOOD = Good()

QUICK_FAILURES: dict[str, Behaviour] = {
    "429": Status(429),
    "429, seconds": Status(429, RetryAfter(1)),
    "429, fraction": Status(429, RetryAfter(0.5)),
    "429, date": Status(429, RetryAfter(1, "date")),
    "429, milliseconds": Status(429, RetryAfter(0.05, "milliseconds")),
    "500": Status(500),
    "503": Status(503),
    "529": Status(529),
    "reset": ResetBeforeAnswer(),
    "reset mid-body": ResetMidBody(),
    "garbage": Garbage(),
    "wrong type": WrongType(),
    "truncated body": TruncatedBody(),
    "not a ticket": NotATicket(),
    "empty choices": EmptyChoices(),
    "json to a stream": JsonToStream(),
    "huge": Huge(),
    "huge event": Huge(one_event=True),
    "truncated stream": TruncatedStream(),
    "stream without terminator": TruncatedStream(how="last chunk"),
    "stream cut": TruncatedStream(how="cut"),
    "stream cut before any delta": TruncatedStream(0, "cut"),
    "stream reset": StreamReset(),
    "stream reset before any delta": StreamReset(0),
    "error in stream": StreamError(),
    "error in stream before any delta": StreamError(0),
}
"""Failures that end by themselves."""

SLOW_FAILURES: dict[str, Behaviour] = {
    "hang": Hang(),
    "drip": Drip(),
    "endless": Endless(),
    "silence": Silence(),
}
"""Failures that last until the client leaves, or nearly so."""

ALL_FAILURES: dict[str, Behaviour] = QUICK_FAILURES | SLOW_FAILURES


def fitting(failures: Mapping[str, Behaviour], *, stream: bool) -> dict[str, Behaviour]:
    """Those of ``failures`` that a call for a stream, or for a whole answer, can meet."""
    kept = {name: failure for name, failure in failures.items() if failure.fits(stream=stream)}
    if not stream:
        kept.pop("huge event", None)  # is the same as huge where there are no events
    return kept


WHOLE_FAILURES: dict[str, Behaviour] = fitting(ALL_FAILURES, stream=False)
STREAM_FAILURES: dict[str, Behaviour] = fitting(ALL_FAILURES, stream=True)


def always(behaviour: Behaviour) -> Script:
    """Treat every call so."""
    return lambda _call: behaviour


@dataclass(frozen=True, slots=True)
class InTurn:
    """A script that treats the first calls as listed, in order of arrival, and the rest alike."""

    behaviours: tuple[Behaviour, ...]
    then: Behaviour = GOOD

    def __call__(self, call: Call) -> Behaviour:
        if call.number < len(self.behaviours):
            return self.behaviours[call.number]
        return self.then


def in_turn(*behaviours: Behaviour, then: Behaviour = GOOD) -> InTurn:
    """Treat the first calls so, one after the other, and all others as ``then``."""
    return InTurn(behaviours, then)


@dataclass(slots=True)
class _Deck:
    """Gives each card once before it gives any of them again."""

    cards: Sequence[Behaviour]
    random: random.Random
    _rest: list[Behaviour] = field(default_factory=list[Behaviour])

    def draw(self) -> Behaviour:
        if not self._rest:
            self._rest = [*self.cards]
            self.random.shuffle(self._rest)
        return self._rest.pop()


def mixed(
    seed: int,
    share: float,
    failures: Mapping[str, Behaviour] = ALL_FAILURES,
    good: Behaviour = GOOD,
) -> Script:
    """Fail this ``share`` of the calls at random, each failure that fits as often as the others.

    Which calls fail depends on ``seed`` and their order of arrival alone.
    """
    chance = random.Random(seed)  # noqa: S311  # nothing here is secret
    decks = {
        stream: _Deck([*fitting(failures, stream=stream).values()], chance)
        for stream in (False, True)
    }

    def script(call: Call) -> Behaviour:
        deck = decks[call.stream]
        failed = chance.random() < share
        return deck.draw() if failed and deck.cards else good

    return script


_DELAYS = st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.01, 0.03])
_DELTAS = st.integers(0, 6)
_HINTS = st.none() | st.builds(
    RetryAfter,
    st.sampled_from([0.0, 0.02, 0.25, 1.0, 30.0]),
    st.sampled_from(["seconds", "date", "milliseconds"]),
)
_STATUSES = st.sampled_from(
    [302, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529, 599]
)
_SIZES = st.sampled_from([0, 100_000, 3_000_000, 20_000_000])

_QUICK: dict[type[Behaviour], st.SearchStrategy[Behaviour]] = {
    Status: st.builds(Status, _STATUSES, _HINTS, delay=_DELAYS),
    TruncatedStream: st.builds(
        TruncatedStream, _DELTAS, st.sampled_from(["close", "last chunk", "cut"]), delay=_DELAYS
    ),
    StreamReset: st.builds(StreamReset, _DELTAS, delay=_DELAYS),
    StreamError: st.builds(StreamError, _DELTAS, delay=_DELAYS),
    Huge: st.builds(Huge, _SIZES, st.booleans()),
    ResetBeforeAnswer: st.builds(ResetBeforeAnswer, delay=_DELAYS),
    ResetMidBody: st.builds(ResetMidBody, delay=_DELAYS),
    TruncatedBody: st.builds(TruncatedBody, delay=_DELAYS),
    Garbage: st.builds(Garbage, delay=_DELAYS),
    WrongType: st.builds(WrongType, delay=_DELAYS),
    NotATicket: st.builds(NotATicket, delay=_DELAYS),
    EmptyChoices: st.builds(EmptyChoices, delay=_DELAYS),
    JsonToStream: st.builds(JsonToStream, delay=_DELAYS),
}
_SLOW: dict[type[Behaviour], st.SearchStrategy[Behaviour]] = {
    Hang: st.just(Hang()),
    Drip: st.builds(Drip, st.sampled_from([0.001, 0.05])),
    Endless: st.builds(Endless, st.sampled_from([0.001, 0.01, 0.1])),
    Silence: st.builds(Silence, st.sampled_from([0.001, 0.01, 0.1])),
}


def good_answers() -> st.SearchStrategy[Behaviour]:
    """Good answers, some after a while, some streams with pauses."""
    return st.builds(Good, st.none(), st.sampled_from([0.0, 0.0, 0.002]), delay=_DELAYS)


def failures(*, stream: bool, slow: bool = True) -> st.SearchStrategy[Behaviour]:
    """Failures that fit; without ``slow`` those alone that end by themselves."""
    kinds = _QUICK | _SLOW if slow else _QUICK
    return st.one_of([made for kind, made in kinds.items() if kind.fits(stream=stream)])


def scripts(*, stream: bool, slow: bool = True, most: int = 6) -> st.SearchStrategy[InTurn]:
    """Scripts that treat up to ``most`` calls at random and all others well."""
    behaviours = st.lists(good_answers() | failures(stream=stream, slow=slow), max_size=most)
    return behaviours.map(lambda listed: InTurn(tuple(listed)))
