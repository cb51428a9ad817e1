"""What a feature is: an instruction, few-shot examples, an input and an output.

A feature lives in a folder of its own (``docs/adding-a-feature.md`` makes one)::

    instruction.md    the system text
    examples.jsonl    few-shot examples, one {"input": …, "output": …} a line
    cases.jsonl       test cases, one {"id": …, "input": …, "expected": …} a line
    __init__.py       its types, its proofs, its endpoints
"""

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_json

from app.errors import ConfigurationError, GroundworkError, ModelOutputInvalid, first_of
from app.features.proofs import Check, Proof, finding_of, flaws_in
from app.features.wire import Reply
from app.gateway import (
    Chunk,
    Completion,
    ModelGateway,
    OutputSchema,
    Prompt,
    PromptPrefix,
    Shot,
    Turn,
    Untrusted,
    Usage,
    delimited,
    find_json,
    fixed_mark,
)

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out")
Line = TypeVar("Line", bound=BaseModel)

_AGAIN: Final = (
    "An earlier answer to this was not right. It stands between the next two marks, and below it "
    "what is wrong with it."
)
_REPAIR: Final = "Answer again in the same form, without that mistake."


class Example(BaseModel, Generic[In, Out]):
    """A few-shot example: one line of ``examples.jsonl``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: In
    output: Out


class Case(BaseModel, Generic[In]):
    """A test case: one line of ``cases.jsonl``; each feature says what it expects."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    input: In
    expected: dict[str, object]


@dataclass(frozen=True, slots=True)
class Result(Generic[Out]):
    """A feature's output and what it took.

    Attributes:
        completion: the model's own words, and its name.
        usage: tokens of all calls.
        checks: what the proofs found; what is not kept was not put right by a repair.
        repaired: whether the model was asked again.
    """

    output: Out
    completion: Completion
    usage: Usage
    checks: tuple[Check, ...] = ()
    repaired: bool = False


