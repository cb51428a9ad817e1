"""Results as files: JSON Lines, or CSV with the columns that were sent and those of the answer."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic_core import from_json, to_json

from app.batches.values import Batch, Done, Status
from app.errors import BatchCancelled, BatchExpired, GroundworkError
from app.web.problems import problem_of

_ENDED: Final[Mapping[Status, GroundworkError]] = {
    Status.CANCELLED: BatchCancelled("The batch was cancelled before this row was asked."),
    Status.EXPIRED: BatchExpired("The batch expired before this row was asked."),
}
_NOT_OUTPUT: Final = frozenset({"model", "adapter", "usage"})


class Results:
    """Writes a batch's rows; ``columns`` are those of the feature's reply, for CSV."""

    def __init__(self, batch: Batch, columns: Sequence[str]) -> None:
        self._ended = _ENDED.get(batch.status)
        self._sent = batch.columns
        self._columns = columns

    @property
    def is_csv(self) -> bool:
        return self._sent is not None

    def header(self) -> bytes:
        """What the file begins with."""
        if self._sent is None:
            return b""
        taken = set(self._sent)
        added = (f"{name}_" if name in taken else name for name in (*self._columns, "problem"))
        return _line([*self._sent, *added])

    def written(self, rows: Sequence[Done]) -> bytes:
        """Rows that are done; others are left out."""
        write = self._in_csv if self.is_csv else self._in_lines
        return b"".join(write(row, *found) for row in rows if (found := self._outcome(row)))

    def _outcome(self, row: Done) -> tuple[int, bytes] | None:
        if row.status is not None and row.body is not None:
            return row.status, row.body
        if self._ended is None:
            return None
        return self._ended.status, problem_of(self._ended).model_dump_json(
            exclude_none=True
        ).encode()

    def _in_lines(self, row: Done, status: int, body: bytes) -> bytes:
        result, problem = (body, b"null") if status < 400 else (b"null", body)
        name = to_json(row.custom_id)
        return b'{"custom_id":%b,"status":%d,"result":%b,"problem":%b}\n' % (
            name,
            status,
            result,
            problem,
        )

    def _in_csv(self, row: Done, status: int, body: bytes) -> bytes:
        said, sent = from_json(body), json.loads(row.kept or "[]")
        width = len(self._sent or ())
        sent = [*sent[:width], *[""] * (width - len(sent))]
        if status >= 400:
            problem = f"{said.get('code', status)}: {said.get('detail', '')}"
            return _line([*sent, *[""] * len(self._columns), problem])
        return _line([*sent, *(_cell(said, name) for name in self._columns), ""])


def columns_of(schema: Mapping[str, Any]) -> Sequence[str]:
    """The columns of a reply, out of its JSON Schema: the fields, those within an object by dots.

    Of a list of objects, too: the fields of the one that a row of CSV has.
    """
    definitions = schema.get("$defs", {})
    return tuple(name for name in _names(schema, definitions, 2) if name not in _NOT_OUTPUT)


def _names(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, field in schema.get("properties", {}).items():
        if name in _NOT_OUTPUT:
            continue
        inner = _resolved(field, definitions)
        if inner.get("type") == "array":
            inner = _resolved(inner.get("items", {}), definitions)
        within = (
            list(_names(inner, definitions, depth - 1)) if depth > 1 and name != "checks" else []
        )
        if within:
            yield from (f"{name}.{each}" for each in within)
        else:
            yield name


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return definitions.get(name, {}) if name else schema


def _cell(said: Any, name: str) -> str:
    """The value at a path as a cell: text as it is, nothing for null, else JSON."""
    for part in name.split("."):
        if isinstance(said, list):
            if len(said) != 1:  # pyright: ignore[reportUnknownArgumentType]
                return to_json(said).decode()
            said = said[0]  # pyright: ignore[reportUnknownVariableType]
        said = said.get(part) if isinstance(said, dict) else None  # pyright: ignore
    if said is None:
        return ""
    return said if isinstance(said, str) else to_json(said).decode()


def _line(cells: Sequence[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue().encode()
