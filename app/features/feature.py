"""What a feature is: an instruction, few-shot examples, an input and an output.

A feature lives in a folder of its own (``docs/adding-a-feature.md`` makes one)::

    instruction.md    the system text
    examples.jsonl    few-shot examples, one {"input": …, "output": …} a line
    cases.jsonl       test cases (``cases``)
    feature.toml      its types and proofs (``folder``); or, with endpoints of its own, __init__.py
"""

import json
import sys
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_json

from app.errors import ConfigurationError, GroundworkError, ModelOutputInvalid, first_of
from app.features.cases import Case, known_metrics, read_cases
from app.features.files import instruction_of, lines_of
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
from app.gateway.call import current_call

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out")

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


@dataclass(frozen=True, slots=True)
class Texts(Generic[In, Out]):
    """What a folder has beside its types: what the model is told, and the file of its cases."""

    instruction: str
    examples: Sequence[Example[In, Out]]
    cases: Path


@dataclass(frozen=True, slots=True)
class Result(Generic[Out]):
    """A feature's output and what it took.

    Attributes:
        completion: the model's own words, and its name.
        usage: tokens of all calls.
        checks: what the proofs found; what is not kept was not put right by a repair.
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
        takes: type[BaseModel] | None = None,
        folder: Path | None = None,
        title: str | None = None,
        metrics: Mapping[str, str] = MappingProxyType({}),
        margin: float = 0.05,
        trusted: Collection[str] = (),
    ) -> None:
        """Load the folder; raise ``ConfigurationError`` where a file is missing or a line is wrong.

        Args:
            name: the route, and the name in usage and logs.
            asks: the input.
            gives: the output: a model, for JSON, or ``str`` or a kind of it, for plain text.
            proofs: what code looks at in an output.
            max_tokens: most tokens of an output.
            alternatives: how many likely tokens to be told at each place (``Completion.tokens``).
            takes: the body of its endpoint, where that is not ``asks``.
            folder: where its files are; that of the input's module unless given.
            title: what it does, in a line; the first of that module's docstring unless given.
            metrics: by which metric a bare value of a case is compared, by its path; else exactly.
            margin: by how much the cases' mean score may be lower without being worse, 0 to 1.
            trusted: fields of the input that the caller's own program chooses; part of the task.
        """
        module = sys.modules[asks.__module__]
        self.name = name
        self.title = title or (module.__doc__ or name).strip().partition("\n")[0].rstrip(".")
        self.folder = folder or Path(module.__file__ or "").parent
        self.asks, self.gives = asks, gives
        self._proofs, self._trusted = proofs, trusted
        self._max_tokens, self._alternatives = max_tokens, alternatives
        self._output = TypeAdapter(gives)
        self.takes, self.margin = takes or asks, margin
        try:
            self.metrics = known_metrics(metrics)
        except ValueError as error:
            raise ConfigurationError(f"Feature {name}: {error}") from error
        self.own = self.texts_in(self.folder)
        self.use(self.own)

    def texts_in(self, folder: Path) -> Texts[In, Out]:
        """What a folder says in this feature's types; a file that it lacks is the feature's own.

        A wrong file or line is a ``ConfigurationError`` that names it.
        """
        names = ("instruction.md", "examples.jsonl", "cases.jsonl")
        instruction, examples, cases = (
            folder / name if (folder / name).exists() else self.folder / name for name in names
        )
        kind = Example[self.asks, self.gives]
        try:
            return Texts(instruction_of(instruction), lines_of(examples, kind), cases)
        except ValueError as error:
            raise ConfigurationError(f"Feature {self.name}: {error}") from error

    def use(self, texts: Texts[In, Out]) -> None:
        """Ask with these texts from now on; what a subclass makes of them, it makes here."""
        self.texts = texts
        self.instruction, self.examples = texts.instruction, texts.examples
        self._prefix = self.make_prefix()

    @property
    def cases(self) -> Sequence[Case]:
        return self.cases_in(self.texts)

    def cases_in(self, texts: Texts[In, Out]) -> Sequence[Case]:
        """The cases that go with some texts; read each time, as the service needs none.

        A wrong one is a ``ConfigurationError`` that names file and line.
        """
        try:
            return read_cases(texts.cases, self.takes, self.metrics)
        except ValueError as error:
            raise ConfigurationError(f"Feature {self.name}: {error}") from error

    @cached_property
    def replies(self) -> Any:
        """The model of a reply, where the output is the response."""
        return Reply[self.gives]

    # What may be overridden ------------------------------------------------------------------

    def render(self, request: In) -> str:
        """The input as the model reads it, in examples and requests alike."""
        fields = [(k, v) for k, v in request if v is not None and k not in self._trusted]
        return _written(fields[0][1]) if len(fields) == 1 else _lines(fields)

    def task(self, request: In) -> str:
        """What is to be done with the input, where the instruction does not say."""
        return _lines((k, v) for k, v in request if v is not None and k in self._trusted)

    def turns(self, request: In) -> tuple[Turn, ...]:
        """The conversation that the model is to go on with; the last turn is the user's."""
        text, task = Untrusted(self.render(request)), self.task(request)
        return (Turn("user", (text, task) if task else (text,)),)

    def prefix(self, request: In) -> PromptPrefix:
        """What the prompt begins with; the same value for as many requests as possible."""
        return self._prefix

    def read(self, request: In, completion: Completion) -> Out:
        """The output in its type; raises ``ValueError`` if it does not fit."""
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
        return Prompt(self.prefix(request), self.turns(request))

    async def run(self, request: In, gateway: ModelGateway) -> Reply[Out]:
        """Ask the model, as :meth:`ask`; the reply to the caller."""
        return self.reply(await self.ask(request, gateway))

    def reply(self, result: Result[Out]) -> Reply[Out]:
        """The wire's form of a result, where the output is the response."""
        output: Any = result.output
        fields = {"text": output} if isinstance(output, str) else dict(output)
        return reply_of(self.replies, result, **fields)

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

        Raises as :meth:`ask`; the error's ``received`` member is the text so far.
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
        current_call().repairs += 1
        try:
            again = await gateway.complete(_repair(prompt, completion, finding))
        except GroundworkError:
            if first is None:
                raise
            return first
        second, finding = self._examined(request, again)
        best = min(filter(None, (first, second)), key=_flaws, default=None)
        if best is None:
            raise ModelOutputInvalid(
                "The model's output is not valid.", members={"finding": finding}
            )
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


def _lines(fields: Iterable[tuple[str, Any]]) -> str:
    return "\n".join(
        f"{name}:\n{_written(value)}" if isinstance(value, list) else f"{name}: {_written(value)}"
        for name, value in fields
    )


def _written(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(f"- {item}" for item in cast("list[str]", value))
    return json.dumps(value) if isinstance(value, bool | float) else str(value)


def reply_of(kind: Any, result: Result[Any], **fields: object) -> Any:
    """A reply of a kind (``Reply[…]``) with the model, usage and checks of a result."""
    said = result.completion
    return kind(
        **fields, model=said.model, adapter=said.adapter, usage=result.usage, checks=result.checks
    )


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
