"""What is asked and what the mock answers; the same for all subjects."""

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
_PASSAGES: Final = {  # of about 300 characters
    "Lumo lamp: warranty": "The warranty of the Lumo lamp lasts three years from the day of "
    "purchase. Keep the receipt. It does not cover the bulb, nor damage from a fall or from water. "
    "A lamp that was opened has no warranty any more. If the lamp fails within that time, we repair "
    "it, or send you another one of the same kind.",
    "Lumo lamp: cleaning": "Unplug the lamp and let it cool down. Wipe it with a dry cloth. Do not "
    "use any soap, since it may enter the base and harm the electronics. Dust on the diffuser takes "
    "up to a tenth of the light, so that we suggest to clean it every month. The arm needs no oil, "
    "and no other care.",
    "Lumo lamp: light": "The lamp gives 900 lumens at most. Its light can be dimmed in ten steps by "
    "a touch on the base, and from warm to cold by a long touch. The lamp remembers the last "
    "setting. In the evening, the light turns warmer by itself unless you switch that off in the "
    "app, under Light and Evening.",
    "Lumo lamp: power": "The adapter that comes with the lamp takes 100 to 240 volts. Other adapters "
    "need 24 watts at least. The lamp draws 11 watts at its brightest, and less than half a watt "
    "while it is off. There is a socket for USB in the base that charges a phone with up to ten "
    "watts, even while the lamp is off.",
    "Lumo lamp: app": "The app finds the lamp within ten metres. It needs Bluetooth, and asks for "
    "your location only because some phones want it to. Groups of up to eight lamps can be switched "
    "together. Without the app, everything on the base works as it does with it. No account is "
    "needed, and nothing leaves your phone.",
    "Lumo lamp: set-up": "Put the lamp on an even and solid surface, 20 centimetres away from "
    "curtains and paper. Plug the adapter in. The lamp blinks twice when it is ready, which takes "
    "about five seconds. The arm stays where you put it. If it sinks, tighten the screw at the joint "
    "with the key from the box.",
    "Returns": "You may send back what you do not like within 30 days of delivery, at our expense. "
    "Print the label in your account, and take the parcel to any post office. We pay the price back "
    "within five working days after the parcel has come in. Lamps should come in their box, but they "
    "need not.",
    "Delivery": "We deliver within three working days, and the next day if you order before noon and "
    "choose express, which costs nine euros. You get an e-mail with a link to follow the parcel. If "
    "nobody is at home, the parcel waits for a week at the post office that the card in your letter "
    "box names.",
}
QUESTION: Final[dict[str, Any]] = {
    "question": f"How long does the warranty of the Lumo lamp last? My number is {_CASE}.",
    "documents": [{"title": title, "text": text} for title, text in _PASSAGES.items()],
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
ANSWER: Final = f"[1] Three years from the day of purchase, so keep the receipt ({_CASE})."
DELTAS: Final = tuple(re.findall(r"\s*\S+", ANSWER))
USAGE: Final = {
    "prompt_tokens": 1200,
    "completion_tokens": 60,
    "total_tokens": 1260,
    "prompt_tokens_details": {"cached_tokens": 1100},
}
