"""Takes an order in: every row is validated before work begins, and what is asked twice noted once."""

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, cast
from zlib import crc32

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from app.batches.reading import Read
from app.batches.values import Ask, Row
from app.errors import BatchInvalid, BodyTooLarge, GroundworkError, InvalidRequest, TooManyItems
from app.web.bodies import MOST_JSON
from app.web.problems import judge, problem_of

if TYPE_CHECKING:
    from app.batches.book import Book

MOST_ROWS: Final = 100_000
_MOST_TOLD: Final = 100  # wrong rows
_SLICE: Final = 1_000  # rows that are entered together
_SLICE_BYTES: Final = 4_194_304


@dataclass(slots=True)
class _Wrong:
    """What is wrong with the rows: the first of it, and how many are."""

    rows: int = 0
    errors: list[dict[str, object]] = field(default_factory=list[dict[str, object]])

    def add(self, line: int, found: Sequence[Mapping[str, object]]) -> None:
        self.rows += 1
        if self.rows <= _MOST_TOLD:
            self.errors += [{"line": line, **each} for each in found]


class Intake:
    """One order's rows, on their way into the book.

    Attributes:
        wrong: what is not valid.
        copies: by number of an ask, how many rows ask it.
        params_bytes: of all asks.
    """

    def __init__(self, book: "Book", batch: str, takes: type[BaseModel]) -> None:
        """Enter rows, which ``takes`` validates."""
        self.wrong = _Wrong()
        self.copies: list[int] = []
        self.params_bytes = 0
        self._book, self._batch, self._takes = book, batch, takes
        self._names: set[str] = set()
        self._numbers: dict[bytes, int] = {}  # of asks, by what makes two the same
        self._fields: dict[str, array[int]] = {}
        self._rows: list[Row] = []
        self._asks: list[Ask] = []
        self._size = 0

    def take(self, rows: Iterable[Read]) -> None:
        """Take the rows; those that are not valid are results already.

        Raises:
            BatchInvalid: there are none.
            TooManyItems: there are more than a batch may have.
        """
        number = 0
        for number, read in enumerate(rows, start=1):
            if number > MOST_ROWS:
                raise TooManyItems(f"A batch may have at most {MOST_ROWS} rows.")
            found = self._take(number, read)
            if found:
                self.wrong.add(read.line, found)
            if len(self._rows) >= _SLICE or self._size >= _SLICE_BYTES:
                self._enter()
        if not number:
            raise BatchInvalid("There are no rows.")
        self._enter()

    def require_valid(self) -> None:
        """Raise BatchInvalid if some rows are not valid."""
        if not self.wrong.rows:
            return
        first = self.wrong.errors[0]
        raise BatchInvalid(
            f"{self.wrong.rows} of {sum(self.copies)} rows are not valid. Line {first['line']}: "
            f"{first['detail']} (skip_invalid=true does the others.)",
            members={"errors": self.wrong.errors, "invalid_rows": self.wrong.rows},
        )

    @property
    def order(self) -> Sequence[int]:
        """The asks in the order in which a prompt cache serves them best.

        Those that have most in common follow each other: sorted by the fields with the fewest
        different values first. The field with the most is what each of them asks.
        """
        numbers = range(len(self.copies))
        counted = sorted((len(set(values)), name) for name, values in self._fields.items())
        shared = [self._fields[name] for _, name in counted[:-1]]
        return sorted(numbers, key=lambda number: [values[number] for values in shared])

    def _take(self, number: int, read: Read) -> Sequence[Mapping[str, object]]:
        """Take a row; what is wrong with it, if anything."""
        name = read.custom_id or f"row-{number}"
        wrong = read.wrong or self._name(name)
        found: Sequence[Mapping[str, object]] = ()
        try:
            if wrong:
                raise InvalidRequest(wrong)
            ask = self._ask(read.params)
        except GroundworkError as error:
            itself = {"pointer": "", "detail": error.detail, "code": error.code}
            found = cast("Any", error.members.get("errors", [itself]))
            problem = problem_of(error).model_dump_json(exclude_none=True).encode()
            ask = self._new(Ask(len(self.copies), b"", error.status, problem), {})
        self.copies[ask] += 1
        self._rows.append(Row(number, name, read.kept, ask))
        self._size += len(read.kept or "")
        return found

    def _name(self, name: str) -> str:
        if name in self._names:
            return f"There is a row {name} above; name it anew."
        self._names.add(name)
        return ""

    def _ask(self, params: Mapping[str, Any]) -> int:
        """The number of what a row asks: that of one that asked the same, or a new one.

        Raises:
            GroundworkError: what a request with this body would be told.
        """
        try:
            self._takes.model_validate(params)
            written = to_json(params)
        except ValidationError as error:
            found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
            raise judge("application/json", RequestValidationError(found, body=params)) from None
        except ValueError as error:
            raise InvalidRequest(f"It cannot be written as JSON: {error}.") from None
        if len(written) > MOST_JSON:
            raise BodyTooLarge(f"A row may have at most {MOST_JSON} bytes.")
        key = blake2b(json.dumps(params, sort_keys=True).encode(), digest_size=16).digest()
        if (known := self._numbers.get(key)) is not None:
            return known
        self._numbers[key] = len(self.copies)
        return self._new(Ask(len(self.copies), written), params)

    def _new(self, ask: Ask, params: Mapping[str, Any]) -> int:
        for name in params.keys() - self._fields.keys():
            self._fields[name] = array("q", bytes(8 * ask.number))
        for name, values in self._fields.items():
            values.append(crc32(to_json(params[name])) if name in params else 0)
        self.copies.append(0)
        self._asks.append(ask)
        self._size += len(ask.params)
        self.params_bytes += len(ask.params)
        return ask.number

    def _enter(self) -> None:
        self._book.add(self._batch, self._rows, self._asks)
        self._rows, self._asks, self._size = [], [], 0
