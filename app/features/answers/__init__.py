"""Product questions, answered from documents."""

from app.features.answers import feedback
from app.features.answers.answering import FEATURE
from app.features.answers.router import router

ROUTERS = (router, feedback.router)

__all__ = ["FEATURE", "ROUTERS"]
