"""The feature: what the model is sent of an email, and what it is asked to put right."""

from functools import lru_cache
from typing import Final

from app.features.feature import Feature
from app.features.proofs import Check
from app.features.tickets.form import MOST_FORMS, PLAIN
from app.features.tickets.reading import Reading
from app.features.tickets.request import TicketRequest
from app.gateway import PromptPrefix


def _as_asked(request: TicketRequest, reading: Reading) -> Check | None:
    """Whether intent and custom fields are what the caller asked for."""
    return request.form.check(reading) if request.form else None


class _Tickets(Feature[TicketRequest, Reading]):
    """Reads a support email into what a ticket is made from."""

    def __init__(self) -> None:
        super().__init__(
            "tickets",
            asks=TicketRequest,
            gives=Reading,
            proofs=(_as_asked,),
            max_tokens=1_200,
            alternatives=5,
        )
        self._prefix_with = lru_cache(MOST_FORMS)(self._make_prefix_with)

    def render(self, request: TicketRequest) -> str:
        lines = {"From": request.sender, "Subject": request.subject}
        head = "".join(f"{name}: {value}\n" for name, value in lines.items() if value)
        return head + request.content

    def task(self, request: TicketRequest) -> str:
        return request.form.task if request.form else ""

    def prefix(self, request: TicketRequest) -> PromptPrefix:
        return self._prefix_with(request.form.schema if request.form else PLAIN)

    def _make_prefix_with(self, schema: str) -> PromptPrefix:
        return self.make_prefix(schema=schema)


FEATURE: Final = _Tickets()
