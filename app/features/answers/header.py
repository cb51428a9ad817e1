"""What the model writes: brackets that say what the answer rests on, then the answer.

``[3] Yes.``, ``[2][5] Until 10:30.``, ``[unknown] I don't know.`` Brackets that hold anything else
are text.
"""

from typing import Any, Final, Literal

import regex
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Action = Literal["answer", "clarify", "handoff", "unknown"]

_HEADER: Final = regex.compile(
    r"\s*(?:\[(?=[^]]{0,62}\]) *(?:(?<action>clarify|handoff|unknown)"
    r"|(?<source>[0-9]{1,9})(?: *, *(?<source>[0-9]{1,9}))*) *\][\s,:]*)*",
    regex.IGNORECASE,
)
_OPEN: Final = regex.compile(r"\[[a-z0-9 ,]{0,62}", regex.IGNORECASE)  # it may still be closed


class Written(str):
    """What the model wrote, as it is; in examples and cases, too.

    Attributes:
        action: what the model does; an answer, unless the brackets name something else.
        sources: the numbers in the brackets, each once, in their order.
        is_headed: whether it begins with brackets.
        is_open: whether more brackets may follow, if it goes on.
        rest: what follows the brackets.
        text: the answer itself.
    """

    __slots__ = ("action", "is_headed", "is_open", "rest", "sources", "text")

    def __init__(self, written: str) -> None:
        found: Any = _HEADER.match(written)
        actions, sources = found.captures("action"), found.captures("source")
        self.action: Action = actions[-1].lower() if actions else "answer"
        self.sources: tuple[int, ...] = tuple(dict.fromkeys(map(int, sources)))
        self.is_headed = bool(actions or sources)
        self.rest: str = written[found.end() :]
        self.text = self.rest.strip()
        self.is_open = not self.rest or _OPEN.fullmatch(self.rest) is not None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_after_validator_function(_complete, core_schema.str_schema())


def _complete(text: str) -> Written:
    written = Written(text)
    if not written.text:
        raise ValueError("There is no text after the brackets.")
    return written
