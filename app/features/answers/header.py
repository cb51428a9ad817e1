"""What the model writes: brackets that say what the answer rests on, then the answer.

``[3] Yes.``, ``[2][5] Until 10:30.``, ``[unknown] I don't know.``
"""

import re
from typing import Any, Final, Literal, cast

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Action = Literal["answer", "clarify", "handoff", "unknown"]

_BRACKETS: Final = re.compile(
    r"\[(?=[^]]{0,62}\]) *(?:(clarify|handoff|unknown)|([0-9]{1,9}(?: *, *[0-9]{1,9})*)) *\]",
    re.IGNORECASE,
)
_OPEN: Final = re.compile(r"\[[a-z0-9 ,]{0,62}\Z", re.IGNORECASE)  # they may still be closed
_BEFORE: Final = re.compile(r"\s*")
_BETWEEN: Final = re.compile(r"[\s,:]*")


class Header:
    """Reads the brackets as they come; brackets that hold anything else are text.

    Attributes:
        action: what the model does; an answer, unless the brackets name something else.
        sources: the numbers, each once, in their order.
        is_there: whether there are brackets.
        is_read: whether the text has begun.
    """

    def __init__(self) -> None:
        self.action: Action = "answer"
        self.sources: tuple[int, ...] = ()
        self.is_there = self.is_read = False
        self._held = ""  # brackets that are not closed yet

    def feed(self, piece: str) -> str:
        """Take the next piece; what of it, and of what was held back before, is text."""
        if self.is_read:
            return piece
        text, at = self._held + piece, 0
        while found := _BRACKETS.match(text, at := self._after_space(text, at)):
            self._note(found)
            at = found.end()
        self._held = text[at:]
        return "" if _OPEN.match(self._held) else self.end()

    def end(self) -> str:
        """What is held back, which is text if nothing follows."""
        held, self._held = self._held, ""
        self.is_read = bool(held)
        return held

    def _after_space(self, text: str, at: int) -> int:
        space = (_BETWEEN if self.is_there else _BEFORE).match(text, at)
        return space.end() if space else at

    def _note(self, found: re.Match[str]) -> None:
        self.is_there = True
        if found[1]:
            self.action = cast("Action", found[1].lower())
        else:
            numbers = map(int, found[2].split(","))
            self.sources = tuple(dict.fromkeys((*self.sources, *numbers)))


class Written(str):
    """What the model wrote, as it is; in examples and cases, too.

    Attributes:
        action, sources: as in :class:`Header`.
        is_headed: whether it begins with brackets.
        text: the answer itself.
    """

    __slots__ = ("action", "is_headed", "sources", "text")

    def __init__(self, written: str) -> None:
        header = Header()
        self.text: str = (header.feed(written) + header.end()).strip()
        self.action, self.sources = header.action, header.sources
        self.is_headed = header.is_there
        if not self.text:
            msg = "There is no text after the brackets."
            raise ValueError(msg)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
