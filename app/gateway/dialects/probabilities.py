"""Token probabilities as OpenAI, vLLM and llama.cpp tell them: ``logprobs`` of a choice."""

from codecs import getincrementaldecoder
from math import exp
from typing import Annotated, Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from app.gateway.prompt import Token

_DECODER: Final = getincrementaldecoder("utf-8")

_Byte = Annotated[int, Field(ge=0, le=255)]


class _Likely(TypedDict):
    token: str
    logprob: float | None


class _Chosen(_Likely):
    bytes: NotRequired[list[_Byte] | None]
    top_logprobs: NotRequired[list[_Likely] | None]


class LogProbs(TypedDict):
    """What is told of a whole answer's tokens, or of a piece's."""

    content: NotRequired[list[_Chosen] | None]


class TokenReader:
    """Reads the tokens of one answer.

    A character may be spread over several tokens, none of which is text by itself. It belongs to
    the last of them and those before are empty, so that all texts together are the answer's.

    Attributes:
        tokens: all that were read, as they were told.
    """

    __slots__ = ("_decoder", "tokens")

    def __init__(self) -> None:
        self._decoder = _DECODER("replace")
        self.tokens: list[Token] = []

    def read(self, told: LogProbs | None) -> tuple[Token, ...]:
        """The tokens that are told next; none if the upstream tells none."""
        if not told:
            return ()
        tokens = tuple(map(self._token, told.get("content") or ()))
        self.tokens += tokens
        return tokens

    def of(self, text: str) -> list[Token]:
        """All that were read, without a blank before the first that the text lacks.

        llama.cpp cuts it off the texts of models whose tokenizer (SentencePiece) adds it.
        """
        if self.tokens and not text[:1].isspace():
            first = self.tokens[0]
            likely = tuple([(other.lstrip(), share) for other, share in first.alternatives])
            self.tokens[0] = Token(first.text.lstrip(), first.probability, likely)
        return self.tokens

    def _token(self, chosen: _Chosen) -> Token:
        """A token; what else was likely, hundreds for an answer, goes by the name it is told by."""
        data = chosen.get("bytes")
        return Token(
            chosen["token"] if data is None else self._decoder.decode(bytes(data)),
            _probability(chosen["logprob"]),
            tuple(
                [
                    (likely["token"], _probability(likely["logprob"]))
                    for likely in chosen.get("top_logprobs") or ()
                ]
            ),
        )


def _probability(logprob: float | None) -> float:
    return exp(logprob) if logprob is not None and logprob < 0 else float(logprob is not None)
