"""Passages and citations as callers see them."""

from typing import Any

from app.features.answers import schemas
from app.features.answers.grounding.citations import Citation
from app.knowledge.sources import Passage


def passage_on_wire(passage: Passage) -> schemas.FoundPassage:
    """A passage, with where it comes from."""
    return schemas.FoundPassage.model_construct(
        **_document_of(passage), text=passage.text, start=passage.start, end=passage.end
    )


def citation_on_wire(citation: Citation) -> schemas.Citation:
    """A citation, with where it comes from."""
    return schemas.Citation.model_construct(
        **_document_of(citation.passage),
        quote=citation.quote,
        start=citation.start,
        end=citation.end,
    )


def _document_of(passage: Passage) -> dict[str, Any]:
    source = passage.source
    heading = " > ".join(passage.heading) or None
    return {
        "document_id": source.id,
        "title": source.title,
        "url": source.url,
        "heading": heading,
    }
