"""Answers of a model that cites by document and quote."""

from pathlib import Path

from app.features.answers.grounding.verdict import judge_cited
from app.features.answers.layout import numbered
from app.features.answers.task import AnswerTask, CitedAnswer
from app.features.feature import Feature
from app.gateway import Turn


class CitedAnswers(Feature[AnswerTask, CitedAnswer]):
    """Answers from numbered passages, with a quote for each claim."""

    name = "answers"
    title = "Product questions answered from documents, with citations"
    folder = Path(__file__).parent
    input_type = AnswerTask
    output_type = CitedAnswer
    max_tokens = 1024
    untrusted = True
    repairs = 1

    def render(self, request: AnswerTask) -> str:
        return numbered(request)

    def history(self, request: AnswerTask) -> tuple[Turn, ...]:
        return tuple(Turn(message.role, (message.content,)) for message in request.history)

    def check(self, request: AnswerTask, output: CitedAnswer) -> str | None:
        """What of the answer no passage carries."""
        return judge_cited(request, output, self.instruction).finding

    def flaws(self, request: AnswerTask, output: CitedAnswer) -> int | None:
        """One flaw or many: what stays flawed is not shown, but its passages are."""
        del request, output
        return 1
