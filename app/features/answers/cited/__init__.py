"""Answers of a model that cites by document and quote."""

from app.features.answers.cited.feature import CitedAnswers

__all__ = ["CitedAnswers"]
