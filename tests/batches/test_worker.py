"""Workers on virtual time and a real book: what they do about rows, upstreams and each other."""

import asyncio
from typing import Any

import pytest

from app.batches.book import SECTION, Book
from app.batches.values import Answer, Status
from app.batches.worker import LEASE_SECONDS
from app.errors import (
    BatchesUnavailable,
    ModelRefused,
    NotFound,
    Overloaded,
    QuotaExceeded,
    TextTooLong,
    UpstreamFailed,
    UpstreamUnavailable,
    UpstreamUnreachable,
)
from tests.batches.endpoint import Endpoint, inline, time, until_ended, working
from tests.batches.orders import NOON, ORDER, another, found, ordered
from tests.virtual import ON_VIRTUAL_TIME, now

POLL = 2.0
OTHER = '{"text":"0"}'
LONG = 600.0


@pytest.fixture
def anyio_backend() -> Any:
    return ON_VIRTUAL_TIME


@pytest.fixture(autouse=True)
def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "to_thread", inline)


@pytest.fixture
def database(tmp_path: Any) -> str:
    """What engines do differently is the book's business."""
    return f"sqlite:///{tmp_path / 'batches.db'}"


HOUR = 3600.0


def bad(row: str, name: str = '"2"') -> bool:
    return name in row


async def test_each_row_is_asked_once_and_no_more_at_once_than_there_are_places(
    book: Book,
) -> None:
    ordered(book, 100)
    endpoint = Endpoint()
    async with working(book, endpoint, places=4):
        took = await until_ended(book)
    batch = found(book)
    assert (batch.status, batch.completed, batch.failed) == (Status.COMPLETED, 101, 0)
    assert batch.tokens == (1000, 500, 100)
    assert (set(endpoint.asked.values()), endpoint.most) == ({1}, 4)
    assert took == pytest.approx(100 * 0.1 / 4, abs=0.2), "no place was empty"


async def test_two_workers_share_a_batch(book: Book) -> None:
    ordered(book, 4 * SECTION)
    one, two = Endpoint(), Endpoint()
    async with working(book, one, "a"), working(book, two, "b"):
        await until_ended(book)
    assert set((one.asked + two.asked).values()) == {1}
    assert one.asked.total() == two.asked.total() == 2 * SECTION


async def test_work_that_comes_is_begun_at_once(book: Book) -> None:
    endpoint = Endpoint()
    async with working(book, endpoint) as worker:
        await asyncio.sleep(1)
        ordered(book)
        worker.wake()
        assert await until_ended(book) == pytest.approx(1.1, abs=0.12)


async def test_work_that_another_process_took_in_is_found(book: Book) -> None:
    async with working(book, Endpoint()):
        await asyncio.sleep(1)
        ordered(book)
        assert await until_ended(book) <= 1 + POLL + 0.2


async def test_a_killed_workers_rows_are_taken_over_within_the_lease(book: Book) -> None:
    ordered(book)
    assert book.shifts.claim("killed", NOON, NOON + LEASE_SECONDS)
    endpoint = Endpoint()
    async with working(book, endpoint):
        took = await until_ended(book)
    assert LEASE_SECONDS <= took <= LEASE_SECONDS + POLL + 0.2
    assert set(endpoint.asked.values()) == {1}


async def test_a_stopped_workers_rows_are_anothers_at_once(book: Book) -> None:
    ordered(book)
    async with working(book, Endpoint(seconds=LONG), "a"):
        await asyncio.sleep(1)
    async with working(book, Endpoint(), "b"):
        assert await until_ended(book) == pytest.approx(1.1, abs=0.12)


async def test_a_worker_that_is_slow_keeps_its_rows(book: Book) -> None:
    ordered(book)
    slow, idle = Endpoint(seconds=10 * LEASE_SECONDS), Endpoint()
    async with working(book, slow, "a"), working(book, idle, "b"):
        await until_ended(book, seconds=20 * LEASE_SECONDS)
    assert (idle.asked.total(), set(slow.asked.values())) == (0, {1})


@pytest.mark.parametrize("error", [ModelRefused("No."), TextTooLong("Too long.")])
async def test_what_would_be_the_same_again_is_asked_once(book: Book, error: Any) -> None:
    ordered(book)
    endpoint = Endpoint(lambda row: error if bad(row) else None)
    async with working(book, endpoint):
        await until_ended(book)
    assert set(endpoint.asked.values()) == {1}
    assert (found(book).completed, found(book).failed) == (3, 1)
    failed = book.results(ORDER.id, 2, 1)[0]
    assert failed.status == error.status
    assert error.code in (failed.body or b"").decode()


async def test_a_row_that_the_upstream_refuses_fails_after_few_tries(book: Book) -> None:
    ordered(book, 50)
    endpoint = Endpoint(lambda row: UpstreamFailed("500") if bad(row) else None)
    async with working(book, endpoint):
        took = await until_ended(book)
    assert endpoint.asked.pop('{"text":"2"}') == 5
    assert set(endpoint.asked.values()) == {1}
    assert took <= 20, "the others did not wait for it"
    assert (found(book).completed, found(book).failed) == (50, 1)


