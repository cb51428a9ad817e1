"""What the upstream says to each call."""

import json

from tests.hostile.behaviours import Behaviour, Good
from tests.hostile.calls import Call

ENDLESS = "Das hat kein Ende."
MARKUP = "<img src=x onerror=alert(1)>"
TICKET = (
    '{"issue":"%s","product":null,"situation":"danger, outage, break-in or lost data",'
    '"topic":"broken or dangerous product","mood":"unhappy","summary":"The lamp sparks."}'
)
ANSWER = "The warranty of the Lumo lamp lasts three years."
CITED = json.dumps(
    {
        "answer": ANSWER,
        "action": "answer",
        "citations": [{"document": 1, "quote": ANSWER}],
        "suggestions": ["Do I need the receipt?"],
    }
)
TRANSLATIONS = {
    "Das Produkt ist sehr gut.": "The product is very good.",
    "La livraison a été rapide.": "The delivery was quick.",
    "{name}": "Hallo {name}, die Lampen kommen: https://lumo.example/track",
}


def script(call: Call) -> Behaviour:
    """A good answer; one that takes minutes to ``ENDLESS``."""
    if ENDLESS in call.text:
        return Good("and so on " * 1000, gap=0.1)
    return Good(_says(call), gap=0.01 if call.stream else 0.0)


def _says(call: Call) -> str:
    if "capital of France" in call.text:  # the gateway's own question
        return "Paris"
    asked = str(call.body)
    if "situation" in asked:
        return TICKET % (MARKUP if MARKUP in call.text else "Lamp sparks")
    if "mood of each review" in asked:
        return '{"mood": "positive"}'
    for text, translation in TRANSLATIONS.items():
        if text in call.text:
            return translation
    return CITED if '"citations"' in asked else ANSWER
