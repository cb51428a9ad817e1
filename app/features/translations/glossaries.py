"""Which terms a text has to be translated with: the request's own, and a glossary by name."""

from collections.abc import Mapping
from typing import Final

import regex

from app.errors import GlossaryInvalid, invalid
from app.features.spans import emails, placeholders, urls
from app.features.translations.schemas import TranslationRequest
from app.knowledge.vocabulary import Terms, Vocabulary
from app.languages import base

# A letter of a script that sets spaces between words, or a digit.
_IN_WORD: Final = r"[[\p{L}\p{M}\p{Nd}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}]]"


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


def terms_in(text: str, terms: Terms) -> tuple[tuple[str, str], ...]:
    """The terms that stand in a text as whole words in any case, and what each has to become.

    Of terms in one another, the longest counts. Addresses and placeholders hold no terms.
    """
    folded = text.casefold()
    near = {term.casefold(): term for term in terms if term.casefold() in folded}
    if not near:
        return ()
    for fixed in {*urls(text), *emails(text), *placeholders(text)}:
        text = text.replace(fixed, " ")
    either = "|".join(map(regex.escape, sorted(near, key=len, reverse=True)))
    begins, ends = (f"(?:(?<!{_IN_WORD})|(?!{_IN_WORD}))", f"(?:(?!{_IN_WORD})|(?<!{_IN_WORD}))")
    word = regex.compile(f"{begins}(?:{either}){ends}", regex.V1 | regex.IGNORECASE)
    found = dict.fromkeys(found.casefold() for found in word.findall(text))
    return tuple((near[fold], terms[near[fold]]) for fold in found if fold in near)