async def test_a_row_whose_upstream_is_well_again_is_answered(book: Book) -> None:
    ordered(book)
    endpoint = Endpoint(lambda row: UpstreamFailed("500") if endpoint.asked[row] < 5 else None)
    async with working(book, endpoint):
        await until_ended(book)
    assert found(book).completed == 4


async def test_an_upstream_that_is_down_for_long_fails_no_row(book: Book) -> None:
    ordered(book, 20)

    def is_well() -> bool:
        return now() > 1000 + LONG

    endpoint = Endpoint(lambda _row: None if is_well() else UpstreamUnavailable("down"))
    async with working(book, endpoint, is_well=is_well):
        took = await until_ended(book, 2 * LONG)
    assert (found(book).completed, found(book).failed) == (21, 0)
    assert took <= LONG + 70, "it goes on soon after"
    assert endpoint.asked.total() <= 4 * (LONG / 30 + 8) + 20, "it was not asked all the time"


async def test_being_sent_away_by_ourselves_is_not_the_rows_fault(book: Book) -> None:
    ordered(book)
    endpoint = Endpoint(
        lambda row: Overloaded("full", retry_after=1) if endpoint.asked[row] < 20 else None
    )
    async with working(book, endpoint):
        await until_ended(book, 3 * LONG)
    assert (found(book).completed, found(book).failed) == (4, 0)


async def test_rows_wait_for_their_callers_quota_while_other_batches_go_on(book: Book) -> None:
    """What is used up now is there tomorrow."""
    ordered(book, 50)
    opens, error = 1000 + LONG, QuotaExceeded("none left", retry_after=LONG)
    endpoint = Endpoint(lambda row: error if now() < opens and row != OTHER else None)
    async with working(book, endpoint) as worker:
        await asyncio.sleep(1)
        ordered(book, 1, NOON, another("b2"))
        worker.wake()
        await asyncio.sleep(1)
        assert found(book, another("b2")).status is Status.COMPLETED
        took = await until_ended(book, 2 * LONG)
    assert (found(book).completed, found(book).failed) == (51, 0)
    assert LONG <= took <= LONG + 70
    assert endpoint.asked.total() <= 60 + 8 * LONG / 60, "a few look once a minute"


async def test_a_row_that_is_alone_fails_though_nobody_can_say_whose_fault_it_is(
    book: Book,
) -> None:
    ordered(book, 1)
    endpoint = Endpoint(lambda _row: UpstreamFailed("senseless"))
    async with working(book, endpoint, is_well=lambda: False):
        took = await until_ended(book, seconds=2 * HOUR)
    assert found(book).failed == 2
    assert HOUR <= took <= HOUR + 2 * 60


async def test_an_outage_before_anybody_noticed_speaks_against_no_row(book: Book) -> None:
    ordered(book, 1)
    endpoint = Endpoint(lambda _row: UpstreamUnreachable("away") if now() < 1000 + HOUR else None)
    async with working(book, endpoint, places=1, is_well=lambda: True):
        await until_ended(book, seconds=2 * HOUR)
    assert (found(book).completed, found(book).failed) == (2, 0)


async def test_rows_wait_for_a_feature_that_another_process_may_have(book: Book) -> None:
    ordered(book, 50)
    endpoint = Endpoint(lambda _row: NotFound("gone") if now() < 1030 else None)
    async with working(book, endpoint):
        took = await until_ended(book)
    assert (found(book).completed, found(book).failed) == (51, 0)
    assert took <= 30 + 5


async def test_a_cancelled_batch_is_left(book: Book) -> None:
    ordered(book, 200)
    endpoint = Endpoint()
    async with working(book, endpoint) as worker:
        await asyncio.sleep(0.97)
        book.cancel(ORDER.id, time())
        worker.leave(ORDER.id)
        await until_ended(book)
    batch = found(book)
    assert batch.status is Status.CANCELLED
    assert endpoint.asked.total() == batch.asked == 40, "those under way are answered"


async def test_a_batch_that_is_cancelled_elsewhere_is_left_soon(book: Book) -> None:
    ordered(book, 250)
    endpoint = Endpoint()
    async with working(book, endpoint):
        await asyncio.sleep(0.97)
        book.cancel(ORDER.id, time())
        await until_ended(book)
    assert endpoint.asked.total() == found(book).asked <= 40 + 4 * 10 * LEASE_SECONDS / 4


async def test_a_bug_of_ours_fails_its_row_alone(book: Book) -> None:
    def says(row: str) -> None:
        if bad(row):
            raise ZeroDivisionError

    ordered(book)
    async with working(book, Endpoint(says)):
        await until_ended(book)
    assert (found(book).completed, found(book).failed) == (3, 1)
    assert book.results(ORDER.id, 2, 1)[0].status == 500


async def test_a_database_that_is_away_for_a_while_loses_nothing(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered(book, 20)
    finish, refused = book.shifts.finish, 0

    def away(answers: list[tuple[str, Answer]], at: float) -> None:
        nonlocal refused
        if now() < 1020:
            refused += 1
            raise BatchesUnavailable("away")
        finish(answers, at)

    monkeypatch.setattr(book.shifts, "finish", away)
    endpoint = Endpoint()
    async with working(book, endpoint):
        await until_ended(book, 100)
    assert refused > 2
    assert (found(book).completed, set(endpoint.asked.values())) == (21, {1})
