"""What the service keeps, if the operator names a file for it: answers given, and feedback."""

from app.records.store import Store
from app.records.values import Disagreement, Feedback, Gap, GivenAnswer, Rating

__all__ = ["Disagreement", "Feedback", "Gap", "GivenAnswer", "Rating", "Store"]
