"""Which terms a text has to be translated with: the request's own, and a glossary by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import GlossaryInvalid, invalid
from app.features.languages import base
from app.features.translations.schemas import TranslationRequest
from app.vocabulary import Terms, Vocabulary


@dataclass(frozen=True, slots=True)
class Glossary:
    """The terms of one request.

    Attributes:
        own: those that the request brought, for any source language.
        named: those of the operator's glossary, by source language.
    """

    own: Terms
    named: Mapping[str, Terms]

    def terms(self, source: str) -> Terms:
        """The terms for texts in a language."""
        return {**self.named.get(base(source), {}), **self.own}


def glossary_of(request: TranslationRequest, vocabulary: Vocabulary) -> Glossary:
    """The glossary that a request asks for.

    Raises:
        GlossaryInvalid: there is none of that name, or none into the target language.
    """
    name, target = request.glossary_id, base(request.target_lang)
    if name is None:
        return Glossary(request.glossary, {})
    pairs = vocabulary.glossaries.get(name)
    if pairs is None:
        known = ", ".join(vocabulary.glossaries) or "none here"
        detail = f"There is no such glossary; there is {known}."
        raise invalid(GlossaryInvalid, "/glossary_id", detail)
    named = {source: terms for (source, into), terms in pairs.items() if into == target}
    if not named:
        detail = f"This glossary has no terms in {target}."
        raise invalid(GlossaryInvalid, "/glossary_id", detail)
    return Glossary(request.glossary, named)
