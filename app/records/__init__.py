"""What the service keeps, if the operator names a file for it: answers, feedback, replies."""

from app.records.replies import Hold, KeptReply, Replies
from app.records.store import Store
from app.records.values import Disagreement, Feedback, Gap, GivenAnswer, Rating

__all__ = [
    "Disagreement",
    "Feedback",
    "Gap",
    "GivenAnswer",
    "Hold",
    "KeptReply",
    "Rating",
    "Replies",
    "Store",
]
