"""What the rooms of bulk hand to each other. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel

AT_THE_PROVIDER: Final = -1
"""The section of a batch that is to be done by the model server, as far as it can be."""


PROVIDER_SHARE: Final = 0.5
"""Of the price, that Anthropic and OpenAI ask for what is in their batches."""


class Mode(StrEnum):
    """How rows are asked: one by one, or by way of the model server's own batches."""

    LIVE = "live"
    PROVIDER = "provider"


class Status(StrEnum):
    """The states of a batch, in OpenAI's words."""

    VALIDATING = "validating"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be asked in bulk: a feature's own endpoint, the body it takes and what it answers."""

    feature: str
    takes: type[BaseModel]
    gives: Any


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants done: a feature, for each of many rows.

    Attributes:
        caller: whose it is, as JSON of a ``Caller``.
        tenant: what tells its owner from others.
        columns: of a CSV file, all of them, in order; None of other files.
        key: the owner's ``Idempotency-Key``, if it sent one; ``digest`` tells requests apart.
    """

    id: str
    tenant: str
    caller: str
    feature: str
    columns: tuple[str, ...] | None = None
    key: str | None = None
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was sent: its name, the columns that are given back, and what it asks.

    Rows that ask the same share an ``ask``, a number within the batch.
    """

    number: int
    custom_id: str
    kept: str | None
    ask: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A request's body; ``status`` and ``body`` of its answer, if that is known from the start.

    ``place`` is where it stands in the order of work.
    """

    number: int
    params: bytes
    place: int = 0
    status: int | None = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Some asks of a batch, which one worker has for a while."""

    batch: str
    number: int
    feature: str
    caller: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an ask; ``tokens`` are input, output, and what of the input a cache gave."""

    ask: int
    status: int
    body: bytes
    tokens: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Done:
    """A row of the results; its status is None while there is none."""

    number: int
    custom_id: str
    kept: str | None
    status: int | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """How a batch stands. Times are seconds since 1970.

    Attributes:
        asks: different requests among the rows.
        asked: those of them that have their answer.
        params_bytes: of all different requests.
        marks: two moments and how many asks had their answer then, for the rate.
    """

    id: str
    tenant: str
    feature: str
    mode: Mode
    status: Status
    created: float
    ended: float | None
    expires: float
    kept_until: float | None
    metadata: Mapping[str, str]
    columns: tuple[str, ...] | None
    total: int
    completed: int
    failed: int
    asks: int
    asked: int
    params_bytes: int
    tokens: tuple[int, int, int]
    marks: tuple[tuple[float, int], tuple[float, int]]
    caller: Any = None
