"""Orders for tests of the book, at times of their own."""

from dataclasses import replace
from typing import Any

from app.batches.book import Book
from app.batches.values import Answer, Ask, Batch, Order, Row
from app.batches.worker import CALLER
from app.callers import OPERATOR

NOON = 1_796_126_400.0
ORDER = Order("b1", "", CALLER.dump_json(OPERATOR).decode(), "translations", digest=b"1")


def ordered(book: Book, rows: int = 3, now: float = NOON, order: Order = ORDER) -> Batch:
    """A batch that has begun: each row asks something else, the last the same as the first."""
    assert book.begin(order, now) is None
    asks = [Ask(number, b'{"text":"%d"}' % number) for number in range(rows)]
    numbered = [Row(number + 1, f"row-{number + 1}", None, number) for number in range(rows)]
    book.add(order.id, [*numbered, Row(rows + 1, "again", None, 0)], asks)
    copies = [2, *[1] * (rows - 1)]
    book.start(order.id, range(rows), copies, {}, now)
    return found(book, order)


def another(name: str, *, digest: bytes = b"", **others: Any) -> Order:
    return replace(ORDER, id=name, digest=digest or name.encode(), **others)


def found(book: Book, order: Order = ORDER) -> Batch:
    batch = book.find(order.id, order.tenant)
    assert batch
    return batch


def answer(ask: int, status: int = 200, body: bytes = b"{}") -> Answer:
    return Answer(ask, status, body, (10, 5, 1))


def worked_off(book: Book, owner: str = "w", now: float = NOON) -> None:
    """All that there is to do, done."""
    while section := book.claim(owner, now, now + 10):
        answers = [(section.batch, answer(ask.number)) for ask in book.asks_of(section)]
        book.finish(answers, now)
        book.close_section(section, owner, now)
