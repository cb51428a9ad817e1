"""Terms: what of a sentence is compared, each as the keys that it needs and offers."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "name", "number", "code", "address"]


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a number, a time, a date, a code, an address or a name.

    Attributes:
        kind: which of them; times and dates are numbers.
        text: as written; of words, folded.
        start: where it stands in the text.
        needs: of a claim's term, the keys of which a document has to offer one; none where no
            claim is judged by the term.
        offers: the keys that the term offers as part of a document.
        dimension: what a number measures or counts; empty where it does not say.
    """

    kind: Kind
    text: str
    start: int
    needs: frozenset[str]
    offers: frozenset[str]
    dimension: str = ""

    def is_in(self, offered: frozenset[str]) -> bool:
        """Whether the keys that are offered support the term."""
        return not self.needs.isdisjoint(offered)

    @property
    def is_fact(self) -> bool:
        """Whether it must be supported exactly."""
        return self.kind not in ("word", "name") and bool(self.needs)
