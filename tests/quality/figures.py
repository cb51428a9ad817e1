"""Figures out of outcomes: shares in percent, chrF, calibration."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sacrebleu

from app.evaluation.results import Outcome
from app.features.cases import Case

Made = Sequence[tuple[Case, Outcome]]
Figures = dict[str, float]

_BINS = 5


def percent(hits: Iterable[bool]) -> float:
    seen = list(hits)
    return 100 * sum(seen) / len(seen) if seen else float("nan")


def met(outcome: Outcome, *scores: str) -> bool:
    return all(outcome.scores[score] == 1 for score in scores)


def of_tickets(made: Made) -> Figures:
    """Shares of right fields; sentiment on three levels."""
    critical = [out for case, out in made if case.expects("urgency", "exact") == "critical"]
    fields = ("product", "urgency", "category", "sentiment")
    return {
        "valid": percent(outcome.answer is not None for _, outcome in made),
        **{field: percent(met(outcome, field) for _, outcome in made) for field in fields},
        "critical found": percent(met(outcome, "urgency") for outcome in critical),
        "urgency, calibration error": calibration_error(made, "urgency"),
    }


def calibration_error(made: Made, field: str) -> float:
    """Expected calibration error of a field's confidence, in percent points.

    Guo et al., "On Calibration of Modern Neural Networks", 2017: over bins of confidence, the mean
    distance of confidence and share of right values. NaN where no confidence is told.
    """
    told = [
        (float(outcome.answer["confidence"][field]), met(outcome, field))
        for _, outcome in made
        if (outcome.answer or {}).get("confidence", {}).get(field) is not None and outcome.answer
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


def of_answers(made: Made) -> Figures:
    """Right answers, and "I don't know" where the documents do not tell."""
    known = [out for case, out in made if case.expects("action", "exact") == "answer"]
    unknown = [out for case, out in made if case.expects("action", "exact") != "answer"]
    figures = {
        "right": percent(met(outcome, "action", "answer") for outcome in known),
        "right source": percent(outcome.scores.get("citations") == 1 for outcome in known),
        "not handed to a human": percent(
            outcome.answer is None or outcome.answer["action"] != "handoff" for _, outcome in made
        ),
        "quotes verbatim": percent(
            is_verbatim(outcome.input, citation)
            for _, outcome in made
            if outcome.answer
            for citation in outcome.answer["citations"]
        ),
    }
    if unknown:
        figures["unknown where not told"] = percent(met(outcome, "action") for outcome in unknown)
    return figures


def is_verbatim(asked: dict[str, Any], citation: dict[str, Any]) -> bool:
    """Whether a quote stands in its document where it says."""
    for number, document in enumerate(asked["documents"], start=1):
        if citation["document_id"] == document.get("id", f"document-{number}"):
            return document["text"][citation["start"] : citation["end"]] == citation["quote"]
    return False


def of_translations(made: Made) -> Figures:
    """Corpus chrF2 into English (Popović 2015), 0 to 100, as sacrebleu computes it."""
    pairs = [
        (text_of(outcome.answer), case.expects("translations.0.text", "chrf"))
        for case, outcome in made
        if case.input["target_lang"] == "EN"
    ]
    score = sacrebleu.corpus_chrf([said for said, _ in pairs], [[text for _, text in pairs]]).score
    return {"chrF into English": score}


def text_of(answer: dict[str, Any] | None) -> str:
    return (answer["translations"][0]["text"] if answer else None) or ""


FIGURES: dict[str, Callable[[Made], Figures]] = {
    "tickets": of_tickets,
    "answers": of_answers,
    "ordinary": of_answers,
    "translations": of_translations,
}
