"""Figures out of what was answered: shares in percent, chrF, calibration."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sacrebleu

from tests.quality.sets import Item

Answers = Sequence[tuple[Item, dict[str, Any] | None]]
Figures = dict[str, float]

_BINS = 5


def percent(hits: Iterable[bool]) -> float:
    seen = list(hits)
    return 100 * sum(seen) / len(seen) if seen else float("nan")


def of_tickets(made: Answers) -> Figures:
    """Shares of right fields; sentiment on three levels."""

    def right(field: str, same: Callable[[Item, dict[str, Any]], bool]) -> float:
        del field
        return percent(ticket is not None and same(item, ticket) for item, ticket in made)

    critical = [pair for pair in made if pair[0].expected["urgency"] == "critical"]
    return {
        "valid": percent(ticket is not None for _, ticket in made),
        "product": right("product", is_right_product),
        "urgency": right("urgency", lambda i, t: t["urgency"] == i.expected["urgency"]),
        "category": right("category", lambda i, t: t["category"] == i.expected["category"]),
        "sentiment": right(
            "sentiment", lambda i, t: _mood(t["sentiment"]) == _mood(i.expected["sentiment"])
        ),
        "critical found": percent(
            t is not None and t["urgency"] == "critical" for _, t in critical
        ),
        "urgency, calibration error": calibration_error(made, "urgency"),
    }


def is_right_product(item: Item, ticket: dict[str, Any]) -> bool:
    """Compared without case, spaces and hyphens, as catalogues are."""
    names = [item.expected["product"], *item.expected.get("product_also", [])]
    return _bare(ticket["product"]) in map(_bare, names)


def _bare(name: str | None) -> str:
    return re.sub(r"[\s-]+", "", name or "").casefold()


def _mood(sentiment: str) -> str:
    return sentiment.removeprefix("very_")


def calibration_error(made: Answers, field: str) -> float:
    """Expected calibration error of a field's confidence, in percent points.

    Guo et al., "On Calibration of Modern Neural Networks", 2017: over bins of confidence, the mean
    distance of confidence and share of right values. NaN where no confidence is told.
    """
    told = [
        (float(ticket["confidence"][field]), ticket[field] == item.expected[field])
        for item, ticket in made
        if ticket and ticket.get("confidence") and ticket["confidence"][field] is not None
    ]
    if not told:
        return float("nan")
    error = 0.0
    for number in range(_BINS):
        low, high = number / _BINS, (number + 1) / _BINS
        inside = [pair for pair in told if low < pair[0] <= high or (not number and not pair[0])]
        if inside:
            mean = sum(confidence for confidence, _ in inside) / len(inside)
            share = sum(right for _, right in inside) / len(inside)
            error += len(inside) / len(told) * abs(mean - share)
    return 100 * error


def of_answers(made: Answers) -> Figures:
    """Right answers, and "I don't know" where the documents do not tell."""
    known = [(item, answer) for item, answer in made if item.expected["answerable"]]
    unknown = [answer for item, answer in made if not item.expected["answerable"]]
    figures = {
        "right": percent(is_right(item, answer) for item, answer in known),
        "right source": percent(cites_support(item, answer) for item, answer in known),
        "not handed to a human": percent(
            answer is None or answer["action"] != "handoff" for _, answer in made
        ),
        "quotes verbatim": percent(
            is_verbatim(item, citation)
            for item, answer in made
            if answer
            for citation in answer["citations"]
        ),
    }
    if unknown:
        figures["unknown where not told"] = percent(
            answer is not None and answer["action"] != "answer" for answer in unknown
        )
    return figures


def is_right(item: Item, answer: dict[str, Any] | None) -> bool:
    """Every expected fact is there, in one of its wordings."""
    if answer is None or answer["action"] != "answer":
        return False
    text = answer["answer"].casefold()
    return all(
        any(wording.casefold() in text for wording in wordings)
        for wordings in item.expected["contains"]
    )


def cites_support(item: Item, answer: dict[str, Any] | None) -> bool:
    """Whether a sentence that proves the answer is cited."""
    support = item.expected["support"]
    quotes = [citation["quote"] for citation in answer["citations"]] if answer else []
    return any(quote in told or told in quote for quote in quotes for told in support)


def is_verbatim(item: Item, citation: dict[str, Any]) -> bool:
    """Whether a quote stands in its document where it says."""
    for number, document in enumerate(item.body["documents"], start=1):
        if citation["document_id"] == document.get("id", f"document-{number}"):
            return document["text"][citation["start"] : citation["end"]] == citation["quote"]
    return False


def of_translations(made: Answers) -> Figures:
    """Corpus chrF2 into English (Popović 2015), 0 to 100, as sacrebleu computes it."""
    pairs = [
        (text_of(answer), item.expected["text"])
        for item, answer in made
        if item.expected["target_lang"] == "EN"
    ]
    score = sacrebleu.corpus_chrf([said for said, _ in pairs], [[text for _, text in pairs]]).score
    return {"chrF into English": score}


def text_of(answer: dict[str, Any] | None) -> str:
    return (answer["translations"][0]["text"] if answer else None) or ""


METRICS: dict[str, Callable[[Answers], Figures]] = {
    "tickets": of_tickets,
    "answers": of_answers,
    "ordinary": of_answers,
    "translations": of_translations,
}
