"""Terms of a glossary, and where they stand in a text: in a time linear in both.

The automaton of Aho and Corasick (1975), over words. An expression of all terms takes seconds to
compile and to try at each place of a text; pyahocorasick has no words and no case.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import regex

# A run of letters, of scripts that set spaces between words, and digits; or another character.
_WORD: Final = regex.compile(
    r"[[\p{L}\p{M}\p{Nd}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}]]+|.",
    regex.V1 | regex.DOTALL,
)

Places = dict[tuple[int, int], tuple[str, str]]
"""What stands from one word to before another: a term, and what it has to become."""


def words_of(text: str) -> Sequence[str]:
    """The words of a text, and the characters between them, whatever their case."""
    return _WORD.findall(text.casefold())


class Terms(dict[str, str]):
    """Terms and what each has to become; not to be changed."""

    def __init__(self, terms: Mapping[str, str]) -> None:
        super().__init__(terms)
        self._next: dict[tuple[int, str], int] = {}  # by a state and a word
        self._back = [0]  # by state, where to go on if there is no next one
        self._ends: list[tuple[int, str]] = [(0, "")]  # the longest term there, and its words
        depths = [0]
        for term in terms:
            state = 0
            words = words_of(term)
            for depth, word in enumerate(words, start=1):
                state = self._next.setdefault((state, word), len(depths))
                if state == len(depths):
                    depths.append(depth)
                    self._back.append(0)
                    self._ends.append((0, ""))
            self._ends[state] = len(words), term
        for (above, word), state in sorted(self._next.items(), key=lambda item: depths[item[1]]):
            if above:
                self._back[state] = self._after(self._back[above], word)
                self._ends[state] = max(self._ends[state], self._ends[self._back[state]])

    def places(self, words: Sequence[str]) -> Places:
        """Where terms stand among words; of those that end at the same one, the longest."""
        found: Places = {}
        state = 0
        for end, word in enumerate(words, start=1):
            state = self._after(state, word)
            length, term = self._ends[state]
            if length:
                found[end - length, end] = term, self[term]
        return found

    def _after(self, state: int, word: str) -> int:
        while state and (state, word) not in self._next:
            state = self._back[state]
        return self._next.get((state, word), 0)
