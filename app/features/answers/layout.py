"""Lays out passages for the model."""

from collections.abc import Sequence
from typing import Final

from app.features.answers.guarding import readable
from app.features.answers.relevance import Sentence, one_line, title_of, titles_of
from app.features.answers.task import AnswerTask

_MOST_SHOWN: Final = 3  # sentences
_MOST_CLOSE: Final = 2
_NEAR_BEST: Final = 0.6


def numbered(task: AnswerTask) -> str:
    """The passages, each under its number and title, and the question."""
    passages = [
        f"[{number}] {' > '.join(titles_of(passage))}\n{readable(passage.text)}"
        for number, passage in enumerate(task.passages, start=1)
    ]
    return "\n\n".join([*passages, f"Question: {task.question}"])


def lay_out(task: AnswerTask, most: int = _MOST_SHOWN) -> str:
    """For a small model: the sentences nearest to the question, those of a passage in a line.

    It finds the answer more often the less it reads, and in what it has read last: so the most
    promising passage is the last, and the nearest sentences stand once more behind the question.
    """
    ranked = task.relevance.ranked
    shown = ranked[:most]
    order = list(dict.fromkeys(sentence.passage for sentence in shown))[::-1]
    lines = [
        f"[{number}] {_line(task, passage, shown)}" for number, passage in enumerate(order, start=1)
    ]
    threshold = _NEAR_BEST * ranked[0].score if ranked else 0.0
    close = [s for s in shown[:_MOST_CLOSE] if s.coverage > 0 and s.score >= threshold]
    close.sort(key=lambda sentence: (order.index(sentence.passage), sentence.place))
    closest = " ".join(sentence.text for sentence in close) or "none"
    question = f"Question: {one_line(task.question)}"
    return "\n".join([*lines, question, f"Closest passage: {closest}"])


def _line(task: AnswerTask, passage: int, shown: Sequence[Sentence]) -> str:
    own = sorted((s for s in shown if s.passage == passage), key=lambda sentence: sentence.place)
    text = " ".join(sentence.text for sentence in own)
    title = title_of(task.passages[passage])
    return f"{title}: {text}" if title else text
