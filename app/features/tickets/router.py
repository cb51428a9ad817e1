"""The endpoints of ``/tickets``."""

from fastapi import APIRouter, Request

from app.deps import GatewayDep, VocabularyDep
from app.features.tickets.intake import DOCUMENTED, letter_of, parts_of, read_upload
from app.features.tickets.schemas import EmailTicket, Ticket, TicketRequest
from app.features.tickets.triage import TICKETS, triage
from app.problems import PROBLEMS

FEATURE = TICKETS

router = APIRouter(prefix="/tickets", tags=["tickets"], responses=PROBLEMS)


@router.post("", summary="Turn a support email into a ticket")
async def create_ticket(
    request: TicketRequest, gateway: GatewayDep, vocabulary: VocabularyDep
) -> Ticket:
    """Read issue, summary, urgency, product, category, language and sentiment out of an email.

    Entities, questions and flags are found by rules; the model has no say in them.
    """
    return await triage(request.letter, request, gateway, vocabulary)


@router.post("/email", summary="Turn a raw email into a ticket", openapi_extra=DOCUMENTED)
async def create_email_ticket(
    request: Request, gateway: GatewayDep, vocabulary: VocabularyDep
) -> EmailTicket:
    """The same out of an email as it was sent (RFC 5322, MIME), and its parts.

    The model sees the newly written text: no quoted replies, no signature, no hidden HTML.
    """
    email, options = await read_upload(request)
    letter = letter_of(email)
    ticket = await triage(letter, options, gateway, vocabulary)
    return EmailTicket.model_construct(**dict(ticket), email=parts_of(email, letter))
