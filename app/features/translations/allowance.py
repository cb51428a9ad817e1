"""What one request may ask of the model, so that a small request makes no large one."""

from asyncio import Semaphore
from collections.abc import Iterable
from typing import Final

from app.errors import ModelOutputInvalid, TextTooLong, invalid
from app.features.concurrency import MOST_AT_ONCE
from app.features.translations.translator import Unit

MOST_CALLS: Final = 500
MOST_SENT: Final = 4_194_304  # bytes of UTF-8


class Allowance:
    """What is left of the calls and bytes of a request; a repair is not counted.

    Attributes:
        places: among its calls at once.
    """

    def __init__(self) -> None:
        self.places = Semaphore(MOST_AT_ONCE)
        self._calls, self._bytes = MOST_CALLS, MOST_SENT

    def plan(self, units: Iterable[Unit]) -> None:
        """Take off what a request needs.

        Raises:
            TextTooLong: it is too much; nothing has been sent yet.
        """
        if not self._takes(units):
            detail = (
                f"May need at most {MOST_CALLS} calls of the model, with {MOST_SENT} bytes together: "
                "of texts, their tags, and what goes with each piece of them, which is context, "
                "custom_instructions and glossary. Send fewer texts at once, or less with them."
            )
            raise invalid(TextTooLong, "/text", detail)

    def extend(self, units: Iterable[Unit]) -> None:
        """Take off what is needed since tags did not come back.

        Raises:
            ModelOutputInvalid: there is too little left.
        """
        if not self._takes(units):
            detail = (
                f"Its tags do not come back, and without them it takes over {MOST_CALLS} calls."
            )
            raise ModelOutputInvalid(detail)

    def _takes(self, units: Iterable[Unit]) -> bool:
        for unit in units:
            self._calls -= 1
            self._bytes -= unit.size
            if min(self._calls, self._bytes) < 0:
                return False
        return True
