"""Makes a request ready for the model: its conversation, its language, what is found for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from secrets import token_hex
from typing import Final

from app.errors import ConversationsOff, ConversationUnknown, invalid
from app.features.answers.clarifying import folder_of, may_mean, named_in
from app.features.answers.conversation import asked_before, standalone, trimmed
from app.features.answers.desk import Desk
from app.features.answers.handoff import wants_human
from app.features.answers.languages import language_of, translated
from app.features.answers.schemas import AnswerRequest, Document, Message
from app.features.answers.task import AnswerTask, source_of
from app.features.concurrency import aside
from app.gateway import Usage
from app.knowledge.index import Found, rank
from app.knowledge.sources import Passage
from app.knowledge.splitting import split

_MOST_PASSAGES: Final = 8
_MOST_SEARCHED: Final = 16
_NAMED: Final = 1.5  # what a passage on a product that is named is worth
_ENOUGH: Final = 2_000  # characters, to tell a language


@dataclass(frozen=True, slots=True)
class Asked:
    """A request made ready.

    Attributes:
        question: as it came.
        message_id: the answer's name.
        conversation_id: the conversation's, if it is kept.
        history: the conversation so far.
        language: the question's.
        asks_for_human: whether nothing was searched for, since the customer wants a person.
        query: what was searched for.
        may_mean: products that the question may be about, where a small model cannot ask back.
        task: what the model is asked.
        answer_language: the language that the model is to answer in; a small one answers in that
            of the documents.
        usage: tokens spent so far.
    """

    question: str
    message_id: str
    conversation_id: str | None
    history: tuple[Message, ...]
    language: str
    asks_for_human: bool
    query: str
    may_mean: tuple[str, ...]
    task: AnswerTask
    answer_language: str
    usage: Usage


async def prepare(request: AnswerRequest, desk: Desk) -> Asked:
    """Make a request ready.

    Raises:
        ConversationUnknown: there is no conversation of that name.
        ConversationsOff: it is to be kept, and the operator keeps none.
        Overloaded: the service's documents have not been read yet.
        GroundworkError: what the gateway raises, where the question had to be translated.
    """
    conversation_id, history = await _conversation(request, desk)
    small, usage = desk.gateway.traits.small, Usage()
    before = asked_before(history)
    wanted = request.search_knowledge
    in_library = not request.documents if wanted is None else wanted
    if in_library:
        await desk.library.wait()
    search = _Search(request, desk, in_library=in_library, also=before)
    language = language_of(request.question, search.language)
    question = query = standalone(request.question, history)
    asks_for_human = wants_human(request.question)
    found = [] if asks_for_human else await search.found(query)
    if language != search.language and not asks_for_human:
        translation = await translated(query, language, search.language, desk.gateway)
        usage += translation.usage
        query = translation.text
        found = _merged(found, await search.found(query))
    passages = tuple(item.passage for item in found)
    written_in = language_of(passages[0].text, search.language) if passages else search.language
    if small and written_in != language:
        question = query
    return Asked(
        question=request.question,
        message_id=f"msg_{token_hex(16)}",
        conversation_id=conversation_id,
        history=history,
        language=language,
        asks_for_human=asks_for_human,
        query=query,
        may_mean=may_mean(query, found, search.products, also=before) if small else (),
        task=AnswerTask.model_construct(
            question=question,
            passages=passages,
            history=() if small else trimmed(history),  # it takes turns for more examples
            same_language=small or written_in == language,
        ),
        answer_language=written_in if small else language,
        usage=usage,
    )


async def _conversation(
    request: AnswerRequest, desk: Desk
) -> tuple[str | None, tuple[Message, ...]]:
    """The conversation's name, if it is kept, and its turns so far."""
    name, history = request.conversation_id, tuple(request.history)
    if not (name or request.store):
        return None, history
    if not desk.records.keeps:
        detail = "Must be left out: the operator of this service keeps no conversations."
        raise invalid(ConversationsOff, "/conversation_id" if name else "/store", detail)
    if name is None:
        return f"conv_{token_hex(16)}", history
    turns = await desk.records.conversation(name)
    if turns is None:
        raise ConversationUnknown(f"There is no conversation {name}, or it is too long ago.")
    kept = [Message.model_construct(role=role, content=content) for role, content in turns]
    return name, (*kept, *history)


class _Search:
    """Looks in the request's documents, in the service's own, or in both.

    Attributes:
        language: that of most of them.
        products: those that the service's own are about, by folder.
    """

    def __init__(self, request: AnswerRequest, desk: Desk, *, in_library: bool, also: str) -> None:
        self._documents = request.documents
        self._library = desk.library
        self._also = also
        self._in_library = in_library
        self._passages: Sequence[Passage] | None = None
        no_products: Mapping[str, str] = {}
        self.products = desk.library.products if in_library else no_products
        self.language = desk.library.language.upper()
        if request.documents:
            text = " ".join(document.text[:_ENOUGH] for document in request.documents)
            self.language = language_of(text[:_ENOUGH], self.language)

    async def found(self, query: str) -> list[Found]:
        """The passages that are nearest to a query, the best first."""
        own = await self._of_request(query) if self._documents else []
        if not self._in_library:
            return own
        found = self._library.search(query, _MOST_SEARCHED, also=self._also)
        others = self._of_named_products(found, query)
        return _alternating(own, others)[:_MOST_PASSAGES]

    def _of_named_products(self, found: Sequence[Found], query: str) -> list[Found]:
        """What was found, and first what is about a product that the question names.

        Where it names none, what was asked before may.
        """
        named = named_in(query, self.products) or named_in(self._also, self.products)
        weighed = [
            replace(item, score=_NAMED * item.score) if folder_of(item.passage) in named else item
            for item in found
        ]
        return sorted(weighed, key=lambda item: -item.score)[:_MOST_PASSAGES]

    async def _of_request(self, query: str) -> list[Found]:
        size = sum(len(document.text) for document in self._documents)
        if self._passages is None:
            self._passages = await aside(lambda: _cut(self._documents), characters=size)
        passages = self._passages
        found = await aside(
            lambda: rank(query, passages, _MOST_PASSAGES, also=self._also), characters=size
        )
        # A caller's documents are meant to be read, whatever words they have.
        known = {item.passage for item in found}
        others = [Found(passage, 0.0) for passage in passages if passage not in known]
        return (found + others)[:_MOST_PASSAGES]


def _cut(documents: Sequence[Document]) -> list[Passage]:
    sources = [source_of(document, number) for number, document in enumerate(documents, start=1)]
    return [passage for source in sources for passage in split(source)]


def _alternating(first: Sequence[Found], second: Sequence[Found]) -> list[Found]:
    """One of each in turn: scores of two collections cannot be compared, they grow with size."""
    pairs = zip_longest(first, second)
    return [found for pair in pairs for found in pair if found]


def _merged(first: Sequence[Found], second: Sequence[Found]) -> list[Found]:
    """The best of both, each passage once."""
    best: dict[tuple[str, int], Found] = {}
    for item in (*first, *second):
        place = (item.passage.source.id, item.passage.start)
        if place not in best or best[place].score < item.score:
            best[place] = item
    return sorted(best.values(), key=lambda item: -item.score)[:_MOST_PASSAGES]
