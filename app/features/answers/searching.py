"""Finds what an answer may rest on: in the request's documents, in the service's, or in both."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, islice, zip_longest
from math import log
from typing import Final, Protocol

from app.errors import GroundworkError
from app.features.answers.desk import Desk
from app.features.answers.query import QUERIES, QueryTask
from app.features.answers.schemas import AnswerRequest, Message
from app.features.answers.task import passages_of
from app.features.concurrency import aside
from app.gateway import ModelGateway, Usage
from app.knowledge.index import Found, Index
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
    """What was found for a question.

    Attributes:
        passages: the best first.
        query: what was searched for.
        usage: tokens that it took to write that.
        is_cut: whether a part of the request's documents is left out.
    """

    passages: tuple[Passage, ...]
    query: str
    usage: Usage = _NO_TOKENS
    is_cut: bool = False


class Shelf(Protocol):
    """Something that can be searched: an index, the library."""

    def search(self, query: str, limit: int, *, also: str = "") -> list[Found]: ...


async def find(request: AnswerRequest, history: Sequence[Message], desk: Desk) -> Findings:
    """What the model is to be shown, as many passages as it reads.

    Documents that it can read whole are not searched: a caller's are meant to be read, whatever
    words they have. Of more, those that are not found come after those that are.

    Raises:
        Overloaded: the service's documents have not been read yet.
        GroundworkError: as :func:`search`.
    """
    reads, library, wanted = desk.gateway.traits.reads, desk.library, request.search_knowledge
    size = sum(len(document.text) for document in request.documents)
    own = await aside(lambda: passages_of(request.documents), characters=size)
    in_library = not own if wanted is None else wanted
    shelves: list[Shelf] = (
        [await aside(lambda: Index(own), characters=size)] if size > reads else []
    )
    if in_library:
        await library.wait()
        shelves.append(library)
    if not shelves:
        return Findings(own, request.question)
    count = len(own) + (library.report().passages if in_library else 0)
    language = library.language if in_library else _language_of(own)
    task = QueryTask(question=request.question, language=language, history=tuple(history))
    found = await search(task, shelves, desk.gateway, passages=count)
    order = chain(found.passages, own) if size > reads else chain(own, found.passages)
    shown = _fitting({id(passage): passage for passage in order}.values(), reads)
    is_cut = not {id(passage) for passage in own} <= {id(passage) for passage in shown}
    return replace(found, passages=shown, is_cut=is_cut)


async def search(
    task: QueryTask, shelves: Sequence[Shelf], gateway: ModelGateway, *, passages: int
) -> Findings:
    """Search for a question and, where that may not do, for what the model makes of it as well.

    It may not after a conversation, in another language, or where little is found.

    Args:
        task: the question, and what it is about.
        shelves: where.
        gateway: the model.
        passages: how many there are on the shelves.

    Raises:
        GroundworkError: what the gateway raises, where the question alone finds nothing.
    """
    asked = [message.content for message in task.history if message.role == "user"]
    also = " ".join(asked[-_CARRIED:])
    found = [shelf.search(task.question, _MOST, also=also) for shelf in shelves]
    alone = Findings(_in_turn(found), task.question)
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
    again = (shelf.search(written.output, _MOST) for shelf in shelves)
    both = [_merged(*pair) for pair in zip(found, again, strict=True)]
    return Findings(_in_turn(both), written.output, written.usage)


def _is_foreign(task: QueryTask) -> bool:
    """Whether a question is in another language than the documents, for all one can tell."""
    detected = detect_scored(task.question)
    return detected.score >= _SURE and base(detected.code).lower() != task.language


def _language_of(passages: Iterable[Passage]) -> str:
    """The language of most of them."""
    counts = Counter(passage.source.language or "en" for passage in passages).most_common(1)
    return counts[0][0] if counts else "en"


def _merged(first: Iterable[Found], second: Iterable[Found]) -> list[Found]:
    """The best of both, each passage once."""
    best: dict[int, Found] = {}
    for item in sorted(chain(first, second), key=lambda item: -item.score):
        best.setdefault(id(item.passage), item)
    return list(best.values())


def _in_turn(shelves: Sequence[Sequence[Found]]) -> tuple[Passage, ...]:
    """One of each in turn: scores of two shelves cannot be compared, they grow with their size."""
    return tuple(item.passage for row in zip_longest(*shelves) for item in row if item)


def _fitting(passages: Iterable[Passage], reads: int) -> tuple[Passage, ...]:
    """As many as have so many characters together, but at least one."""
    some = list(islice(passages, _MOST_SHOWN))
    sizes = accumulate(passage.end - passage.start for passage in some)
    return tuple(some[: max(1, sum(size <= reads for size in sizes))])
