"""What the model writes: brackets that say what the answer rests on, then the answer.

``[3] Yes.``, ``[2][5] Until 10:30.``, ``[unknown] I don't know.``
"""

from typing import Any, Final, Literal, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Action = Literal["answer", "clarify", "handoff", "unknown"]

_WORDS: Final = {action: action for action in get_args(Action) if action != "answer"}
_LONGEST: Final = 64  # characters between two brackets
_BETWEEN: Final = ",:"


class Header:
    """Reads the brackets as they come, each character once.

    Brackets that hold anything but numbers of sentences or an action are text.

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
        for at, char in enumerate(piece):
            if not self._goes_on(char):
                self.is_read = True
                return self.end() + piece[at:]
        return ""

    def end(self) -> str:
        """What was held back, once nothing else belongs to the brackets."""
        held, self._held = self._held, ""
        return held

    def _goes_on(self, char: str) -> bool:
        """Whether the next character still belongs to the brackets, or stands around them."""
        if not self._held:
            self._held = char if char == "[" else ""
            return char == "[" or char.isspace() or (self.is_there and char in _BETWEEN)
        if char == "]":
            means_something = self._means(self._held[1:])
            self._held = "" if means_something else self._held
            return means_something
        fits = len(self._held) < _LONGEST and (char.isalnum() or char in " ,")
        self._held += char if fits else ""
        return fits

    def _means(self, content: str) -> bool:
        """Whether such content says anything; if so, it is noted."""
        if action := _WORDS.get(content.strip().lower()):
            self.action = action
        elif content.isascii() and all(part.strip().isdigit() for part in content.split(",")):
            numbers = map(int, content.split(","))
            self.sources = tuple(dict.fromkeys((*self.sources, *numbers)))
        else:
            return False
        self.is_there = True
        return True


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
        self.action = header.action
        self.sources = header.sources
        self.is_headed = header.is_there
        if not self.text:
            msg = "There is no text after the brackets."
            raise ValueError(msg)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
