"""Passages and citations as callers see them."""

from app.features.answers import schemas
from app.features.answers.grounding.citations import Citation
from app.knowledge.sources import Passage

_BETWEEN = " > "


def passage_on_wire(passage: Passage) -> schemas.FoundPassage:
    """A passage, with where it comes from."""
    source = passage.source
    return schemas.FoundPassage.model_construct(
        document_id=source.id,
        title=source.title,
        url=source.url,
        heading=_BETWEEN.join(passage.heading) or None,
        text=passage.text,
        start=passage.start,
        end=passage.end,
    )


def citation_on_wire(citation: Citation) -> schemas.Citation:
    """A citation, with where it comes from."""
    passage = citation.passage
    source = passage.source
    return schemas.Citation.model_construct(
        document_id=source.id,
        title=source.title,
        url=source.url,
        heading=_BETWEEN.join(passage.heading) or None,
        quote=source.text[citation.start : citation.end],
        start=citation.start,
        end=citation.end,
    )
