"""What the model server says to the clients' requests: always the same."""

import json

from tests.hostile.calls import Call
from tests.wire.replies import TICKET, cited_answer

ANSWER = "It lasts three years."
QUOTE = "The warranty of the Lumo lamp lasts three years."
TRANSLATION = "The product is very good."


def said(call: Call) -> str:
    """A translation, an answer or a ticket, whatever the instruction asks for."""
    instruction = json.dumps(call.body["messages"][0])
    if "Translate" in instruction:
        return TRANSLATION
    return cited_answer(ANSWER, QUOTE) if "documents" in instruction else TICKET
