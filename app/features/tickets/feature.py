"""Support emails into what the model reads of them."""

from pathlib import Path

from app.features.feature import Feature
from app.features.tickets.letter import Letter
from app.features.tickets.schemas import Reading


class Tickets(Feature[Letter, Reading]):
    """Reads a support email into what a ticket is made from."""

    name = "tickets"
    title = "Support email to structured ticket"
    folder = Path(__file__).parent
    input_type = Letter
    output_type = Reading
    max_tokens = 400
    version = "2"
    untrusted = True

    def render(self, request: Letter) -> str:
        return request.shown
