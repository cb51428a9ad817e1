"""Where the model finds it likely that no sentence tells, it is asked to say so."""

import re
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest

from app.features.answers.answering import events, reply
from app.features.answers.schemas import AnswerRequest
from app.gateway import Chunk, Completion, Prompt, StopReason, Token, Untrusted, Usage
from app.gateway.traits import ModelTraits
from app.knowledge.library import Library
from app.web.deps import State
from tests.features.answers.model import BODY, QUESTION

SURE, UNSURE = ("[1", 0.2), ("[1", 0.4)
SAID = ("[1] It lasts three years.", 0.0)
UNKNOWN = ("[unknown] I don't know how long.", 0.99)


class Telling:
    """A gateway to a model that tells how likely "unknown" was in the place of its first number."""

    def __init__(
        self, *says: tuple[str, float], above: float | None = 0.3, reads: int = 8_000
    ) -> None:
        self.traits = ModelTraits(unknown_above=above, reads=reads)
        self.says = list(says)
        self.prompts: list[Prompt] = []

    async def complete(self, prompt: Prompt) -> Completion:
        self.prompts.append(prompt)
        text, unknown = self.says.pop(0)
        pieces = cast("list[str]", re.findall(r"\[|\]|\s*[^\s\[\]]+", text))
        tokens = [Token(piece, 1.0, ((piece, 1.0),)) for piece in pieces]
        likely = ((pieces[1], 1 - unknown), ("unknown", unknown))
        tokens[1] = Token(pieces[1], 1 - unknown, likely)
        return Completion(text, StopReason.END, "m", Usage(10, 2), tuple(tokens))

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk]:
        completion = await self.complete(prompt)
        for token in completion.tokens:
            yield Chunk(token.text, tokens=(token,))
        yield Chunk("", completion)

    def forget(self, prompt: Prompt) -> None:
        del prompt

    @property
    def read(self) -> list[str]:
        parts = (prompt.turns[-1].parts[0] for prompt in self.prompts)
        return [part.text for part in parts if isinstance(part, Untrusted)]


def asked(model: Telling, **body: Any) -> tuple[AnswerRequest, State]:
    state = {"gateway": model, "library": Library(), "store": None}
    return AnswerRequest.model_validate(BODY | body), cast("State", state)


async def test_above_the_threshold_the_model_says_that_it_does_not_know() -> None:
    model = Telling(UNSURE, UNKNOWN)
    made = await reply(*asked(model))
    assert (made.action, made.answer) == ("unknown", "I don't know how long.")
    assert (made.grounded, made.citations) == (False, [])
    assert model.read[1] == f"Question: {QUESTION}"
    assert "[1] " in model.read[0]
    assert len(made.passages) == 2, "what the model read at first"
    assert made.usage.output_tokens == 4, "both calls count"
    assert all(check.kept for check in made.checks)


async def test_a_stream_shows_nothing_of_the_question_before_the_answer() -> None:
    model = Telling(UNSURE, UNKNOWN)
    found = [event async for event in events(*asked(model))]
    assert [event.type for event in found] == ["started", *["delta"] * 5, "completed"]
    assert "".join(event.text for event in found[1:-1]) == "I don't know how long."
    assert found[-1].result.action == "unknown"
    assert len(found[0].passages) == 2


@pytest.mark.parametrize(("says", "above"), [(SURE, 0.3), (UNSURE, 0.5)])
@pytest.mark.parametrize("streamed", [False, True])
async def test_below_it_the_answer_rests_on_what_was_read(
    says: tuple[str, float], above: float, streamed: bool
) -> None:
    model = Telling(says, SAID, above=above)
    if streamed:
        made = [event async for event in events(*asked(model))][-1].result
    else:
        made = await reply(*asked(model))
    assert (made.answer, made.action) == ("It lasts three years.", "answer")
    assert model.read[0] == model.read[1], "so that it need not be read again"


async def test_without_a_threshold_nothing_is_asked_before() -> None:
    model = Telling(SAID, above=None)
    assert (await reply(*asked(model))).answer == "It lasts three years."
    (prompt,) = model.prompts
    assert prompt.prefix.alternatives == 0


async def test_the_question_before_ends_at_the_brackets_and_has_the_same_examples() -> None:
    model = Telling(SURE, SAID)
    await reply(*asked(model))
    doubting, telling = (prompt.prefix for prompt in model.prompts)
    assert (doubting.stop, telling.stop) == (("]",), ())
    assert doubting.alternatives > 1
    assert doubting.shots == telling.shots
    assert not any("unknown" in shot.assistant for shot in telling.shots)
    assert "[unknown]" in str(model.prompts[0].turns[-1].parts[1])


async def test_who_reads_nothing_is_shown_how_to_say_so() -> None:
    model = Telling(UNSURE, UNKNOWN)
    await reply(*asked(model))
    shots = model.prompts[1].prefix.shots
    assert shots
    assert all(shot.assistant.startswith("[unknown]") for shot in shots)
    assert not any("[1]" in shot.user for shot in shots)


async def test_an_answer_from_nothing_is_none() -> None:
    model = Telling(UNSURE, ("[1] It lasts ten years.", 0.9), ("[1] Ten years.", 0.9))
    made = await reply(*asked(model))
    assert (made.action, made.grounded, made.citations) == ("unknown", False, [])
    assert not made.checks[0].kept


async def test_at_least_one_passage_is_shown_and_history_no_longer_than_that() -> None:
    history = [{"role": "user", "content": "a" * size} for size in (20, 20, 3)]
    model = Telling(SAID, SURE, SAID, reads=25)
    made = await reply(*asked(model, history=history))
    assert made.truncated
    assert len(made.passages) == 1
    turns = model.prompts[-1].turns
    assert [len(turn.parts[0].text) for turn in turns[:-1]] == [20, 3]  # type: ignore[union-attr]
