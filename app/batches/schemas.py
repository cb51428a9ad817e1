"""The wire of ``/batches``."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from app.batches.values import Status
from app.features.wire import Output, Request, TokenUsage, examples

_Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(max_length=64)],
        Annotated[str, StringConstraints(max_length=512)],
    ],
    Field(max_length=16),
]


class BatchRow(Request):
    """One request of a batch."""

    custom_id: _Name | None = Field(
        default=None,
        description="A name of your own, once in a batch; by default `row-1` and so on.",
    )
    params: dict[str, Any] = Field(description="The body that the feature's endpoint takes.")


class BatchRequest(Request):
    """Many requests to one feature. Write `feature` before `requests`."""

    model_config = examples(
        {
            "feature": "translations",
            "requests": [
                {"custom_id": "r1", "params": {"text": ["Das Produkt ist sehr gut."]}},
                {"custom_id": "r2", "params": {"text": ["La livraison a été rapide."]}},
            ],
        }
    )

    feature: str = Field(max_length=100, description="Which feature.")
    requests: list[BatchRow] = Field(min_length=1, max_length=100_000)
    metadata: Metadata = Field(default={}, description="Yours; it comes back.")
    skip_invalid: bool = Field(
        default=False,
        description="Do the valid rows though others are not; those are results with their problem.",
    )


class RequestCounts(Output):
    """Rows."""

    total: int
    completed: int = Field(description="Those with a result.")
    failed: int = Field(description="Those with a problem, for good.")


class BatchReport(Output):
    """How a batch stands."""

    id: str
    feature: str
    status: Status
    request_counts: RequestCounts
    distinct_requests: int = Field(description="What is asked: rows that ask the same are one.")
    created_at: datetime
    ended_at: datetime | None
    expires_at: datetime = Field(description="What is not done by then, is not done.")
    kept_until: datetime | None = Field(description="When the results are forgotten.")
    progress: float = Field(description="What share of the distinct requests is answered, 0 to 1.")
    rate: float | None = Field(description="Distinct requests a second, of late.")
    seconds_left: float | None = Field(description="At this rate.")
    usage: TokenUsage = Field(description="Tokens so far.")
    cost: float | None = Field(description="Of them, by `GROUNDWORK_PRICES`; null without prices.")
    estimated_cost: float | None = Field(
        description="Of all, at what the requests cost so far; null while there is none."
    )
    metadata: dict[str, str]


class BatchList(Output):
    """Batches, the newest first."""

    data: list[BatchReport]
    has_more: bool


class ResultLine(BaseModel):
    """A line of the results."""

    custom_id: str
    status: int = Field(description="HTTP status that the request alone would have had.")
    result: dict[str, Any] | None = Field(description="The feature's response.")
    problem: dict[str, Any] | None = Field(description="The problem, where it failed.")
