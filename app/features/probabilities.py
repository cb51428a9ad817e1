"""How probable the model found what it wrote, out of the probabilities of its tokens.

A confidence that is measured, not asked for and not guessed: of the probability that the model gives
to the allowed values of a field, the part that went to the one it wrote. Where the upstream tells no
probabilities, there is none.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import prod

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
    place = _place(tokens, start)
    if place is None:
        return None
    number, lead = place
    shares: list[float] = []
    taken = ""
    while len(taken) < len(said) and number < len(tokens):
        alive = [choice for choice in choices if choice.startswith(taken)]
        if len(alive) < 2:
            break
        rest = [choice[len(taken) :] for choice in alive]
        own = _mass(tokens[number], lead, (said[len(taken) :],))
        whole = _mass(tokens[number], lead, rest)
        if not whole:
            return None
        shares.append(own / whole)
        taken += tokens[number].text[len(lead) :]
        number, lead = number + 1, ""
    return round(prod(shares), 4)


def probability_of(tokens: Sequence[Token], start: int, wanted: str) -> float | None:
    """The probability that a text begins at a place, written there or not; None if it is not told."""
    place = _place(tokens, start)
    if place is None:
        return None
    number, lead = place
    return _mass(tokens[number], lead, (wanted,))


def _place(tokens: Sequence[Token], start: int) -> tuple[int, str] | None:
    """The token that a place is in, and its text before the place."""
    ends = accumulate(len(token.text) for token in tokens)
    for number, (token, end) in enumerate(zip(tokens, ends, strict=True)):
        if end > start:
            lead = token.text[: start - (end - len(token.text))]
            return (number, lead) if token.alternatives else None
    return None


def _mass(token: Token, lead: str, wanted: Sequence[str]) -> float:
    """The probability of those tokens at a place that one of some texts may go on with."""
    told = dict(token.alternatives)
    told.setdefault(token.text, token.probability)
    return sum(
        share
        for text, share in told.items()
        if len(text) > len(lead) and text.startswith(lead) and _fits(text[len(lead) :], wanted)
    )


def _fits(text: str, wanted: Sequence[str]) -> bool:
    return any(one.startswith(text) or text.startswith(one) for one in wanted)
