"""What the upstream says to each call."""

import json

from app.features import answers, tickets, translations
from app.features.tickets.schemas import Reading
from tests.features import titles
from tests.hostile.behaviours import Behaviour, Good
from tests.hostile.calls import Call
from tests.wire.replies import said_answer

ENDLESS = "Das hat kein Ende."
MARKUP = "<img src=x onerror=alert(1)>"
INVENTED = "Order 4711 never came."
ANSWER = "The warranty of the Lumo lamp lasts three years."
TITLE = "Plan for the website"
TRANSLATIONS = {
    "Das Produkt ist sehr gut.": "The product is very good.",
    "La livraison a été rapide.": "The delivery was quick.",
    "{name}": "Hallo {name}, die Lampen kommen: https://lumo.example/track",
    "sehr schön": "The lamp is <1>very nice</1> and the light is warm.",
}

_NAMED = {"date": "3 November", "phone": "+49 30 23125 014"}
_QUESTION = "How do I reset my password?"


def script(call: Call) -> Behaviour:
    """A good answer; one that takes minutes to ``ENDLESS``."""
    if ENDLESS in call.text:
        return Good("and so on " * 1000, gap=0.1, delay=0.0 if call.stream else 600.0)
    return Good(_says(call), gap=0.01 if call.stream else 0.0)


def _says(call: Call) -> str:
    system: str = call.body["messages"][0]["content"]
    if tickets.FEATURE.instruction in system:
        return _ticket(call.text)
    if translations.FEATURE.instruction in system:
        return next(said for text, said in TRANSLATIONS.items() if text in call.text)
    if answers.FEATURE.instruction in system:
        return said_answer(ANSWER, 1)
    if titles.FEATURE.instruction in system:
        return json.dumps({"title": TITLE})
    return "Paris"  # to the gateway's own question


def _ticket(email: str) -> str:
    named = [{"type": kind, "text": text} for kind, text in _NAMED.items() if text in email]
    if INVENTED in email:
        named.append({"type": "order_number", "text": "4712"})
    reading = Reading.model_validate(
        {
            "issue": MARKUP if MARKUP in email else "Locked out",
            "summary": "The customer cannot log in.",
            "product": None,
            "urgency": "critical",
            "category": "account",
            "sentiment": "negative",
            "entities": named,
            "questions": [_QUESTION] if _QUESTION in email else [],
            "injection": MARKUP if MARKUP in email else None,
        }
    )
    return reading.model_dump_json(exclude={"intent", "custom_fields"})
