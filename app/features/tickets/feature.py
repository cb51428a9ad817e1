"""Support emails into tickets."""

from pathlib import Path
from typing import Final

from app.features.detection import UNKNOWN, detect
from app.features.feature import Feature, Result
from app.features.tickets.naming import as_written, name_by_shape
from app.features.tickets.schemas import (
    Category,
    Mood,
    Reading,
    Sentiment,
    Situation,
    Ticket,
    TicketRequest,
    Topic,
    Urgency,
)
from app.features.wire import TokenUsage
from app.gateway import ModelGateway

_URGENCIES: Final[dict[Situation, Urgency]] = {
    "danger, outage, break-in or lost data": "critical",
    "blocked, money lost or urgent": "high",
    "small problem": "medium",
    "question, wish or thanks": "low",
}
_CATEGORIES: Final[dict[Topic, Category]] = {
    "invoice, payment or refund": "billing",
    "delivery of a parcel": "shipping",
    "return or exchange": "returns",
    "broken or dangerous product": "defect",
    "login or account data": "account",
    "software, app or device error": "technical",
    "idea for a new function": "feature_request",
    "question before buying or about use": "question",
    "praise or something else": "other",
}
_SENTIMENTS: Final[dict[Mood, Sentiment]] = {
    "happy": "positive",
    "calm": "neutral",
    "unhappy": "negative",
}


class Tickets(Feature[TicketRequest, Reading]):
    """Reads a support email into what a ticket is made from."""

    name = "tickets"
    title = "Support email to structured ticket"
    folder = Path(__file__).parent
    input_type = TicketRequest
    output_type = Reading
    max_tokens = 400

    def render(self, request: TicketRequest) -> str:
        if request.subject:
            return f"Subject: {request.subject}\n{request.body}"
        return request.text or request.body or ""

    def settle(self, request: TicketRequest, output: Reading, gateway: ModelGateway) -> Reading:
        """Take no product that the email does not name."""
        email = self.render(request)
        if gateway.traits.checks_wording:
            product = name_by_shape(email, output.product, german=detect(email) == "DE")
        else:
            product = output.product and as_written(email, output.product)
        return output.model_copy(update={"product": product})


def as_ticket(request: TicketRequest, result: Result[Reading]) -> Ticket:
    """The wire's form of a result."""
    reading = result.output
    language = detect(request.text or request.body or "")
    return Ticket.model_construct(
        issue=reading.issue,
        summary=reading.summary,
        product=reading.product,
        category=_CATEGORIES[reading.topic],
        urgency=_URGENCIES[reading.situation],
        sentiment=_SENTIMENTS[reading.mood],
        language=None if language == UNKNOWN else language.lower(),
        model=result.model,
        usage=TokenUsage.of(result.usage),
    )
