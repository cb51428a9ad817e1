"""The book, on both engines, with times that are given to it."""

import threading
from collections import Counter

import pytest

from app.batches.book import SECTION, Book
from app.batches.values import Batch, Section, Status
from app.errors import BatchesUnavailable, IdempotencyKeyInUse, IdempotencyKeyReused
from tests.batches.orders import NOON, ORDER, another, answer, found, ordered, worked_off

LEASE = 10.0
DAY = 86_400.0


def claimed(book: Book, owner: str, now: float = NOON) -> Section:
    section = book.shifts.claim(owner, now, now + LEASE)
    assert section
    return section


def counts(batch: Batch) -> tuple[int, int, int, int]:
    return batch.total, batch.completed, batch.failed, batch.asked


def test_a_section_is_one_workers_until_its_time_is_over(book: Book) -> None:
    ordered(book)
    section = claimed(book, "a")
    assert [ask.params for ask in book.shifts.asks_of(section)] == [
        b'{"text":"%d"}' % n for n in range(3)
    ]
    assert book.shifts.claim("b", NOON + LEASE - 0.1, NOON + 2 * LEASE) is None
    assert claimed(book, "b", NOON + LEASE) == section


def test_whoever_gives_signs_of_life_keeps_its_sections(book: Book) -> None:
    ordered(book)
    section = claimed(book, "a")
    assert book.shifts.renew("a", NOON + 2 * LEASE) == {(section.batch, section.number)}
    assert book.shifts.claim("b", NOON + LEASE, NOON + 2 * LEASE) is None
    assert claimed(book, "b", NOON + 2 * LEASE)
    assert book.shifts.renew("a", NOON + 9 * LEASE) == set(), "it is another's now"


def test_what_was_answered_before_a_takeover_is_not_asked_again(book: Book) -> None:
    ordered(book)
    book.shifts.finish([(ORDER.id, answer(1))], NOON)
    claimed(book, "a")
    section = claimed(book, "b", NOON + LEASE)
    assert [ask.number for ask in book.shifts.asks_of(section)] == [0, 2]


def test_a_section_can_be_given_back(book: Book) -> None:
    ordered(book)
    section = claimed(book, "a")
    book.shifts.release(section, "b", NOON)
    assert book.shifts.claim("c", NOON, NOON + LEASE) is None, "only whose it is gives it back"
    book.shifts.release(section, "a", NOON + 5)
    assert book.shifts.claim("c", NOON + 4.9, NOON + LEASE) is None
    assert claimed(book, "c", NOON + 5)
    book.shifts.release_all("c")
    assert claimed(book, "d")


def test_all_batches_get_their_turn(book: Book) -> None:
    ordered(book, 3 * SECTION)
    ordered(book, 3, NOON + 1, another("b2"))
    sections = [claimed(book, "a", NOON + 1) for _ in range(4)]
    assert [(each.batch, each.number) for each in sections] == [
        ("b1", 0),
        ("b2", 0),
        ("b1", 1),
        ("b1", 2),
    ]


