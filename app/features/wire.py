"""What the features' wire models have in common."""

from difflib import get_close_matches
from typing import Annotated, Any, Final, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationInfo,
)

from app.errors import TextEmpty, field_error
from app.gateway import Usage


class RequestModel(BaseModel):
    """Base of request bodies: unknown fields are refused, values are not guessed at."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def example(**fields: JsonValue) -> ConfigDict:
    """Configuration of a request model: a body for the documentation, which works when pasted."""
    return examples(fields)


def examples(*bodies: dict[str, JsonValue]) -> ConfigDict:
    """Likewise with several bodies; the playground fills its form with them."""
    return ConfigDict(json_schema_extra={"examples": list(bodies)})


class ResponseModel(BaseModel):
    """Base of response bodies: every field is always there."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class TokenUsage(ResponseModel):
    """Tokens that the model spent on the request, over all calls."""

    input_tokens: int = Field(description="Tokens of the prompts.")
    output_tokens: int = Field(description="Tokens of the completions.")
    cached_input_tokens: int = Field(
        description="Those of `input_tokens` that came from a prompt cache."
    )

    @classmethod
    def of(cls, usage: Usage) -> "TokenUsage":
        """The wire's form of a usage."""
        return cls.model_construct(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_input_tokens=usage.cached_input_tokens,
        )


class ModelInfo(ResponseModel):
    """Which model answered and what it took."""

    model: str = Field(description="The base model, as its server names it.")
    usage: TokenUsage


def _not_blank(text: str) -> str:
    if not text.strip():
        raise field_error(TextEmpty, "Must not be blank.")
    return text


_NOT_BLANK: Final = Field(json_schema_extra={"pattern": r"\S"})
# The length comes first: after a function, Pydantic would take it for that of a list.
Line = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_not_blank), _NOT_BLANK]
Passage = Annotated[
    str, StringConstraints(max_length=100_000), AfterValidator(_not_blank), _NOT_BLANK
]


FROM_MODEL: Final = {"from_model": True}  # validation context of what a model wrote


def nearest(choices: Any, otherwise: str | None = None) -> BeforeValidator:
    """Read a model's own wording as the one of the ``Literal`` that it is nearest to.

    Only what is validated with ``FROM_MODEL`` is read so; a few-shot example must be exact.

    Args:
        choices: the ``Literal``.
        otherwise: what wording that is near to none stands for; None to refuse it.
    """
    values: tuple[str, ...] = get_args(choices)

    def read(said: object, info: ValidationInfo) -> object:
        if info.context != FROM_MODEL or not isinstance(said, str) or said in values:
            return said
        return next(iter(get_close_matches(said, values, n=1)), otherwise or said)

    return BeforeValidator(read)
