"""What sentences say, in a form in which a claim can be compared with a document."""

from app.features.answers.grounding.statements.reading import Clause, Reading, read
from app.features.answers.grounding.statements.sentences import (
    Sentence,
    claims_in,
    language_of,
    sentences,
)
from app.features.answers.grounding.statements.terms import Term

__all__ = [
    "Clause",
    "Reading",
    "Sentence",
    "Term",
    "claims_in",
    "language_of",
    "read",
    "sentences",
]
