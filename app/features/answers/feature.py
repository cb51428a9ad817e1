"""Product questions, answered from documents by a model that only copies what it is given."""

from dataclasses import replace
from pathlib import Path

from app.features.answers.grounding.verdict import judge_text
from app.features.answers.layout import lay_out
from app.features.answers.task import AnswerTask
from app.features.feature import Feature
from app.gateway import Completion, Prompt, Turn


class Answers(Feature[AnswerTask, str]):
    """Answers a question politely, briefly, and only from the documents."""

    name = "answers"
    title = "Product questions answered from documents"
    folder = Path(__file__).parent
    input_type = AnswerTask
    output_type = str
    max_tokens = 256
    repairs = 1
    stop = ("\n",)  # a small model goes on with a question of its own

    def body_of(self, text: str) -> dict[str, object]:
        return {"question": text}

    def render(self, request: AnswerTask) -> str:
        return lay_out(request)

    def check(self, request: AnswerTask, output: str) -> str | None:
        """What of the answer no passage carries."""
        return judge_text(request, output, self.instruction).finding

    def flaws(self, request: AnswerTask, output: str) -> int | None:
        """One flaw or many: what stays flawed is not shown, but its passages are."""
        del request, output
        return 1

    def repair(
        self, request: AnswerTask, prompt: Prompt, flawed: Completion, finding: str
    ) -> Prompt:
        """Once more with the nearest sentence alone: a small model mixes up what it reads."""
        del flawed, finding
        return replace(prompt, turns=(Turn("user", (lay_out(request, most=1),)),))
