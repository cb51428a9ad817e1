"""What endpoints ask of the records; the blocking work is done in threads."""

import asyncio
import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from app.errors import FeedbackOff, MessageUnknown, RecordUnwritten
from app.records.feedback import FeedbackEntry, FeedbackLog, Rating
from app.records.store import GivenAnswer, Role, Store

log = logging.getLogger(__name__)


class Records:
    """The store and the feedback file, each of which may be missing.

    Attributes:
        keeps: whether answers given are kept.
    """

    def __init__(self, store: Store | None, feedback: FeedbackLog | None) -> None:
        self._store = store
        self._feedback = feedback
        self.keeps = store is not None

    def close(self) -> None:
        """Close the files."""
        if self._store:
            self._store.close()

    async def remember(self, answer: GivenAnswer) -> None:
        """Keep an answer.

        Raises:
            RecordUnwritten: it could not be, and belongs to a conversation that is to be kept.
        """
        if self._store is None:
            return
        try:
            await asyncio.to_thread(self._store.remember, answer)
        except sqlite3.Error as error:
            if answer.conversation_id:
                msg = "The conversation could not be kept."
                raise RecordUnwritten(msg, upstream_note=str(error)) from error
            log.exception("The answer %s could not be kept.", answer.message_id)

    async def find(self, message_id: str) -> GivenAnswer | None:
        """The answer of that name, if it is kept."""
        return await asyncio.to_thread(self._store.find, message_id) if self._store else None

    async def conversation(self, conversation_id: str) -> list[tuple[Role, str]] | None:
        """The turns of a conversation, oldest first; None if there is no such one."""
        if self._store is None:
            return None
        return await asyncio.to_thread(self._store.conversation, conversation_id)

    async def forget_conversation(self, conversation_id: str) -> bool:
        """Drop a conversation's answers; False if there are none."""
        if self._store is None:
            return False
        return await asyncio.to_thread(self._store.forget_conversation, conversation_id)

    async def missed(self, question: str, language: str, reason: str, at: datetime) -> None:
        """Count a question that was not answered."""
        if self._store is None:
            return
        try:
            await asyncio.to_thread(self._store.missed, question, language, reason, at)
        except sqlite3.Error:
            log.exception("An unanswered question could not be counted.")

    async def add_feedback(
        self, message_id: str, rating: Rating, comment: str | None
    ) -> FeedbackEntry:
        """Take down what somebody says of an answer.

        Raises:
            FeedbackOff: there is no file for it.
            MessageUnknown: there is no such answer, or it is too long ago.
            RecordUnwritten: it could not be written.
        """
        if self._feedback is None:
            msg = "The operator of this service takes no feedback: GROUNDWORK_FEEDBACK is not set."
            raise FeedbackOff(msg)
        given = await self.find(message_id)
        if given is None:
            raise MessageUnknown(f"There is no answer {message_id}, or it is too long ago.")
        entry = _entry(given, rating, comment)
        try:
            await asyncio.to_thread(self._feedback.append, entry)
        except OSError as error:
            msg = "The feedback could not be written."
            raise RecordUnwritten(msg, upstream_note=str(error)) from error
        return entry


def open_records(feedback: Path | None, store: Path | None) -> Records:
    """Open the files that the operator names.

    Args:
        feedback: the feedback file.
        store: the SQLite file.

    Raises:
        ConfigurationError: one of them cannot be written.
    """
    log_file = FeedbackLog(feedback) if feedback else None
    return Records(Store(store) if store else None, log_file)


def _entry(given: GivenAnswer, rating: Rating, comment: str | None) -> FeedbackEntry:
    return FeedbackEntry(
        id=f"fb_{token_hex(16)}",
        at=datetime.now(UTC),
        message_id=given.message_id,
        rating=rating,
        comment=comment,
        question=given.question,
        history=given.history,
        passages=given.passages,
        answer=given.answer,
        citations=given.citations,
        action=given.action,
        is_uncertain=given.is_uncertain,
        model=given.model,
    )
