"""How probable the model found what it wrote, out of the probabilities of its tokens.

A confidence that is measured, not asked for and not guessed: of the probability that the model gives
to the allowed values of a field, the part that went to the one it wrote. Where the upstream tells no
probabilities, there is none.
"""

from collections.abc import Sequence
from itertools import accumulate

from app.gateway import Token


def confidence(
    tokens: Sequence[Token], start: int, said: str, choices: Sequence[str]
) -> float | None:
    """The probability of a value among those that were allowed, 0 to 1; None if it is not told.

    Args:
        tokens: of the completion; their texts, joined, are its text.
        start: where the value begins in that text, in characters.
        said: the value, as it stands there.
        choices: all values that were allowed there, ``said`` among them.
    """
    rest, lead = _from(tokens, start)
    if not rest:
        return None
    sure, taken = 1.0, ""
    for token in rest:
        alive = [choice[len(taken) :] for choice in choices if choice.startswith(taken)]
        if len(alive) < 2 or len(taken) >= len(said):
            break
        whole = _mass(token, lead, alive)
        if not whole:
            return None
        sure *= _mass(token, lead, (said[len(taken) :],)) / whole
        taken, lead = taken + token.text[len(lead) :], ""
    return round(sure, 4)


def probability_of(tokens: Sequence[Token], start: int, wanted: str) -> float | None:
    """The probability that a text begins at a place, written there or not; None if it is not told."""
    rest, lead = _from(tokens, start)
    return _mass(rest[0], lead, (wanted,)) if rest else None


def _from(tokens: Sequence[Token], start: int) -> tuple[Sequence[Token], str]:
    """The tokens from a place on, none if nothing is told; and the first one's text before it."""
    ends = accumulate(len(token.text) for token in tokens)
    for number, (token, end) in enumerate(zip(tokens, ends, strict=True)):
        if end > start:
            lead = token.text[: start - (end - len(token.text))]
            return (tokens[number:], lead) if token.alternatives else ((), "")
    return (), ""


def _mass(token: Token, lead: str, wanted: Sequence[str]) -> float:
    """The probability of those tokens at a place that one of some texts may go on with."""
    told = {token.text: token.probability, **dict(token.alternatives)}
    return sum(
        share
        for text, share in told.items()
        if (own := text.removeprefix(lead)) != text or not lead
        if own and any(one.startswith(own) or own.startswith(one) for one in wanted)
    )
