"""What is asked and what the mock answers; the same for all subjects."""

import json
import re
from typing import Any, Final

MARK: Final = b"case-"
DIGITS: Final = 8
NONE: Final = b"0" * DIGITS
_CASE: Final = (MARK + NONE).decode()

EMAIL: Final[dict[str, str]] = {
    "subject": "Charged twice",
    "body": (
        "Hello,\n\nI renewed Inkwell Pro for our team last week. Today I see that you charged me "
        "twice for it: two payments of 49 euros on the same day. I have written to you about "
        "this before and nobody answered.\n\nPlease send one of the two payments back this week, "
        f"or I have to cancel. My number is {_CASE}.\n\nThanks,\nMia Cole, Starling Ltd"
    ),
}
QUESTION: Final[dict[str, Any]] = {
    "question": f"How long does the warranty of the Lumo lamp last? My number is {_CASE}.",
    "documents": [
        {
            "title": "Lumo lamp: warranty",
            "text": "The warranty of the Lumo lamp lasts three years from the day of purchase. "
            "Keep the receipt. It does not cover the bulb.",
        },
        {
            "title": "Lumo lamp: cleaning",
            "text": "Unplug the lamp. Wipe it with a dry cloth. Do not use any soap.",
        },
    ],
}

TICKET: Final = {
    "issue": "Charged twice",
    "product": "Inkwell Pro",
    "situation": "blocked, money lost or urgent",
    "topic": "invoice, payment or refund",
    "mood": "unhappy",
    "summary": f"The customer ({_CASE}) was charged twice and wants one payment back.",
}
FIRST_DELTA: Final = "Three"
ANSWER: Final = json.dumps(
    {
        "answer": "Three years from the day of purchase.",
        "action": "answer",
        "citations": [
            {
                "document": 1,
                "quote": "The warranty of the Lumo lamp lasts three years from the day of purchase.",
            }
        ],
        "suggestions": [f"What about {_CASE}?"],
    }
)
DELTAS: Final = tuple(re.findall(r"\s*\S+", ANSWER))
USAGE: Final = {
    "prompt_tokens": 1200,
    "completion_tokens": 60,
    "total_tokens": 1260,
    "prompt_tokens_details": {"cached_tokens": 1100},
}
