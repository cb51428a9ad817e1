"""The proofs that a feature takes by name: of texts, whatever the feature is.

Each looks at what was read and what was said, as texts, and gives a ``Check`` or None.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from app.features.proofs import Check, counted
from app.features.spans import emails, emoji, figures, placeholders, tags, urls
from app.features.verbatim import copied, in_catalogue

Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
]


class Where(BaseModel):
    """What a proof looks at; by default, all texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: Names = Field(default=(), description="Fields of the output.")
    input: Names = Field(default=(), description="Fields of the input.")


class Length(Where):
    """At most so many characters."""

    characters: int = Field(ge=1)


class Catalogue(Where):
    """Exact names, here or in a file of the folder with one a line."""

    values: tuple[str, ...] = ()
    file: Path | None = None

    @model_validator(mode="after")
    def _has_names(self) -> "Catalogue":
        if bool(self.values) == bool(self.file):
            raise ValueError('it has values = ["…"] or file = "names.txt"')
        return self

    def names(self, folder: Path) -> tuple[str, ...]:
        """The names.

        Raises:
            ValueError: the file cannot be read, or has none.
        """
        if self.file is None:
            return self.values
        try:
            lines = (folder / self.file).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{self.file} cannot be read as UTF-8 text") from error
        if not (names := tuple(line.strip() for line in lines if line.strip())):
            raise ValueError(f"{self.file} has no names, one a line")
        return names


Looks = Callable[[str, Sequence[str]], Check | None]
"""Looks at what was read, as one text, and at each text that was said."""


def _line_breaks(text: str) -> list[str]:
    lines = text.strip().splitlines()[1:]
    return ["line break" if line.strip() else "blank line" for line in lines]


_FINDERS: Final[Mapping[str, Callable[[str], list[str]]]] = {
    "placeholders": placeholders,
    "urls": urls,
    "emails": emails,
    "emoji": emoji,
    "numbers": figures,
    "line_breaks": _line_breaks,
    "markup": tags,
}
_REPORTED: Final = frozenset({"numbers"})  # a language may write them out


def keeps(name: str, read: str, said: str) -> Check | None:
    """Whether what was said has the same of something, each as often as what was read."""
    find = _FINDERS[name]
    return counted(name, find(read), find(said), repairable=name not in _REPORTED)


def adds_no(name: str, read: str, said: str) -> Check | None:
    """Whether what was said has nothing of a kind that what was read has not."""
    find = _FINDERS[name]
    if not (found := find(said)):
        return None
    known = set(find(read))
    new = tuple(dict.fromkeys(each for each in found if each not in known))
    return Check(f"adds_no_{name}", not new, unexpected=new, repairable=name not in _REPORTED)


def _adds_no(name: str) -> Callable[[Where, Path], Looks]:
    return lambda _where, _folder: lambda read, said: adds_no(name, read, "\n".join(said))


def _keeps(name: str) -> Callable[[Where, Path], Looks]:
    return lambda _where, _folder: lambda read, said: keeps(name, read, "\n".join(said))


def _max_length(most: Length, _folder: Path) -> Looks:
    advice = f"Write at most {most.characters} characters."

    def look(_read: str, said: Sequence[str]) -> Check:
        return Check("max_length", all(len(s) <= most.characters for s in said), advice=advice)

    return look


def _one_line(_where: Where, _folder: Path) -> Looks:
    def look(_read: str, said: Sequence[str]) -> Check:
        kept = all(len(text.splitlines()) <= 1 for text in said)
        return Check("one_line", kept, advice="Write it in one line.")

    return look


def _verbatim_in(_where: Where, _folder: Path) -> Looks:
    def look(read: str, said: Sequence[str]) -> Check | None:
        return _listed("verbatim_in", said, copied(read, said)[1], "Copy word for word")

    return look


def _one_of_catalogue(catalogue: Catalogue, folder: Path) -> Looks:
    names = catalogue.names(folder)
    advice = f"Take one of {', '.join(names)}"

    def look(_read: str, said: Sequence[str]) -> Check | None:
        unknown = [text for text in said if in_catalogue(text, names) is None]
        return _listed("one_of_catalogue", said, unknown, advice)

    return look


def _listed(name: str, said: Sequence[str], wrong: Iterable[str], advice: str) -> Check | None:
    wrong = tuple(wrong)
    advice = f"{advice}, not {', '.join(wrong)}." if wrong else ""
    return Check(name, not wrong, unexpected=wrong, advice=advice) if said else None


PROOFS: Final[Mapping[str, tuple[type[Where], Callable[[Any, Path], Looks]]]] = {
    "max_length": (Length, _max_length),
    "one_line": (Where, _one_line),
    "verbatim_in": (Where, _verbatim_in),
    "one_of_catalogue": (Catalogue, _one_of_catalogue),
    **{f"keeps_{name}": (Where, _keeps(name)) for name in _FINDERS},
    **{f"adds_no_{name}": (Where, _adds_no(name)) for name in ("numbers", "urls", "emails")},
}
"""By name: what its arguments are, and what makes it of them and the feature's folder."""
