"""What a conversation's earlier turns have to do with its next question."""

import re
from collections.abc import Sequence
from typing import Final

from app.features.answers.schemas import Message

_MOST_CHARACTERS: Final = 24_000  # of history that a model is sent
_QUESTIONS_CARRIED: Final = 2
_WORDS_OF_A_WHOLE_QUESTION: Final = 7
_REFERS_BACK: Final = re.compile(
    r"^\W*(and|what about|how about|und|et|y|e|en|och|og|i|a)\b"
    r"|\b(it|its|that|this|they|them|those|one|es|sie|dafür|davon|damit|ça|cela|eso|ello|quello|dat|het)\b",
    re.IGNORECASE,
)


def trimmed(history: Sequence[Message]) -> tuple[Message, ...]:
    """The last turns that a model can read, whole ones, beginning with the user's."""
    left = _MOST_CHARACTERS
    kept: list[Message] = []
    for message in reversed(history):
        left -= len(message.content)
        if left < 0:
            break
        kept.append(message)
    while kept and kept[-1].role != "user":
        kept.pop()
    return tuple(reversed(kept))


def asked_before(history: Sequence[Message]) -> str:
    """The last questions, whose words may be meant in the next one; empty if there are none."""
    asked = [message.content for message in history if message.role == "user"]
    return " ".join(asked[-_QUESTIONS_CARRIED:])


def standalone(question: str, history: Sequence[Message]) -> str:
    """The question with the one before it, where it is not clear by itself."""
    asked = [message.content for message in history if message.role == "user"]
    short = len(question.split()) < _WORDS_OF_A_WHOLE_QUESTION
    if asked and short and _REFERS_BACK.search(question):
        return f"{asked[-1].strip()} {question}"
    return question
