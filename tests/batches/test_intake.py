"""Rows on their way in: each is told what its own request would be, and what is the same is one."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from app.batches.book import Book
from app.batches.intake import Intake
from app.batches.reading import Read
from app.errors import BatchInvalid, TooManyItems
from tests.batches.orders import NOON, ORDER, found

DEEP = 100_000


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=100)
    about: Any = None


def taken(book: Book, *params: Any) -> Intake:
    return taken_rows(book, [Read(line, each) for line, each in enumerate(params, start=1)])


def taken_rows(book: Book, rows: Sequence[Read]) -> Intake:
    book.begin(ORDER, NOON)
    intake = Intake(book, ORDER.id, Note)
    intake.take(rows)
    return intake


def test_rows_that_ask_the_same_are_one(book: Book) -> None:
    first, second = {"text": "a", "about": 1}, {"about": 1, "text": "a"}
    intake = taken(book, first, {"text": "a"}, second)
    assert intake.copies == [2, 1]
    book.start(ORDER.id, intake.order, intake.copies, {}, NOON)
    assert (found(book).total, found(book).asks) == (3, 2)


def test_those_that_have_most_in_common_follow_each_other(book: Book) -> None:
    rows = [{"text": str(n), "about": "xyz"[n % 3]} for n in range(9)]
    order = taken(book, *rows).order
    assert "".join(rows[n]["about"] for n in order) in {
        a * 3 + b * 3 + c * 3 for a in "xyz" for b in "xyz" for c in "xyz"
    }
    assert sorted(order) == [*range(9)]


def nested() -> Any:
    inner: Any = []
    for _ in range(DEEP):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"text": 7}, "/text"),
        ({}, "/text"),
        ({"text": "a", "tone": "b"}, "/tone"),
        ({"text": "a" * 101}, "/text"),
        ([], ""),
        (None, ""),
        ({"text": "a", "about": "\ud800"}, ""),
        ({"text": "\ud800"}, "/text"),
        ({"text": "a", "about": nested()}, ""),
        ({"text": nested()}, "/text"),
        ({"text": "a", "about": "a" * 2_097_152}, ""),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else None,
)
def test_what_is_wrong_with_a_row(book: Book, params: Any, pointer: str) -> None:
    intake = taken(book, {"text": "a"}, params)
    with pytest.raises(BatchInvalid, match=r"1 of 2 rows are not valid\. Line 2: ") as told:
        intake.require_valid()
    errors: Any = told.value.members["errors"]
    assert (errors[0]["line"], errors[0]["pointer"]) == (2, pointer)
    book.start(ORDER.id, intake.order, intake.copies, {}, NOON)
    right, wrong = book.results(ORDER.id, 0, 9)
    assert (right.status, found(book).failed) == (None, 1)
    problem = json.loads(wrong.body or b"")
    assert wrong.status == problem["status"]
    assert problem["status"] in {413, 422}


def test_names_are_there_once(book: Book) -> None:
    rows = [Read(1, {"text": "a"}, "x"), Read(2, {"text": "b"}, "x"), Read(3, {"text": "c"})]
    intake = taken_rows(book, [*rows, Read(4, {"text": "d"}, "row-3")])
    assert [error["line"] for error in intake.wrong.errors] == [2, 4]
    assert intake.wrong.errors[0]["detail"] == "There is a row x above; name it anew."


def test_the_first_hundred_wrong_rows_are_told(book: Book) -> None:
    intake = taken(book, *[{}] * 250)
    assert (intake.wrong.rows, len(intake.wrong.errors)) == (250, 100)
    book.start(ORDER.id, intake.order, intake.copies, {}, NOON)
    assert (found(book).failed, found(book).status) == (250, "completed")


def test_no_rows(book: Book) -> None:
    with pytest.raises(BatchInvalid, match="There are no rows"):
        taken(book)


def test_too_many_rows(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.batches.intake.MOST_ROWS", 9)
    with pytest.raises(TooManyItems, match="at most 9 rows"):
        taken(book, *[{"text": "a"}] * 10)
