"""Which terms a text has to be translated with: the request's own, and a glossary by name."""

from collections.abc import Collection, Mapping

from app.errors import GlossaryInvalid, invalid
from app.features.spans import emails, placeholders, urls
from app.features.translations.schemas import TranslationRequest
from app.knowledge.terms import Places, Terms, words_of
from app.knowledge.vocabulary import Vocabulary
from app.languages import base


def glossary_of(request: TranslationRequest, vocabulary: Vocabulary) -> Mapping[str, Terms]:
    """The operator's glossary that a request names, by source language.

    Raises:
        GlossaryInvalid: there is none of that name into the target language.
    """
    name, target = request.glossary_id, base(request.target_lang)
    if name is None:
        return {}
    pairs = vocabulary.glossaries.get(name, {})
    named = {source: terms for (source, into), terms in pairs.items() if into == target}
    if not named:
        known = ", ".join(vocabulary.glossaries) or "none here"
        detail = f"There is no such glossary into {target}; there is {known}."
        raise invalid(GlossaryInvalid, "/glossary_id", detail)
    return named


def terms_in(text: str, glossaries: Collection[Terms]) -> tuple[tuple[str, str], ...]:
    """The terms that stand in a text as whole words in any case, and what each has to become.

    Of terms in one another, the longest counts, and of the same one that of the last glossary.
    Addresses and placeholders hold no terms.
    """
    if not glossaries:
        return ()
    for fixed in {*urls(text), *emails(text), *placeholders(text)}:
        text = text.replace(fixed, " ")
    words, found = words_of(text), Places()
    for terms in glossaries:
        found |= terms.places(words)
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda place: (-place[1], place[0])):
        if not kept or start < kept[-1][0]:
            kept.append((start, end))
    return tuple(dict.fromkeys(found[place] for place in reversed(kept)))
