"""A candidate beside the base model: a shadow that nobody sees, a canary that a few callers get."""

from app.web.trial.middleware import OnTrial
from app.web.trial.trial import Trial

__all__ = ["OnTrial", "Trial"]
