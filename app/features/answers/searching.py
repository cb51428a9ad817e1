"""Finds what an answer may rest on: in the request's documents, in the service's, or in both."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, islice, zip_longest
from math import log
from typing import Final

from app.errors import GroundworkError
from app.features.answers.query import QUERIES, QueryTask
from app.features.answers.schemas import AnswerRequest, Message
from app.features.answers.task import passages_of
from app.features.concurrency import aside
from app.gateway import ModelGateway, Usage
from app.knowledge.index import Found, Index
from app.knowledge.library import Library
from app.knowledge.sources import Passage
from app.languages import base, detect_scored

_MOST: Final = 16  # passages that a search finds
_MOST_SHOWN: Final = 200  # passages, however short
_CARRIED: Final = 2  # earlier questions whose words may be meant in the next one
_SURE: Final = 0.6  # the detector's score; it is half a guess for a few words
_LITTLE: Final = 0.75  # of what a word counts that a single passage has
_NO_TOKENS: Final = Usage()


@dataclass(frozen=True, slots=True)
class Findings:
    """The best passages first, what was searched for, and what it took to write that.

    ``is_cut``: whether a part of the request's documents is left out.
    """

    passages: tuple[Passage, ...]
    query: str
    usage: Usage = _NO_TOKENS
    is_cut: bool = False


async def find(
    request: AnswerRequest, history: Sequence[Message], library: Library, gateway: ModelGateway
) -> Findings:
    """What the model is to be shown, as many passages as it reads.

    Documents that it can read whole are not searched: a caller's are meant to be read, whatever
    words they have. Of more, those that are not found come after those that are.
    """
    reads, wanted = gateway.traits.reads, request.search_knowledge
    size = sum(len(document.text) for document in request.documents)
    own = await aside(lambda: passages_of(request.documents), characters=size)
    indexes = [await aside(lambda: Index(own), characters=size)] if size > reads else []
    if wanted or (wanted is None and not own):
        await library.wait()
        indexes.append(library.index)
    if not indexes:
        return Findings(own, request.question)
    language = indexes[-1].language
    task = QueryTask(question=request.question, language=language, history=tuple(history))
    found = await search(task, indexes, gateway)
    order = chain(found.passages, own) if size > reads else chain(own, found.passages)
    shown = _fitting(dict.fromkeys(order), reads)
    return replace(found, passages=shown, is_cut=not set(own).issubset(shown))


async def search(task: QueryTask, indexes: Sequence[Index], gateway: ModelGateway) -> Findings:
    """Search for a question and, where that may not do, for what the model makes of it as well.

    It may not after a conversation, in another language, or where little is found. A gateway that
    fails then is an error only where the question alone finds nothing.
    """
    asked = [message.content for message in task.history if message.role == "user"]
    also = " ".join(asked[-_CARRIED:])
    found = [index.search(task.question, _MOST, also=also) for index in indexes]
    alone = Findings(_in_turn(found), task.question)
    passages = sum(index.passages for index in indexes)
    best = max((items[0].score for items in found if items), default=0.0)
    is_enough = best >= _LITTLE * log(1 + passages)
    if not passages or (is_enough and not task.history and not _is_foreign(task)):
        return alone
    try:
        written = await QUERIES.ask(task, gateway)
    except GroundworkError:
        if not alone.passages:
            raise
        return alone
    again = (index.search(written.output, _MOST) for index in indexes)
    both = [_merged(*pair) for pair in zip(found, again, strict=True)]
    return Findings(_in_turn(both), written.output, written.usage)


def _is_foreign(task: QueryTask) -> bool:
    """Whether a question is in another language than the documents, for all one can tell."""
    detected = detect_scored(task.question)
    return detected.score >= _SURE and base(detected.code).lower() != task.language


def _merged(first: Iterable[Found], second: Iterable[Found]) -> list[Found]:
    """The best of both, each passage once."""
    best: dict[Passage, Found] = {}
    for item in sorted(chain(first, second), key=lambda item: -item.score):
        best.setdefault(item.passage, item)
    return list(best.values())


def _in_turn(found: Sequence[Sequence[Found]]) -> tuple[Passage, ...]:
    """One of each in turn: scores of two indexes cannot be compared, they grow with their size."""
    return tuple(item.passage for row in zip_longest(*found) for item in row if item)


def _fitting(passages: Iterable[Passage], reads: int) -> tuple[Passage, ...]:
    """As many as have so many characters together, but at least one."""
    some = list(islice(passages, _MOST_SHOWN))
    sizes = accumulate(passage.end - passage.start for passage in some)
    return tuple(some[: max(1, sum(size <= reads for size in sizes))])
