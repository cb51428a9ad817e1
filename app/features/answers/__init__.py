"""Product questions, answered from documents."""

from app.features.answers.router import FEATURE, router

__all__ = ["FEATURE", "router"]
