"""Files as people have them: read as they are meant, or told which line is wrong and what is right."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batches.reading import LONGEST_CELL, CsvFile, Read, rows_of_json, rows_of_lines
from app.errors import BatchInvalid, InvalidHeader, InvalidRequest, MalformedJson

# Text that can be written in a file: all but halves of letters; a NUL is nobody's.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NAMES = st.lists(TEXT.filter(str.strip), min_size=1, max_size=5, unique=True)


def read_csv(
    content: bytes, charset: str | None = None, named_by: str | None = None, **fields: str
) -> list[Read]:
    table = CsvFile(io.BytesIO(content), charset)
    return [*table.rows(fields or {"text": table.columns[0]}, (), named_by)]


def texts(rows: Iterable[Read]) -> list[Any]:
    return [row.wrong or row.params.get("text") for row in rows]


def test_cells_with_quotes_separators_and_line_breaks() -> None:
    rows = read_csv(
        b'id,review\r\n1,"He said ""well, yes"".\r\nThen left."\r\n2,plain\r\n', text="review"
    )
    assert texts(rows) == ['He said "well, yes".\r\nThen left.', "plain"]
    assert [row.line for row in rows] == [2, 4], "where they begin"
    assert json.loads(rows[0].kept or "") == ["1", 'He said "well, yes".\r\nThen left.']


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(separator: str) -> None:
    content = (
        f"id{separator}review\n1{separator}a,b;c\n"
        if separator == "\t"
        else (f'id{separator}review\n1{separator}"a,b;c"\n')
    )
    assert texts(read_csv(content.encode(), text="review")) == ["a,b;c"]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-8-sig", "utf-8"),
        ("utf-16", None),
        ("utf-16-be", "utf-16-be"),
        ("windows-1252", None),
        ("latin-1", "ISO-8859-1"),
        ("shift_jis", "Shift_JIS"),
    ],
)
def test_encodings(encoding: str, said: str | None) -> None:
    word = "ランプ" if encoding == "shift_jis" else "Grüße"
    content = f"Müll,text\n1,{word}\n" if encoding != "shift_jis" else f"id,text\n1,{word}\n"
    assert texts(read_csv(content.encode(encoding), said, text="text")) == [word]


def test_utf_16_with_its_mark_the_other_way_round() -> None:
    assert texts(read_csv(b"\xfe\xff" + "text\nGrüße\n".encode("utf-16-be"))) == ["Grüße"]


def test_an_encoding_that_there_is_not() -> None:
    with pytest.raises(InvalidHeader, match="names a charset that is not known"):
        read_csv(b"text\na\n", "klingon")


@pytest.mark.parametrize("charset", ["base64", "rot13", "undefined"])
def test_an_encoding_that_is_none_of_text(charset: str) -> None:
    with pytest.raises(InvalidHeader, match="names a charset that is not known"):
        read_csv(b"text\na\n", charset)


@pytest.mark.parametrize(
    "content",
    [
        b"text\nGr\xc3\xbc\xc3\x9fe\nGr\xfc\xdfe\n",
        b"text\nGr\xc3\xbc\xc3\x9fe\n" + b"a\n" * 50_000 + b"Gr\xfc\xdfe\n",
    ],
)
def test_mixed_encodings(content: bytes) -> None:
    line = content.count(b"\n")
    with pytest.raises(BatchInvalid, match=f"Line {line} is not in UTF-8"):
        read_csv(content)


def test_what_is_not_in_the_encoding_that_was_said() -> None:
    with pytest.raises(BatchInvalid, match="save the file as UTF-8"):
        read_csv(b"text\n" + b"a\n" * 9 + b"Gr\xfc\xdfe\n", "utf-8")


def test_cells_of_5_mb() -> None:
    cell = "a\u00e9\n" * 1_700_000
    content = f'text,n\n"{cell}",1\nb,2\n'.encode()
    assert texts(read_csv(content, text="text")) == [cell, "b"]


def test_a_cell_that_never_ends() -> None:
    line = b"a" * 1_048_575 + b"\n"
    good, wrong = read_csv(b'text\nb\n"' + line * (LONGEST_CELL // len(line)) + b'end"\n')
    assert good.params == {"text": "b"}
    assert (wrong.line, wrong.wrong[:39]) == (3, "Is not CSV: field larger than field lim")


def test_a_line_that_never_ends() -> None:
    with pytest.raises(BatchInvalid, match=f"Line 3 has more than {LONGEST_CELL} characters"):
        read_csv(b"text\nb\n" + b"a" * (LONGEST_CELL + 1))


def test_rows_with_more_or_fewer_columns() -> None:
    rows = read_csv(b"id,text\n1,a\n2\n3,c,d\n\n4,e\n", text="text")
    wide = "Has {} columns instead of 2."
    assert [(row.line, told) for row, told in zip(rows, texts(rows), strict=True)] == [
        (2, "a"),
        (3, wide.format(1)),
        (4, wide.format(3)),
        (6, "e"),
    ]


@pytest.mark.parametrize("broken", [b'2,"b', b'2,"b" c', b'2,"b\n3,c\n'])
def test_a_quote_that_is_not_closed(broken: bytes) -> None:
    rows = read_csv(b"id,text\n1,a\n" + broken, text="text")
    assert texts(rows)[0] == "a"
    assert (rows[1].line, rows[1].wrong[:12]) == (3, "Is not CSV: ")


def test_a_broken_header() -> None:
    with pytest.raises(BatchInvalid, match="Line 1 is not CSV"):
        read_csv(b'"id" x,text\n1,a\n')


def test_a_column_that_is_there_twice() -> None:
    with pytest.raises(BatchInvalid, match="The column text is there twice"):
        read_csv(b"text,text\n1,a\n")


def test_a_field_without_a_column() -> None:
    with pytest.raises(InvalidRequest, match=r"such as \?text=review\. The columns are id, review"):
        read_csv(b"id,review\n1,a\n", text="reviews")


def test_a_name_without_a_column() -> None:
    with pytest.raises(InvalidRequest, match=r"custom_id names no column\. The columns are id"):
        read_csv(b"id,review\n1,a\n", named_by="number", text="review")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_nothing(content: bytes) -> None:
    with pytest.raises(InvalidRequest, match="It is empty"):
        read_csv(content, text="review")


def test_fields_of_columns_and_of_the_query() -> None:
    table = CsvFile(io.BytesIO(b"review,id,lang\nGut.,7,\n"), None)
    fields = {"text": "review", "source_lang": "lang", "target_lang": "EN", "glossary": '{"a":"b"}'}
    (row,) = table.rows(fields, ["text"], "id")
    assert row == Read(
        2,
        {"text": ["Gut."], "target_lang": "EN", "glossary": {"a": "b"}},
        "7",
        '["Gut.", "7", ""]',
    )


@given(NAMES, st.data(), st.sampled_from(["\n", "\r\n"]), st.sampled_from([",", ";", "\t"]))
def test_what_pythons_csv_writes_comes_back(
    names: list[str], data: st.DataObject, end: str, separator: str
) -> None:
    row = st.lists(TEXT, min_size=len(names), max_size=len(names)).filter(any)
    rows = data.draw(st.lists(row, max_size=5))
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=end, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([["id" + separator, *names], *(["1", *row] for row in rows)])
    table = CsvFile(io.BytesIO(written.getvalue().encode()), None)
    assert table.columns[1:] == tuple(names)
    read = [*table.rows({"text": table.columns[0]}, (), None)]
    assert [json.loads(each.kept or "")[1:] for each in read] == rows


LINE = {"params": {"text": "a"}}


def test_lines() -> None:
    content = b'\xef\xbb\xbf{"custom_id": "x", "params": {"text": "a"}}\r\n\n \n{"params": {}}'
    rows = [*rows_of_lines(io.BytesIO(content))]
    assert rows == [Read(1, {"text": "a"}, "x"), Read(4, {}, None)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", "Is not valid JSON: "),
        (b"[]", 'Must be {"custom_id"'),
        (b'{"text": "a"}', 'Must be {"custom_id"'),
        (b'{"params": {}, "costum_id": "x"}', 'Must be {"custom_id"'),
        (b'{"params": {}, "custom_id": 7}', "custom_id must be"),
        (b'{"params": {}, "custom_id": ""}', "custom_id must be"),
        (b'{"params": {"text": NaN}}', "Is not valid JSON: "),
        (b'{"params": {"text": "\xff"}}', "Is not valid JSON: "),
        (b"[" * 100_000, "Is not valid JSON: "),
        (b'{"params": {"text": "' + b"a" * 5_000_000 + b'"}}', "May have at most 4194304 bytes."),
    ],
)
def test_lines_that_are_wrong_are_told_and_the_next_are_read(line: bytes, told: str) -> None:
    wrong, right = rows_of_lines(io.BytesIO(line + b'\n{"params": {}}\n'))
    assert (wrong.line, wrong.wrong[: len(told)]) == (1, told)
    assert right == Read(2, {})


def read_json(content: bytes) -> tuple[list[Read], Mapping[str, Any]]:
    told: dict[str, Any] = {}
    return [*rows_of_json(io.BytesIO(content), told)], told


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(1 - 2**63, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(
    st.lists(st.dictionaries(TEXT, JSON, max_size=3), max_size=4),
    st.dictionaries(
        TEXT.filter(lambda name: name != "requests" and "." not in name and name), JSON, max_size=3
    ),
    st.booleans(),
)
def test_json_is_read_as_it_is(
    params: list[dict[str, Any]],
    beside: dict[str, Any],
    escaped: bool,
) -> None:
    document = {**beside, "requests": [{"params": each} for each in params]}
    rows, told = read_json(json.dumps(document, ensure_ascii=escaped).encode())
    assert [row.params for row in rows] == params
    assert told == beside


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"requests": [{"params": {}}', b'{"requests": ]}', b"\xff"]
)
def test_what_is_no_json(content: bytes) -> None:
    with pytest.raises(MalformedJson, match="The body is not valid JSON: "):
        read_json(content)


@pytest.mark.parametrize("content", [b"[]", b'"requests"', b"{}", b'{"requests": {"a": 1}}'])
def test_json_without_requests(content: bytes) -> None:
    assert read_json(content)[0] == []
