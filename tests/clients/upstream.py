"""What the model server says to the clients' requests: always the same."""

from app.features import answers, tickets, translations
from tests.hostile.calls import Call
from tests.wire.replies import TICKET, said_answer

ANSWER = "It lasts three years."
QUOTE = "The warranty of the Lumo lamp lasts three years."
TRANSLATION = "The product is very good."

_SAID = {
    translations.FEATURE: TRANSLATION,
    answers.FEATURE: said_answer(ANSWER, 1),
    tickets.FEATURE: TICKET,
}


def said(call: Call) -> str:
    """A translation, an answer or a ticket, whatever the instruction asks for."""
    system: str = call.body["messages"][0]["content"]
    written = (text for feature, text in _SAID.items() if feature.instruction in system)
    return next(written, "Paris")  # to the gateway's own question
