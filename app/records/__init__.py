"""What the service keeps, if the operator names files for it: answers given, and feedback."""

from app.records.feedback import FeedbackEntry, FeedbackLog, Rating
from app.records.records import Records, open_records
from app.records.store import Gap, GivenAnswer, Store

__all__ = [
    "FeedbackEntry",
    "FeedbackLog",
    "Gap",
    "GivenAnswer",
    "Rating",
    "Records",
    "Store",
    "open_records",
]
