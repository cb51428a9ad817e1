"""What the features' wire models have in common: requests, outputs, and a reply around an output."""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    create_model,
    model_validator,
)

from app.errors import RequestError, TextEmpty, TooManyItems, field_error

Out = TypeVar("Out")


def few(most: int, kind: type[RequestError] = TooManyItems) -> BeforeValidator:
    """A bound on the members of an object or tuple before any is looked at.

    Each wrong one is an error to tell: two megabytes of them, 200,000 errors, take two seconds. Of
    a list, Pydantic does the same by itself.
    """

    def check(value: Any) -> Any:
        if isinstance(value, dict | list) and len(value) > most:  # pyright: ignore[reportUnknownArgumentType]
            raise field_error(kind, f"May have at most {most} members.")
        return value  # pyright: ignore[reportUnknownVariableType]

    return BeforeValidator(check)


_MOST_MEMBERS: Final = 100


class Request(BaseModel):
    """Base of request bodies: unknown fields are refused, values are not guessed at."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    _few_members = model_validator(mode="before")(few(_MOST_MEMBERS).func)


def examples(*bodies: dict[str, JsonValue]) -> ConfigDict:
    """Configuration of a request: bodies for the documentation, which work when pasted.

    The playground fills its form with them.
    """
    return ConfigDict(json_schema_extra={"examples": list(bodies)})


class Output(BaseModel):
    """Base of what a model writes and of response bodies: every field is always there."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


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


def passage(most: int) -> Any:
    """The kind of a text that is not blank and has at most so many characters."""
    length = StringConstraints(max_length=most)
    return Annotated[str, length, AfterValidator(_not_blank), _NOT_BLANK]


class TokenUsage(Output):
    """Tokens that the model spent on the request, over all calls."""

    model_config = ConfigDict(from_attributes=True)  # out of the gateway's Usage

    input_tokens: int = Field(description="Tokens of the prompts.")
    output_tokens: int = Field(description="Tokens of the completions.")
    cached_input_tokens: int = Field(
        description="Those of `input_tokens` that came from a prompt cache."
    )


class CheckResult(Output):
    """Something exact that code looked at, and what it found."""

    model_config = ConfigDict(from_attributes=True)  # out of a Check

    check: str = Field(
        validation_alias=AliasChoices("name", "check"), description="What was looked at."
    )
    kept: bool = Field(description="Whether it is as it has to be.")
    missing: list[str] = Field(description="What is lacking.")
    unexpected: list[str] = Field(description="What should not be there.")


class ModelInfo(Output):
    """Which model answered and what it took."""

    model: str = Field(description="The base model, as its server names it.")
    adapter: str | None = Field(
        description="What the model was fine-tuned with for this feature; null if it was not."
    )
    usage: TokenUsage


class Text(Output):
    """Plain text that a model wrote."""

    text: str = Field(description="The text.")


class Reply(ModelInfo, Generic[Out]):
    """``Reply[Title]``: the fields of ``Title``, and ``model``, ``usage`` and ``checks``.

    In OpenAPI its name is the output's. The reply to plain text has a field ``text``.
    """

    checks: list[CheckResult] = Field(
        description="What code looked at; `kept: false` needs an eye."
    )

    if not TYPE_CHECKING:

        def __class_getitem__(cls, output: Any) -> Any:
            if isinstance(output, TypeVar):
                return cls
            return _reply_to(Text if output is str else output)


@cache
def _reply_to(output: type[BaseModel]) -> type[BaseModel]:
    return create_model(
        output.__name__,
        __base__=(Reply, output),
        __module__=output.__module__,
        __doc__=output.__doc__,
    )


class Delta(Output):
    """A piece of a streamed output, not yet checked."""

    type: Literal["delta"]
    text: str = Field(description="Text to append.")


class Completed(Output, Generic[Out]):
    """``Completed[Reply]``: the end of a stream that went well, with the whole reply."""

    type: Literal["completed"]
    result: Any

    if not TYPE_CHECKING:

        def __class_getitem__(cls, reply: Any) -> Any:
            return _completed_with(reply)


@cache
def _completed_with(reply: type[BaseModel]) -> type[BaseModel]:
    about = "The whole result; it counts where it differs from the pieces."
    return create_model(
        f"{reply.__name__}Completed",
        __base__=Output,
        __doc__="The end of a stream that went well.",
        type=(Literal["completed"], ...),
        result=(reply, Field(description=about)),
    )
