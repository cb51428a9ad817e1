"""What has to hold in every example, whatever the upstream does."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.fire.story import Request, Story
from tests.hostile.behaviours import (
    NOT_A_TICKET,
    Drip,
    EmptyChoices,
    Endless,
    Good,
    Hang,
    Huge,
    NotATicket,
    Silence,
    Status,
    StreamError,
    StreamReset,
    TruncatedStream,
)
from tests.hostile.calls import good_output, marker_of
from tests.hostile.upstream import CallRecord

_SLACK_SECONDS = 0.000_001  # of rounding; the time is virtual
_MOST_BYTES = 8 * 1024 * 1024  # of a response
_RETRIED = {408, 409, 429}


def check(story: Story) -> None:
    """All of the laws."""
    try:
        _check(story)
    except AssertionError as error:
        error.add_note("\n".join(_told(story)))
        raise


def _told(story: Story) -> Iterator[str]:
    """The story in lines, with times from its begin on."""
    begin = min(request.started for request in story.requests)
    yield repr(story.terms)
    for request in story.requests:
        outcome = request.outcome
        end = outcome and (outcome.completion or outcome.error)
        yield f"{request.wish} {request.started - begin:.3f} {request.ended - begin:.3f} {end!r:.200}"
    for record in story.calls:
        times = (record.arrived, record.answered, record.client_left, record.ended)
        marker = marker_of(record.call.text)
        yield f"{marker} {record.behaviour} {[when and round(when - begin, 3) for when in times]}"


def _check(story: Story) -> None:
    for request in story.requests:
        _check_outcome(request, story)
    calls: defaultdict[str, list[CallRecord]] = defaultdict(list)
    for record in story.calls:
        calls[marker_of(record.call.text)].append(record)
    for marker, copies in calls.items():
        asked = [request for request in story.requests if request.wish.marker == marker]
        counted = [copy for copy in copies if not _asks_another_way(copy)]
        assert len(counted) <= len(asked) * (story.terms.max_retries + 1)
        for former, later in pairwise(copies):
            _check_copy(former, later, asked, story)


def whole_text(record: CallRecord) -> str | None:
    """What a call's answer says if it is received to its end; None if it cannot be."""
    match record.behaviour:
        case Good() | Drip():
            return good_output(record.call)
        case NotATicket():
            return NOT_A_TICKET
        case Huge(size=size) if size < _MOST_BYTES:
            return _filling(size)
        case EmptyChoices() if record.call.dialect == "anthropic":
            return ""
        case _:
            return None


def _filling(size: int) -> str:
    return "a" * (size // 65536 * 65536)


def _check_outcome(request: Request, story: Story) -> None:
    """One outcome, in time, and nothing in it that the upstream did not say."""
    wish, outcome = request.wish, request.outcome
    seconds = min(wish.timeout, wish.leaves if wish.leaves is not None else wish.timeout)
    assert request.ended - request.started <= seconds + _SLACK_SECONDS
    if outcome is None:
        return
    assert (outcome.completion is None) != (outcome.error is None)
    records = [record for record in story.calls if marker_of(record.call.text) == wish.marker]
    received = "".join(outcome.chunks)
    if outcome.completion:
        text = outcome.completion.text
        assert not story.stream or received == text
        assert any(whole_text(record) == text for record in records if _is_of(record, request))
    else:
        assert not received or any(may_begin(record, received) for record in records)


def _is_of(record: CallRecord, request: Request) -> bool:
    """Whether the answer was there whole in the request's time.

    Of a stream the gateway need not read more than the dialect's terminator, before HTTP's.
    """
    when = record.answered or (record.client_left if record.call.stream else None)
    return when is not None and request.started - _SLACK_SECONDS <= when <= request.ended


def may_begin(record: CallRecord, text: str) -> bool:
    """Whether ``text`` is the beginning of what a stream said, before it failed."""
    match record.behaviour:
        case Endless():
            said = "on and on " * (len(text) // 10 + 1)
        case Huge(size=size):
            said = _filling(size)
        case StreamReset(deltas) | StreamError(deltas) | TruncatedStream(deltas):
            said = (good_output(record.call) * (deltas + 1))[: 16 * deltas]
        case _:
            said = whole_text(record) or ""
    return said.startswith(text)


def _check_copy(
    former: CallRecord, later: CallRecord, asked: Sequence[Request], story: Story
) -> None:
    """A call is made again only when there is nothing to be had of the former one any more."""
    over = former.answered or former.client_left or former.ended
    assert over is not None
    assert later.arrived >= over - _SLACK_SECONDS, "two copies of a call at once"
    if any(over - _SLACK_SECONDS <= new.started <= later.arrived for new in asked):
        return  # somebody asked anew
    earliest = _may_be_repeated(former, story)
    assert earliest is not None, "it cannot be made good by a repetition"
    assert later.arrived >= earliest - _SLACK_SECONDS, "too early"


def _asks_another_way(record: CallRecord) -> bool:
    """Whether it may mean that JSON is to be asked for in another way, which is no retry."""
    behaviour = record.behaviour
    rejected = isinstance(behaviour, Status) and behaviour.status in (400, 422)
    return rejected and not record.call.stream


def _may_be_repeated(record: CallRecord, story: Story) -> float | None:
    """When a call may be made again at the earliest; None if it may not."""
    assert record.ended is not None
    whole, stream = whole_text(record), story.stream
    match record.behaviour:
        case Status(status=status, retry_after=hint):
            assert record.answered is not None
            if status in _RETRIED or status >= 500:
                return record.answered + (hint.seconds if hint else 0.0)
            return record.answered if _asks_another_way(record) else None
        case StreamReset(deltas) | StreamError(deltas) | TruncatedStream(deltas) if deltas:
            return None
        case Huge(one_event=False) if stream and whole is None:
            return None
        case Endless() if stream:
            return None
        case Hang() | Silence() | Endless() | Drip() | Good():
            return _given_up(record, story)
        case _:
            return record.ended - _SLACK_SECONDS if whole is None else _given_up(record, story)


def _given_up(record: CallRecord, story: Story) -> float | None:
    """When a call was given up that had not answered in its time; None if it was not, or had."""
    over, attempt = record.client_left or record.answered, story.terms.attempt
    if attempt is None or over is None:
        return None
    least = record.arrived + attempt - _SLACK_SECONDS
    begun = story.stream and isinstance(record.behaviour, Good)
    came = record.arrived + record.behaviour.delay if begun else record.answered
    return over if over >= least and (came is None or came >= least) else None
