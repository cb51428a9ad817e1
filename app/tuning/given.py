"""Training examples out of answers that were given, and of what people said of them."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue, ValidationError

from app.features.answers.task import AnswerTask
from app.records import Feedback, GivenAnswer


def example_of(said: Feedback) -> dict[str, JsonValue] | None:
    """One line of training data: what was asked, and the answer as the model would write it.

    An answer that was found bad has the comment beside it; no training takes such a line, until
    somebody has put the answer right and taken the comment out.

    Returns:
        None for a good answer whose sources are not among the sentences that would be trained on.
    """
    asked = _asked(said.answer)
    try:
        header = _header(said.answer, AnswerTask.model_validate(asked))
    except (ValidationError, LookupError):
        if said.rating == "up":
            return None
        header = ""
    example: dict[str, JsonValue] = {
        "input": asked,
        "output": f"{header} {said.answer.answer}".strip(),
    }
    return example if said.rating == "up" else example | {"comment": said.comment}


def _asked(given: GivenAnswer) -> dict[str, JsonValue]:
    documents: list[JsonValue] = [*filter(None, map(_document, given.passages))]
    history: list[JsonValue] = [dict(message) for message in given.history]
    return {"question": given.question, "documents": documents, "history": history}


def _document(passage: Mapping[str, Any]) -> dict[str, JsonValue] | None:
    """A passage as a document of its own, with its headings in the title: so the model read it.

    None if it is nothing but headings.
    """
    headings, text = (passage.get("heading") or "").split(" > "), str(passage["text"])
    for heading in headings:
        text = text.removeprefix(heading).lstrip()
    title = " > ".join(filter(None, dict.fromkeys((passage["title"], *headings))))
    return {"id": passage["document_id"], "title": title or None, "text": text} if text else None


def _header(given: GivenAnswer, task: AnswerTask) -> str:
    """The brackets of an answer; ``LookupError`` if it cites nothing, or no such sentence."""
    if given.action != "answer":
        return f"[{given.action}]"
    numbers = {
        (sentence.source.id, sentence.text): number
        for number, sentence in reversed([*enumerate(task.sentences, start=1)])
    }
    cited = [numbers[str(each["document_id"]), str(each["quote"])] for each in given.citations]
    if not cited:
        raise LookupError
    return "".join(f"[{number}]" for number in cited)