class Feature(Generic[In, Out]):
    """One feature on the base model.

    Five things may be overridden: :meth:`render`, :meth:`task`, :meth:`turns`, :meth:`prefix` and
    :meth:`read`. An input is text of strangers: it is always sent between random marks.
    """

    def __init__(
        self,
        name: str,
        *,
        asks: type[In],
        gives: type[Out],
        proofs: Sequence[Proof[In, Out]] = (),
        max_tokens: int = 512,
        alternatives: int = 0,
    ) -> None:
        """Load the folder.

        Args:
            name: the route, and the name in usage and logs.
            asks: the input; folder and title are those of its module.
            gives: the output: a model, for JSON, or ``str`` or a kind of it, for plain text.
            proofs: what code looks at in an output.
            max_tokens: most tokens of an output.
            alternatives: how many likely tokens to be told at each place (``Completion.tokens``).

        Raises:
            ConfigurationError: a file is missing, or an example or case does not fit the types.
        """
        module = sys.modules[asks.__module__]
        self.name = name
        self.title = (module.__doc__ or name).strip().partition("\n")[0].rstrip(".")
        self.folder = Path(module.__file__ or "").parent
        self.asks, self.gives = asks, gives
        self._proofs = proofs
        self._max_tokens, self._alternatives = max_tokens, alternatives
        self._output = TypeAdapter(gives)
        examples, cases = self.folder / "examples.jsonl", self.folder / "cases.jsonl"
        try:
            self.instruction = (self.folder / "instruction.md").read_text("utf-8").strip()
            self.examples: Sequence[Example[In, Out]] = lines_of(examples, Example[asks, gives])
            self.cases: Sequence[Case[In]] = lines_of(cases, Case[asks])
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"Feature {name}: {error}") from error
        self._prefix = self.make_prefix()

    # What may be overridden ------------------------------------------------------------------

    def render(self, request: In) -> str:
        """The input as the model reads it, in examples and requests alike."""
        fields = [(k, v) for k, v in request if v is not None]
        if len(fields) == 1:
            return str(fields[0][1])
        return "\n".join(f"{name}: {value}" for name, value in fields)

    def task(self, request: In) -> str:
        """What is to be done with the input, in our own words, where the instruction does not say."""
        del request
        return ""

    def turns(self, request: In) -> tuple[Turn, ...]:
        """The conversation that the model is to go on with; the last turn is the user's."""
        text, task = Untrusted(self.render(request)), self.task(request)
        return (Turn("user", (text, task) if task else (text,)),)

    def prefix(self, request: In) -> PromptPrefix:
        """What the prompt begins with; the same value for as many requests as possible."""
        del request
        return self._prefix

    def read(self, request: In, completion: Completion) -> Out:
        """The output in its type.

        Raises:
            ValueError: it does not fit; Pydantic's ``ValidationError`` is one.
        """
        del request
        if issubclass(self.gives, str):
            return self._output.validate_python(completion.text.strip())
        try:
            return self._output.validate_json(completion.text)
        except ValidationError as error:
            if error.errors()[0]["type"] != "json_invalid":
                raise
        return self._output.validate_json(find_json(completion.text))

    # What the frame does ---------------------------------------------------------------------

    def prompt(self, request: In) -> Prompt:
        """The prompt for an input."""
        return Prompt(self.prefix(request), self.turns(request))

    async def run(self, request: In, gateway: ModelGateway) -> Reply[Out]:
        """Ask the model, as :meth:`ask`; the reply to the caller."""
        return self.reply(await self.ask(request, gateway))

    def reply(self, result: Result[Out]) -> Reply[Out]:
        """The wire's form of a result, where the output is the response."""
        output: Any = result.output
        fields = {"text": output} if isinstance(output, str) else dict(output)
        return reply_of(Reply[self.gives], result, **fields)

    async def ask(self, request: In, gateway: ModelGateway) -> Result[Out]:
        """Ask the model, prove its output, and have it put right once what is wrong with it.

        Raises:
            ModelOutputInvalid: the output does not fit its type, nor does the repaired one.
            GroundworkError: what the gateway raises.
        """
        prompt = self.prompt(request)
        return await self.proven(request, prompt, await gateway.complete(prompt), gateway)

    async def stream(
        self, request: In, gateway: ModelGateway
    ) -> AsyncGenerator[Chunk | Result[Out]]:
        """Ask the model and yield what it writes as it comes; the last item is the whole result.

        Raises:
            GroundworkError: as :meth:`ask`; its ``received`` member is the text so far.
        """
        received: list[str] = []
        prompt = self.prompt(request)
        try:
            async with aclosing(gateway.stream(prompt)) as chunks:
                async for chunk in chunks:
                    if chunk.completion:
                        yield await self.proven(request, prompt, chunk.completion, gateway)
                    elif chunk.text:
                        received.append(chunk.text)
                        yield chunk
        except GroundworkError as error:
            if received:
                error.members["received"] = "".join(received)
            raise

    def make_prefix(
        self, *, examples: Sequence[Example[In, Out]] | None = None, schema: str | None = None
    ) -> PromptPrefix:
        """A prefix of this feature; what is not given is the folder's, or follows from the types."""
        if schema is None and not issubclass(self.gives, str):
            schema = to_json(self._output.json_schema()).decode()
        return PromptPrefix(
            feature=self.name,
            instruction=self.instruction,
            shots=tuple(map(self._shot, self.examples if examples is None else examples)),
            schema=OutputSchema(self.name.replace("-", "_"), schema) if schema else None,
            max_tokens=self._max_tokens,
            alternatives=self._alternatives,
        )

    def written(self, example: Example[In, Out]) -> str:
        """An example's output as the model would write it: what its line has of it, no defaults."""
        output = example.output
        if isinstance(output, str):
            return output
        return self._output.dump_json(output, by_alias=True, exclude_unset=True).decode()

    async def proven(
        self, request: In, prompt: Prompt, completion: Completion, gateway: ModelGateway
    ) -> Result[Out]:
        """The result of a completion, as of :meth:`ask`; of two flawed outputs, the better one."""
        first, finding = self._examined(request, completion)
        if first and not finding:
            return first
        gateway.forget(prompt)
        try:
            again = await gateway.complete(_repair(prompt, completion, finding))
        except GroundworkError:
            if first is None:
                raise
            return first
        second, finding = self._examined(request, again)
        best = min(filter(None, (first, second)), key=_flaws, default=None)
        if best is None:
            raise ModelOutputInvalid(f"The model's output is not valid: {finding}")
        return replace(best, usage=completion.usage + again.usage, repaired=True)

    def _examined(self, request: In, completion: Completion) -> tuple[Result[Out] | None, str]:
        """The result, if the output fits its type, and what the model should put right."""
        if not completion.text.strip():
            return None, "It is empty."
        try:
            output = self.read(request, completion)
        except ValidationError as error:
            return None, first_of(error)
        except ValueError as error:
            return None, str(error)
        found = (proof(request, output) for proof in self._proofs)
        checks = tuple(check for check in found if check)
        return Result(output, completion, completion.usage, checks), finding_of(checks)

    def _shot(self, example: Example[In, Out]) -> Shot:
        """An example as a pair of messages, its marks the same in every call."""
        parts = (
            delimited(part.text, fixed_mark(part.text)) if isinstance(part, Untrusted) else part
            for part in self.turns(example.input)[-1].parts
        )
        return Shot("\n".join(parts), self.written(example))


def reply_of(kind: Any, result: Result[Any], **fields: object) -> Any:
    """A reply of a kind (``Reply[…]``) with the model, usage and checks of a result."""
    said = result.completion
    return kind(
        **fields,
        model=said.model,
        adapter=said.adapter,
        usage=result.usage,
        checks=result.checks,
    )


def lines_of(path: Path, kind: type[Line]) -> list[Line]:
    """The lines of a JSON Lines file.

    Raises:
        OSError: it cannot be read.
        ValueError: a line is not of the kind; it is named.
    """
    lines: list[Line] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            lines.append(kind.model_validate_json(line))
        except ValidationError as error:
            raise ValueError(f"{path.name}:{number}: {first_of(error)}") from error
    return lines


def _repair(prompt: Prompt, flawed: Completion, finding: str) -> Prompt:
    """The same request once more, with the flawed output and what is wrong with it between marks.

    In the request's own turn: a small model takes a turn of its own for a new request.
    """
    *before, asked = prompt.turns
    wrong = Untrusted(f"{flawed.text.strip()}\n\n{finding}")
    parts = (*asked.parts, _AGAIN, wrong, _REPAIR)
    return Prompt(prompt.prefix, (*before, Turn(asked.role, parts)))


def _flaws(result: Result[Any]) -> int:
    flaws = flaws_in(result.checks)
    return sum(1 + len(check.missing) + len(check.unexpected) for check in flaws)
