"""Product questions, answered from documents."""

from app.features.answers.answering import FEATURE
from app.features.answers.endpoints import router

ROUTERS = (router,)

__all__ = ["FEATURE", "ROUTERS"]
