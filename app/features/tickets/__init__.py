"""Support emails into structured tickets."""

from fastapi import APIRouter, Request

from app.features.feature import reply_of
from app.features.routes import StateDep
from app.features.tickets.feature import FEATURE
from app.features.tickets.intake import DOCUMENTED, is_unread, read_upload
from app.features.tickets.schemas import EmailTicket, Ticket, TicketRequest
from app.features.tickets.triage import triage
from app.features.wire import Reply
from app.web.problems import PROBLEMS

__all__ = ["FEATURE", "ROUTERS"]


router = APIRouter(prefix="/tickets", tags=["tickets"], responses=PROBLEMS)
ROUTERS = (router,)


@router.post("", summary="Turn a support email into a ticket")
async def create_ticket(request: TicketRequest, state: StateDep) -> Reply[Ticket]:
    """Read issue, summary, urgency, product, category, sentiment and more out of an email.

    What the email is said to name or to ask stands there word for word, or is left out.
    """
    ticket, result = await triage(request, state)
    return reply_of(Reply[Ticket], result, **ticket)


@router.post("/email", summary="Turn a raw email into a ticket", openapi_extra=DOCUMENTED)
async def create_email_ticket(request: Request, state: StateDep) -> Reply[EmailTicket]:
    """The same out of an email as it was sent (RFC 5322, MIME), and its parts.

    The model reads all of its text, what it quotes and forwards included.
    """
    email, asked = await read_upload(request)
    ticket, result = await triage(asked, state, unread=is_unread(email))
    return reply_of(Reply[EmailTicket], result, **ticket, email=email.parts)
