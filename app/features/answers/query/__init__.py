"""What to search for, to answer a question."""

from typing import Final

from pydantic import BaseModel, ConfigDict

from app.features.answers.schemas import Message
from app.features.feature import Feature
from app.gateway import Completion
from app.languages import NAMES

_MOST_MESSAGES: Final = 4
_MOST_CHARACTERS: Final = 500  # of an earlier message, and of a query
_SPEAKERS: Final = {"user": "Customer", "assistant": "Assistant"}


class QueryTask(BaseModel):
    """A question as it came, and the ISO 639-1 code of the language of what is searched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    language: str
    history: tuple[Message, ...] = ()


class Queries(Feature[QueryTask, str]):
    """Writes a search query in the documents' language."""

    def render(self, request: QueryTask) -> str:
        before = (
            f"{_SPEAKERS[message.role]}: {message.content[:_MOST_CHARACTERS]}"
            for message in request.history[-_MOST_MESSAGES:]
        )
        return "\n".join((*before, f"Customer: {request.question}"))

    def task(self, request: QueryTask) -> str:
        return f"Search query in {NAMES.get(request.language.upper(), request.language)}:"

    def read(self, request: QueryTask, completion: Completion) -> str:
        return completion.text.strip().partition("\n")[0][:_MOST_CHARACTERS]


QUERIES = Queries("queries", asks=QueryTask, gives=str, max_tokens=64)
