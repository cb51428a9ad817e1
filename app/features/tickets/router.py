"""The endpoint of ``/tickets``."""

from fastapi import APIRouter

from app.deps import GatewayDep
from app.features.tickets.feature import Tickets, as_ticket
from app.features.tickets.schemas import Ticket, TicketRequest
from app.problems import PROBLEMS

FEATURE = Tickets()

router = APIRouter(prefix="/tickets", tags=["tickets"], responses=PROBLEMS)


@router.post("", summary="Turn a support email into a ticket")
async def create_ticket(request: TicketRequest, gateway: GatewayDep) -> Ticket:
    """Read issue, summary, urgency, product, category, language and sentiment out of an email."""
    return as_ticket(request, await FEATURE.run(request, gateway))
