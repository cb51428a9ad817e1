"""Reads what was uploaded, row by row: JSON, JSON Lines or CSV. Memory does not grow with the file."""

import codecs
import csv
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain
from typing import Any, BinaryIO, Final, TextIO

import ijson
from pydantic_core import from_json

from app.errors import BatchInvalid, InvalidHeader, InvalidRequest, MalformedJson, invalid
from app.web.bodies import MOST_JSON

LONGEST_CELL: Final = 16_777_216  # characters
_LONGEST_LINE: Final = 2 * MOST_JSON
_SEPARATORS: Final = ",;\t"
_PIECE: Final = 65_536

csv.field_size_limit(LONGEST_CELL)


@dataclass(frozen=True, slots=True)
class Read:
    """A row as it stands in a file.

    Attributes:
        line: where it begins, counted from 1; in one JSON document, its number.
        params: the request's body; anything, if it is wrong.
        custom_id: its name, if it has one.
        kept: the columns of a CSV file, as JSON.
        wrong: why it is no row at all.
    """

    line: int
    params: Any
    custom_id: str | None = None
    kept: str | None = None
    wrong: str = ""


def rows_of_json(file: BinaryIO, told: dict[str, Any]) -> Iterator[Read]:
    """The ``requests`` of a JSON document, whose other members go to ``told``.

    Raises:
        MalformedJson: it is none.
    """
    builder: Any = None
    number, within = 0, ""
    try:
        for prefix, event, value in ijson.parse(file, use_float=True):
            if builder is None and (not prefix or event == "map_key"):
                continue
            if builder is None:
                if prefix == "requests" and event in ("start_array", "end_array"):
                    continue
                builder, within = ijson.ObjectBuilder(), prefix
            builder.event(event, value)
            if prefix == within and event not in ("start_map", "start_array", "map_key"):
                built, builder = builder.value, None
                if within == "requests.item":
                    number += 1
                    yield _named(number, built)
                else:
                    told[within] = built
    except ijson.JSONError as error:
        raise MalformedJson(f"The body is not valid JSON: {error}.") from None


