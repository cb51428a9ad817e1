"""What a feature is: an instruction, few-shot examples, an input and an output.

A feature lives in a folder of its own (``docs/adding-a-feature.md`` makes one)::

    instruction.md    the system text
    examples.jsonl    few-shot examples, one {"input": …, "output": …} a line
    cases.jsonl       test cases, one {"id": …, "input": …, "expected": …} a line
    schemas.py        the models of the wire
    feature.py        the subclass of Feature, unless another name says more
    router.py         the endpoints
    __init__.py       the feature and its routers, for the list in app.features
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_json

from app.errors import ConfigurationError, GroundworkError, ModelOutputInvalid
from app.features.wire import FROM_MODEL
from app.gateway import (
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
    """A feature's output with the model that made it and the tokens of all its calls.

    Attributes:
        output: the output.
        model: the base model, as its server names it.
        usage: of all calls.
        repairs: how often the output was given back to be put right.
    """

    output: Out
    model: str
    usage: Usage
    repairs: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of text of a streamed output."""

    text: str


class Feature(ABC, Generic[In, Out]):
    """One feature on the base model. Subclass it, name its parts, say how to render an input.

    Class attributes:
        name: the route and the name in usage and logs.
        title: what it does, in a few words.
        folder: where its files are.
        input_type, output_type: the model's task; ``output_type`` is ``str`` for plain text.
        max_tokens: most tokens of an output.
        version: to be raised when a change of code makes stored outputs wrong.
        cacheable: whether the same input may be given a stored output.
        timeout, first_token_timeout: seconds for a request, and to a stream's first token;
            None for the operator's limits, which are never exceeded.
        repairs: how often a flawed output is given back to the model to be put right.
        untrusted: whether an input is text of strangers, to be sent between random marks.
        stop: stop sequences, for plain text.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    folder: ClassVar[Path]
    input_type: type[In]
    output_type: type[Out]
    max_tokens: ClassVar[int] = 512
    version: ClassVar[str] = "1"
    cacheable: ClassVar[bool] = True
    timeout: ClassVar[float | None] = None
    first_token_timeout: ClassVar[float | None] = None
    repairs: ClassVar[int] = 2
    untrusted: ClassVar[bool] = False
    stop: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        """Load the folder.

        Raises:
            ConfigurationError: a file is missing, or an example or case does not fit the schemas.
        """
        self.instruction = self._read("instruction.md").strip()
        example_type = Example[self.input_type, self.output_type]
        self.examples: Sequence[Example[In, Out]] = self._read_lines("examples.jsonl", example_type)
        self.cases: Sequence[Case[In]] = self._read_lines("cases.jsonl", Case[self.input_type])
        self._output = TypeAdapter(self.output_type)
        self._prefix = self._make_prefix(self.instruction, self.examples)

    @abstractmethod
    def render(self, request: In) -> str:
        """The user's turn for an input, in examples and requests alike."""

    def task(self, request: In) -> str:
        """What is to be done with an input whose text is untrusted, in the feature's own words."""
        del request
        return ""

    def history(self, request: In) -> tuple[Turn, ...]:
        """Earlier turns of the conversation, if the feature has conversations."""
        del request
        return ()

    def prefix(self, request: In) -> PromptPrefix:
        """What the prompt for this input begins with; the same value for as many as possible."""
        del request
        return self._prefix

    def check(self, request: In, output: Out) -> str | None:
        """What is wrong with an output, in words for the model; None when nothing is."""
        del request, output
        return None

    def flaws(self, request: In, output: Out) -> int | None:
        """How flawed an output is that failed the check, if it is worth having all the same."""
        del request, output
        return None

    def settle(self, request: In, output: Out, gateway: ModelGateway) -> Out:
        """The final form of an output, after what code can put right by itself."""
        del request, gateway
        return output

    def body_of(self, text: str) -> dict[str, object]:
        """The request body for a text alone, as it comes from a terminal or a pipe."""
        return {"text": text}

    def prompt(self, request: In) -> Prompt:
        """The prompt for an input."""
        text = self.render(request)
        asked = Turn("user", (text,))
        if self.untrusted:
            asked = Turn("user", (Untrusted(text), *filter(None, (self.task(request),))))
        return Prompt(self.prefix(request), (*self.history(request), asked))

    def repair(self, request: In, prompt: Prompt, flawed: Completion, finding: str) -> Prompt:
        """The same request once more, with the flawed output and what is wrong with it.

        In the request's own turn: a small model takes a turn of its own for a new request, and
        made tickets about the words of the complaint.
        """
        del request
        asked = prompt.turns[-1]
        note = f"(Not valid: {flawed.text.strip()}\n{finding})"
        more = replace(asked, parts=(*asked.parts, note))
        return replace(prompt, turns=(*prompt.turns[:-1], more))

    async def run(self, request: In, gateway: ModelGateway) -> Result[Out]:
        """Ask the model, check its output, and let it repair a flawed one.

        Raises:
            ModelOutputInvalid: the repaired outputs were flawed as well.
            GroundworkError: what the gateway raises.
        """
        prompt = self.prompt(request)
        return await self._checked(request, prompt, await gateway.complete(prompt), gateway)

    async def stream(
        self, request: In, gateway: ModelGateway
    ) -> AsyncGenerator[Delta | Result[Out]]:
        """Ask the model and yield its text as it comes; the last item is the whole result.

        The result's output counts: it may have been repaired, or settled by code.

        Raises:
            ModelOutputInvalid: the repaired outputs were flawed as well.
            GroundworkError: what the gateway raises; its ``received`` member is the text so far.
        """
        received: list[str] = []
        prompt = self.prompt(request)
        try:
            async with aclosing(gateway.stream(prompt)) as chunks:
                async for chunk in chunks:
                    if text := chunk.text if received else chunk.text.lstrip():
                        received.append(text)
                        yield Delta(text)
                    if chunk.completion:
                        yield await self._checked(request, prompt, chunk.completion, gateway)
        except GroundworkError as error:
            if received:
                error.members["received"] = "".join(received)
            raise

    async def _checked(
        self, request: In, prompt: Prompt, completion: Completion, gateway: ModelGateway
    ) -> Result[Out]:
        """The result of a completion, which is given back to the model while it is flawed.

        Of outputs that stay flawed, the least flawed one is taken, if any is worth having.
        """
        asked, usage, repairs = prompt, completion.usage, 0
        worth_having: list[tuple[int, Out]] = []
        while True:
            output, finding = self._examine(request, completion)
            if output is not None and not finding:
                settled = self.settle(request, output, gateway)
                return Result(settled, completion.model, usage, repairs)
            gateway.forget(asked)
            if output is not None and (flaws := self.flaws(request, output)) is not None:
                worth_having.append((flaws, output))
            if repairs == self.repairs:
                break
            repairs += 1
            asked = self.repair(request, prompt, completion, finding or "")
            try:
                completion = await gateway.complete(asked)
            except GroundworkError:
                if not worth_having:
                    raise
                break
            usage += completion.usage
        if not worth_having:
            raise ModelOutputInvalid(f"The model's output is not valid: {finding}")
        _, best = min(worth_having, key=itemgetter(0))
        return Result(self.settle(request, best, gateway), completion.model, usage, repairs)

    def _examine(self, request: In, completion: Completion) -> tuple[Out | None, str | None]:
        """The output in its type, and what is wrong with it."""
        text = completion.text.strip()
        try:
            output = self._read_output(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            return None, f"{where}: {first['msg']}" if where else first["msg"]
        if not text:
            return None, "It is empty."
        return output, self.check(request, output)

    def _read_output(self, text: str) -> Out:
        if self.output_type is str:
            return self._output.validate_python(text)
        try:
            return self._output.validate_json(text, context=FROM_MODEL)
        except ValidationError as error:
            if error.errors(include_url=False, include_input=False)[0]["type"] != "json_invalid":
                raise
        return self._output.validate_json(find_json(text), context=FROM_MODEL)

    def _make_prefix(
        self,
        instruction: str,
        examples: Sequence[Example[In, Out]],
        schema: OutputSchema | None = None,
        max_tokens: int | None = None,
        stop: tuple[str, ...] = (),
    ) -> PromptPrefix:
        return PromptPrefix(
            feature=self.name,
            instruction=instruction,
            shots=tuple(self._shot(example) for example in examples),
            schema=schema or self._schema(),
            max_tokens=max_tokens or self.max_tokens,
            stop=stop or self.stop,
            version=self.version,
            cacheable=self.cacheable,
            timeout=self.timeout,
            first_token_timeout=self.first_token_timeout,
        )

    def _shot(self, example: Example[In, Out]) -> Shot:
        text = self.render(example.input)
        if self.untrusted:
            marked = delimited(text, fixed_mark(text))
            text = "\n".join(filter(None, (marked, self.task(example.input))))
        return Shot(text, _text(example.output))

    def _schema(self) -> OutputSchema | None:
        if self.output_type is str:
            return None
        schema = TypeAdapter(self.output_type).json_schema(mode="validation")
        return OutputSchema(self.name.replace("-", "_"), to_json(schema).decode())

    def _read(self, file: str) -> str:
        try:
            return (self.folder / file).read_text("utf-8")
        except OSError as error:
            msg = f"Feature {self.name}: {file} cannot be read."
            raise ConfigurationError(msg) from error

    def _read_lines(self, file: str, line_type: type[Line]) -> tuple[Line, ...]:
        adapter = TypeAdapter(line_type)
        lines: list[Line] = []
        for number, line in enumerate(self._read(file).splitlines(), start=1):
            try:
                lines.append(adapter.validate_json(line))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                msg = f"Feature {self.name}: {file}:{number}: {where}: {first['msg']}"
                raise ConfigurationError(msg) from error
        return tuple(lines)


def _text(output: object) -> str:
    return output if isinstance(output, str) else to_json(output).decode()
