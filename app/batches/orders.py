"""From an upload to an order in the book, whatever its form."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import chain
from secrets import token_hex
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import to_json

from app.batches.intake import Intake
from app.batches.reading import CsvFile, Read, rows_of_json, rows_of_lines
from app.batches.schemas import Metadata
from app.batches.values import Batch, Mode, Offer, Order
from app.batches.worker import CALLER
from app.callers import Caller
from app.errors import InvalidRequest, QuotaExceeded, ScopeMissing, UnsupportedMediaType, first_of

if TYPE_CHECKING:
    from app.batches.book import Book

MOST_UNDER_WAY: Final = 20
"""Batches of a tenant."""

_LATER_SECONDS: Final = 60
CSV: Final = "text/csv"
LINES: Final = frozenset({"application/x-ndjson", "application/jsonl", "application/ndjson"})
_JSON: Final = "application/json"

Offers = Mapping[str, Offer]


@dataclass(slots=True)
class Upload:
    """What was sent: a file, and what the request says of it.

    Attributes:
        query: its parameters; of CSV they say which field is which column.
        key: its ``Idempotency-Key``.
        digest: of the file.
        is_known: whether its key stands for an order that came before.
    """

    media_type: str
    charset: str | None
    query: dict[str, str]
    key: str | None
    file: BinaryIO = field(init=False)
    digest: bytes = b""
    is_known: bool = False


class _Options(BaseModel):
    """What is said beside the rows."""

    model_config = ConfigDict(extra="forbid")

    feature: str | None = None
    skip_invalid: bool = False
    custom_id: str | None = None
    mode: Mode = Mode.LIVE
    metadata: Metadata = {}


def take_in(
    book: "Book",
    upload: Upload,
    caller: Caller,
    offers: Offers,
    may_ask: Callable[[int, Mode], None],
    now: float,
) -> Batch:
    """Enter an order and have the work begin; or the one that its key stands for.

    ``may_ask`` raises if the caller may not have as many bytes of requests, in that mode.

    Raises:
        RequestError: what is wrong with it, or its rows.
    """
    file = upload.file
    said: dict[str, Any] = dict(upload.query)
    columns: tuple[str, ...] | None = None
    if upload.media_type == CSV:
        known = {name: said.pop(name) for name in _Options.model_fields if name in said}
        options = _options(known)
        offer = _offer(options.feature, caller, offers)
        table = CsvFile(file, upload.charset)
        columns = table.columns
        rows = table.rows(said, _lists(offer), options.custom_id)
        said = known
    elif upload.media_type in LINES:
        options = _options(said)
        offer = _offer(options.feature, caller, offers)
        rows = rows_of_lines(file)
    elif upload.media_type == _JSON:
        rows = _begun(rows_of_json(file, said))
        offer = _offer(said.get("feature"), caller, offers)
    else:
        raise UnsupportedMediaType(
            f"The body must be {_JSON}, application/x-ndjson or {CSV}, not {upload.media_type}."
        )
    order = Order(
        id=f"batch_{token_hex(12)}",
        tenant=caller.tenant,
        caller=CALLER.dump_json(replace(caller, is_admin=False)).decode(),
        feature=offer.feature,
        columns=columns,
        key=upload.key,
        digest=blake2b(
            upload.digest + to_json(sorted(upload.query.items())), digest_size=16
        ).digest(),
    )
    if known := book.begin(order, now):
        upload.is_known = True
        return known
    if book.under_way(order.tenant) > MOST_UNDER_WAY:
        book.drop(order.id)
        raise QuotaExceeded(
            f"{MOST_UNDER_WAY} batches may be under way.",
            retry_after=_LATER_SECONDS,
            members={"violated-policies": ["batches"]},
        )
    try:
        intake = Intake(book, order.id, offer.takes)
        intake.take(rows)
        options = _options(said)
        if not options.skip_invalid:
            intake.require_valid()
        may_ask(intake.params_bytes, options.mode)
        book.start(order.id, intake.order, intake.copies, options.metadata, now, options.mode)
    except BaseException:
        book.drop(order.id)
        raise
    batch = book.find(order.id, order.tenant)
    assert batch  # noqa: S101 # it has just begun
    return batch


def _begun(rows: Iterator[Read]) -> Iterator[Read]:
    """The same rows, the first of them read: what stands before it is known."""
    first = next(rows, None)
    return rows if first is None else chain([first], rows)


def _options(said: Mapping[str, Any]) -> _Options:
    try:
        return _Options.model_validate(said)
    except ValidationError as error:
        raise InvalidRequest(f"{first_of(error)}.") from None


def _offer(name: Any, caller: Caller, offers: Offers) -> Offer:
    if not isinstance(name, str) or name not in offers:
        there = ", ".join(offers)
        raise InvalidRequest(f"Name the feature, before the requests: one of {there}.")
    if not caller.may(name):
        raise ScopeMissing(f"The key is not for {name}.")
    return offers[name]


def _lists(offer: Offer) -> Collection[str]:
    """The fields of a feature's request that are lists."""
    fields = offer.takes.model_json_schema()["properties"]
    return [name for name, field in fields.items() if field.get("type") == "array"]