def rows_of_lines(file: BinaryIO) -> Iterator[Read]:
    """The rows of JSON Lines, ``{"custom_id": …, "params": {…}}`` each; blank lines are no rows."""
    for number, line in enumerate(_lines(file), start=1):
        if len(line) > _LONGEST_LINE:
            yield Read(number, None, wrong=f"May have at most {_LONGEST_LINE} bytes.")
        elif line.strip():
            try:
                text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                yield _named(number, from_json(text, allow_inf_nan=False))
            except ValueError as error:
                yield Read(number, None, wrong=f"Is not valid JSON: {error}.")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines, of which one that is too long is cut off."""
    while line := file.readline(_LONGEST_LINE + 1):
        yield line
        while len(line) > _LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(_LONGEST_LINE + 1)


def _named(line: int, row: Any) -> Read:
    if (
        not isinstance(row, dict)
        or not row.keys() <= {"custom_id", "params"}
        or "params" not in row
    ):  # pyright: ignore[reportUnknownMemberType]
        return Read(line, None, wrong='Must be {"custom_id": "…", "params": {…}}.')
    name, params = row.get("custom_id"), row["params"]  # pyright: ignore
    if name is not None and not (isinstance(name, str) and 0 < len(name) <= 255):
        return Read(line, params, wrong="custom_id must be a string of 1 to 255 characters.")
    return Read(line, params, name)


class CsvFile:
    """A CSV file: UTF-8, UTF-16 with a mark, or else Windows-1252; commas, semicolons or tabs.

    Attributes:
        columns: the names in its first line.
    """

    def __init__(self, file: BinaryIO, charset: str | None) -> None:
        """Read the header; ``charset`` is the encoding, if the sender says it.

        Raises:
            RequestError: it has no header, or a column twice, or cannot be read.
        """
        encoding = _encoding(file, charset)
        file.seek(0)
        lines = _text_lines(TextIOWrapper(file, encoding, newline=""))
        header = next(lines, "")
        separator = max(_SEPARATORS, key=header.count)
        self._reader = csv.reader(chain([header], lines), delimiter=separator, strict=True)
        try:
            self.columns = tuple(next(self._reader, ()))
        except csv.Error as error:
            raise BatchInvalid(f"Line 1 is not CSV: {error}.") from None
        if twice := next((name for name in self.columns if self.columns.count(name) > 1), None):
            raise invalid(BatchInvalid, "", f"The column {twice} is there twice.")

    def rows(
        self, fields: Mapping[str, str], lists: Collection[str], named_by: str | None
    ) -> Iterator[Read]:
        """The rows.

        Args:
            fields: by field of the request, the column that it is in, or else its value.
            lists: the fields that are lists, of which a cell is the one item.
            named_by: the column of the rows' names, if any.

        Raises:
            InvalidRequest: no field is a column, or there is no column for the names.
        """
        columns = self.columns
        there = f"The columns are {', '.join(columns)[:1_000]}." if columns else "It is empty."
        places = {name: columns.index(value) for name, value in fields.items() if value in columns}
        if not places:
            detail = f"Name the column of a field, such as ?text=review. {there}"
            raise invalid(InvalidRequest, "", detail)
        if named_by is not None and named_by not in columns:
            raise invalid(InvalidRequest, "", f"custom_id names no column. {there}")
        fixed = {name: _value(value) for name, value in fields.items() if name not in places}
        name_at = None if named_by is None else columns.index(named_by)
        return self._rows(fixed, places, lists, name_at)

    def _rows(
        self,
        fixed: Mapping[str, Any],
        places: Mapping[str, int],
        lists: Collection[str],
        name_at: int | None,
    ) -> Iterator[Read]:
        wide = len(self.columns)
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader, None)
            except csv.Error as error:
                yield Read(line, None, wrong=f"Is not CSV: {error}.")
                return
            if cells is None:
                return
            if not cells:
                continue
            kept = json.dumps(cells)
            if len(cells) != wide:
                yield Read(line, None, None, kept, f"Has {len(cells)} columns instead of {wide}.")
                continue
            params = dict(fixed)
            for name, place in places.items():
                if cells[place]:  # an empty cell says nothing
                    params[name] = [cells[place]] if name in lists else cells[place]
            named = cells[name_at] if name_at is not None else ""
            yield Read(line, params, named or None, kept)


def _value(value: str) -> Any:
    """What a query says of a field: JSON, if it is an object or a list; else text."""
    if value[:1] in ("{", "["):
        try:
            return from_json(value)
        except ValueError:
            return value
    return value


def _text_lines(text: TextIO) -> Iterator[str]:
    """The lines, with their ends.

    Raises:
        BatchInvalid: one is too long, or not in the file's encoding.
    """
    number = 0
    try:
        while line := text.readline(LONGEST_CELL + 1):
            number += 1
            if len(line) > LONGEST_CELL:
                raise BatchInvalid(f"Line {number} has more than {LONGEST_CELL} characters.")
            yield line
    except UnicodeError:
        msg = f"Line {number + 1} is not in {text.encoding}; save the file as UTF-8."
        raise BatchInvalid(msg) from None


def _encoding(file: BinaryIO, said: str | None) -> str:
    """The encoding of a file: what is said of it, or shows; what is not UTF-8 is Windows-1252.

    Raises:
        InvalidHeader: what is said is no encoding.
        BatchInvalid: there is UTF-8 in it, and something else.
    """
    if said:
        try:
            "".encode(said)  # base64 and its like are no encodings of text
            return "utf-8-sig" if codecs.lookup(said).name == "utf-8" else said
        except (LookupError, ValueError):
            raise InvalidHeader("Content-Type names a charset that is not known.") from None
    if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    file.seek(0)
    decoder, lines, has_utf8 = codecs.getincrementaldecoder("utf-8")(), 1, False
    try:
        while piece := file.read(_PIECE):
            text = decoder.decode(piece)
            has_utf8 = has_utf8 or not text.isascii()
            lines += text.count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        if has_utf8 or not before.isascii():
            lines += before.count(b"\n")
            raise BatchInvalid(f"Line {lines} is not in UTF-8, as the rest is.") from None
        return "windows-1252"
    return "utf-8-sig"
