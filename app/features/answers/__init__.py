"""Product questions, answered from documents."""

from app.features.answers.endpoints import router
from app.features.answers.feature import FEATURE

ROUTERS = (router,)

__all__ = ["FEATURE", "ROUTERS"]
