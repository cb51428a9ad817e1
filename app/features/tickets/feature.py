"""Support emails into tickets."""

from pathlib import Path

from app.features.feature import Feature
from app.features.tickets.schemas import TicketFields, TicketRequest


class Tickets(Feature[TicketRequest, TicketFields]):
    """Reads a support email into the fields of a ticket."""

    name = "tickets"
    title = "Support email to structured ticket"
    folder = Path(__file__).parent
    input_type = TicketRequest
    output_type = TicketFields
    max_tokens = 400

    def render(self, request: TicketRequest) -> str:
        if request.subject:
            return f"Subject: {request.subject}\n{request.body}"
        return request.text or request.body or ""
