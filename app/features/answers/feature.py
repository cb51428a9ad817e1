"""Product questions, answered from documents."""

from pathlib import Path

from app.features.answers.grounding import is_supported
from app.features.answers.passages import lay_out
from app.features.answers.schemas import Answer, AnswerRequest
from app.features.feature import Feature, Result
from app.features.wire import TokenUsage
from app.gateway import ModelGateway, Turn

DONT_KNOW = "I don't know."


class Answers(Feature[AnswerRequest, str]):
    """Answers a question politely, briefly, and only from the documents."""

    name = "answers"
    title = "Product questions answered from documents"
    folder = Path(__file__).parent
    input_type = AnswerRequest
    output_type = str
    max_tokens = 256

    def body_of(self, text: str) -> dict[str, object]:
        return {"question": text}

    def render(self, request: AnswerRequest) -> str:
        return lay_out(request.question, request.documents)

    def history(self, request: AnswerRequest) -> tuple[Turn, ...]:
        return tuple(Turn(message.role, message.content) for message in request.history)

    def settle(self, request: AnswerRequest, output: str, gateway: ModelGateway) -> str:
        answer = output.partition("\nQuestion:")[0].strip()
        if gateway.traits.small and not self._is_supported(request, answer):
            return DONT_KNOW
        return answer

    def _is_supported(self, request: AnswerRequest, answer: str) -> bool:
        texts = [f"{document.title or ''}. {document.text}" for document in request.documents]
        return is_supported(request.question, texts, answer)


def as_answer(result: Result[str]) -> Answer:
    """The wire's form of a result."""
    folded = result.output.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return Answer.model_construct(
        answer=result.output,
        is_uncertain=folded.startswith("i don't know"),
        model=result.model,
        usage=TokenUsage.of(result.usage),
    )