def test_several_threads_never_have_the_same_section(book: Book) -> None:
    ordered(book, 8 * SECTION)
    taken: list[Section] = []

    def take(owner: str) -> None:
        while section := book.shifts.claim(owner, NOON, NOON + LEASE):
            taken.append(section)

    threads = [threading.Thread(target=take, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.number for each in taken) == [*range(8)]


def test_an_answer_counts_once_for_all_rows_that_ask_it(book: Book) -> None:
    assert counts(ordered(book)) == (4, 0, 0, 0)
    first, second = answer(0, body=b'{"n":1}'), answer(0, 500, b'{"n":2}')
    book.shifts.finish([(ORDER.id, first), (ORDER.id, second)], NOON)
    book.shifts.finish([(ORDER.id, second)], NOON)
    assert counts(found(book)) == (4, 2, 0, 1)
    assert found(book).tokens == (10, 5, 1)
    done = {row.custom_id: row.body for row in book.results(ORDER.id, 0, 10) if row.body}
    assert done == {"row-1": b'{"n":1}', "again": b'{"n":1}'}


def test_threads_that_answer_the_same_count_it_once(book: Book) -> None:
    ordered(book, 200)

    def finish(first: int) -> None:
        for number in range(200):
            ask = (first + number) % 200
            book.shifts.finish([(ORDER.id, answer(ask, 200 if ask % 2 else 502))], NOON)

    threads = [threading.Thread(target=finish, args=(n,)) for n in (0, 50, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(found(book)) == (201, 100, 101, 200)
    assert found(book).tokens == (2000, 1000, 200)


def test_a_batch_is_completed_when_no_section_is_left(book: Book) -> None:
    ordered(book, SECTION + 1)
    worked_off(book, now=NOON + 7)
    batch = found(book)
    assert counts(batch) == (SECTION + 2, SECTION + 2, 0, SECTION + 1)
    assert (batch.status, batch.ended) == (Status.COMPLETED, NOON + 7)
    assert batch.kept_until == NOON + 7 + DAY


def test_only_whose_it_is_closes_a_section(book: Book) -> None:
    ordered(book)
    section = claimed(book, "a")
    book.shifts.close_section(section, "b", NOON)
    assert found(book).status is Status.IN_PROGRESS


def test_cancelled_at_rest(book: Book) -> None:
    ordered(book)
    book.cancel(ORDER.id, NOON)
    assert found(book).status is Status.CANCELLED
    assert book.shifts.claim("a", NOON, NOON + LEASE) is None


def test_cancelled_while_it_is_worked_on(book: Book) -> None:
    """Its worker is told, answers what is under way, and is the last."""
    ordered(book, SECTION + 1)
    section = claimed(book, "a")
    book.cancel(ORDER.id, NOON)
    assert found(book).status is Status.CANCELLING
    assert book.shifts.claim("b", NOON, NOON + LEASE) is None
    assert book.shifts.renew("a", NOON + LEASE) == set()
    book.shifts.finish([(ORDER.id, answer(0))], NOON)
    book.shifts.close_section(section, "a", NOON)
    assert (found(book).status, counts(found(book))) == (Status.CANCELLED, (258, 2, 0, 1))


def test_cancelled_though_its_worker_was_killed(book: Book) -> None:
    ordered(book)
    claimed(book, "a")
    book.cancel(ORDER.id, NOON)
    book.tidy(NOON + LEASE - 1)
    assert found(book).status is Status.CANCELLING
    book.tidy(NOON + LEASE)
    assert found(book).status is Status.CANCELLED


def test_cancelling_what_has_ended_changes_nothing(book: Book) -> None:
    ordered(book)
    worked_off(book)
    book.cancel(ORDER.id, NOON)
    assert found(book).status is Status.COMPLETED


def test_what_is_not_done_in_time_expires(book: Book) -> None:
    batch = ordered(book)
    book.shifts.finish([(ORDER.id, answer(1))], NOON)
    book.tidy(batch.expires - 1)
    assert found(book).status is Status.IN_PROGRESS
    book.tidy(batch.expires)
    expired = found(book)
    assert (expired.status, expired.ended, expired.completed) == (
        Status.EXPIRED,
        batch.expires,
        1,
    )
    assert book.shifts.claim("a", batch.expires, batch.expires + LEASE) is None


def test_results_are_forgotten_in_time(book: Book) -> None:
    ordered(book)
    worked_off(book)
    book.tidy(NOON + DAY - 1)
    assert len(book.results(ORDER.id, 0, 10)) == 4
    book.tidy(NOON + DAY)
    assert book.find(ORDER.id, "") is None
    assert book.results(ORDER.id, 0, 10) == []


def test_an_upload_that_was_broken_off_is_forgotten(book: Book) -> None:
    book.begin(ORDER, NOON)
    book.tidy(NOON + 600)
    assert book.find(ORDER.id, "")
    book.tidy(NOON + 601)
    assert book.find(ORDER.id, "") is None


def test_a_batch_is_forgotten_with_all_that_is_its(book: Book) -> None:
    ordered(book)
    ordered(book, 3, NOON, another("b2"))
    section = claimed(book, "a")
    book.drop(ORDER.id)
    assert book.find(ORDER.id, "") is None
    assert (book.results(ORDER.id, 0, 9), book.shifts.asks_of(section)) == ([], [])
    book.shifts.finish([(ORDER.id, answer(0))], NOON)  # by a worker that does not know it yet
    book.shifts.close_section(section, "a", NOON)
    assert len(book.results("b2", 0, 9)) == 4


def test_a_key_stands_for_one_batch(book: Book) -> None:
    order = another("b1", key="k")
    assert book.begin(order, NOON) is None
    with pytest.raises(IdempotencyKeyInUse):
        book.begin(another("b2", key="k", digest=order.digest), NOON)
    book.start(order.id, [], [], {}, NOON)
    again = book.begin(another("b2", key="k", digest=order.digest), NOON)
    assert again
    assert again.id == "b1"
    with pytest.raises(IdempotencyKeyReused):
        book.begin(another("b2", key="k"), NOON)
    assert book.begin(another("b2", key="k", tenant="other"), NOON) is None
    assert book.begin(another("b3"), NOON) is None


def test_a_key_that_comes_twice_at_once_begins_one_batch(book: Book) -> None:
    outcomes: list[object] = []

    def begin(number: int) -> None:
        try:
            outcomes.append(book.begin(another(f"b{number}", key="k", digest=b"same"), NOON))
        except IdempotencyKeyInUse as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=begin, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {None: 1, IdempotencyKeyInUse: 5}


def test_tenants_do_not_see_each_others(book: Book) -> None:
    ordered(book)
    ordered(book, 3, NOON, another("b2", tenant="other"))
    assert book.find("b1", "other") is None
    assert [batch.id for batch in book.list("other", 10)] == ["b2"]


def test_lists_are_read_page_by_page(book: Book) -> None:
    for number in range(7):  # some of them in the same moment
        book.begin(another(f"b{number}"), NOON + number // 2)
    seen: list[str] = []
    while page := book.list("", 2, seen[-1] if seen else None):
        seen += [batch.id for batch in page]
    assert sorted(seen) == [f"b{number}" for number in range(7)]
    assert seen[0] == "b6"
    assert set(seen[1:3]) == {"b4", "b5"}


def test_results_are_read_by_range(book: Book) -> None:
    ordered(book, 9)
    book.shifts.finish([(ORDER.id, answer(ask)) for ask in (2, 4)], NOON)
    rows = book.results(ORDER.id, 2, 3)
    assert [(row.number, row.status) for row in rows] == [(3, 200), (4, None), (5, 200)]
    assert [row.number for row in book.results(ORDER.id, 8, 100)] == [9, 10]


def test_the_rate_is_told_by_two_moments(book: Book) -> None:
    ordered(book, 9)
    for at, ask in enumerate((20, 31, 62), start=1):
        book.shifts.finish([(ORDER.id, answer(at))], NOON + ask)
    assert found(book).marks == ((NOON + 31, 2), (NOON + 62, 3))


def test_a_database_that_is_not_there() -> None:
    for url in ("sqlite:////dev/null/batches.db", "postgresql://postgres@/x?host=/nowhere"):
        with pytest.raises(BatchesUnavailable):
            Book(url, kept_days=1)


def test_two_that_open_it_at_once(database: str) -> None:
    failed: list[Exception] = []

    def open_it() -> None:
        try:
            Book(database, kept_days=1).close()
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
