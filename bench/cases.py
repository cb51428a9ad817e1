"""What is asked and what the mock answers; the same for all subjects."""

import re
from collections.abc import Iterator
from math import log
from typing import Any, Final

MARK: Final = b"case-"
DIGITS: Final = 8
NONE: Final = b"0" * DIGITS
CASE: Final = (MARK + NONE).decode()

EMAIL: Final[dict[str, str]] = {
    "subject": "Charged twice",
    "body": (
        "Hello,\n\nI renewed Inkwell Pro for our team last week. Today I see that you charged me "
        "twice for it (invoice 2026-4471): two payments of 49 euros on the same day. I have "
        "written to you about this before and nobody answered.\n\nPlease send one of the two payments back this week, "
        "or I have to cancel. Who can tell me when it will be there? My number is "
        f"{CASE}.\n\nThanks,\nMia Cole, Starling Ltd"
    ),
}
# Eight passages of about 300 characters, as a caller sends them that searches for itself.
PASSAGES: Final = {
    "Lumo lamp: warranty": (
        "The warranty of the Lumo lamp lasts three years from the day of purchase. It covers the "
        "lamp, its power supply and the switch. It does not cover the bulb, which wears out, nor "
        "damage by water or by a fall. Keep the receipt: without it, we go by the date on which "
        "the lamp left our house."
    ),
    "Lumo lamp: making a claim": (
        "Write to us with the number of your order, a picture of the lamp and what does not work. "
        "We answer within two working days and send a label for the parcel. Pack the lamp without "
        "the bulb. A lamp that can be repaired is back within ten days; otherwise we send a new "
        "one of the same kind."
    ),
    "Lumo lamp: cleaning": (
        "Unplug the lamp and let it cool down for half an hour. Wipe the shade with a dry, soft "
        "cloth; a brush does well for the folds. Do not use soap, alcohol or anything that "
        "scratches. The foot may be wiped with a damp cloth, as long as no water gets into the "
        "switch or the socket."
    ),
    "Lumo lamp: changing the bulb": (
        "The lamp takes any bulb with an E14 socket and at most 8 watts. Unplug the lamp, let it "
        "cool down, and turn the old bulb to the left until it comes out. Turn the new one in by "
        "hand, without force. Bulbs with a built-in dimmer flicker in this lamp, so take one "
        "without."
    ),
    "Lumo lamp: returns": (
        "You may return the lamp within 30 days, for whatever reason, if it is unused and in its "
        "box. Ask for a label in your account, under Orders. The parcel costs you nothing within "
        "the European Union. You have your money back within five working days after the lamp "
        "has come in."
    ),
    "Lumo lamp: the app": (
        "The app finds the lamp by itself when both are in the same network. Press the switch for "
        "five seconds until the light blinks, then tap Add. If nothing is found, see that the "
        "phone is not in a guest network. The lamp remembers its network after a power cut, but "
        "not after a reset."
    ),
    "Lumo lamp: technical data": (
        "Height 42 cm, diameter of the shade 24 cm, weight 1.3 kg with the power supply. The cable "
        "is 1.8 m long. With the bulb that comes with it, the lamp takes 6 watts and gives 540 "
        "lumen at 2,700 kelvin. It is meant for dry rooms at 5 to 35 degrees, and not for the "
        "bathroom."
    ),
    "Orders: delivery": (
        "We send what you order before noon on the same working day. A parcel takes two days "
        "within Germany and three to five to the other countries of the European Union. As soon "
        "as it has left us, you get an email with a link to follow it. On Saturdays we deliver, "
        "on Sundays we do not."
    ),
}
QUESTION: Final[dict[str, Any]] = {
    "question": f"How long does the warranty of the Lumo lamp last? My number is {CASE}.",
    "documents": [{"title": title, "text": text} for title, text in PASSAGES.items()],
}
REVIEW: Final[dict[str, Any]] = {
    "text": [
        f"Die Lampe ist schön und das Licht warm, aber der Schalter klemmt seit gestern ({CASE})."
    ],
    "target_lang": "EN",
}

TICKET: Final = {
    "issue": "Charged twice",
    "summary": f"The customer ({CASE}) was charged twice for Inkwell Pro and wants one payment "
    "back this week.",
    "product": "Inkwell Pro",
    "urgency": "high",
    "category": "billing",
    "sentiment": "negative",
    "entities": [
        {"type": "amount", "text": "49 euros"},
        {"type": "invoice_number", "text": "2026-4471"},
    ],
    "questions": ["Who can tell me when it will be there?"],
    "injection": None,
}
FIRST_DELTA: Final = "Three"
ANSWER: Final = (
    "[1][4] Three years from the day of purchase. The bulb is not covered, nor is damage by water "
    f"or by a fall. Please keep the receipt, and name {CASE} when you write to us."
)
DELTAS: Final = tuple(re.findall(r"\s*\S+", ANSWER))
TRANSLATION: Final = (
    "The lamp is beautiful and the light is warm, but the switch has been sticking since "
    f"yesterday ({CASE})."
)
USAGE: Final = {
    "prompt_tokens": 1200,
    "completion_tokens": 60,
    "total_tokens": 1260,
    "prompt_tokens_details": {"cached_tokens": 1100},
}


def probabilities_of(text: str, alternatives: int) -> Iterator[dict[str, Any]]:
    """A text's tokens as OpenAI tells them: pieces of words, each with the likely ones."""
    for piece in re.findall(r" ?\w{1,8}|\W{1,3}", text):
        likely = [_token(piece, 0.9)]
        likely += [_token(f"{piece}{number}", 0.05 / number) for number in range(1, alternatives)]
        yield {**likely[0], "top_logprobs": likely}


def _token(text: str, share: float) -> dict[str, Any]:
    return {"token": text, "logprob": log(share), "bytes": list(text.encode())}
