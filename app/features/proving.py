"""The proofs that a feature takes by name: of texts, whatever the feature is.

Each looks at what was read and what was said, as texts, and gives a ``Check`` or None.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

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
    """Exact names, here or in a file with one a line, in the folder that is the context."""

    values: tuple[str, ...] = ()
    file: Path | None = None

    @model_validator(mode="after")
    def _with_names(self, info: ValidationInfo) -> "Catalogue":
        if bool(self.values) == bool(self.file):
            raise ValueError('it has values = ["…"] or file = "names.txt"')
        if self.file is None:
            return self
        folder: Any = info.context
        try:
            lines = (folder / self.file).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{self.file} cannot be read as UTF-8 text") from error
        if not (names := tuple(line.strip() for line in lines if line.strip())):
            raise ValueError(f"{self.file} has no names, one a line")
        return self.model_copy(update={"values": names})


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


def _of_all(
    proof: Callable[[str, str, str], Check | None],
    name: str,
    _where: Where,
    read: str,
    said: Sequence[str],
) -> Check | None:
    return proof(name, read, "\n".join(said))


def _max_length(most: Length, _read: str, said: Sequence[str]) -> Check:
    kept = all(len(text) <= most.characters for text in said)
    return Check("max_length", kept, advice=f"Write at most {most.characters} characters.")


def _one_line(_where: Where, _read: str, said: Sequence[str]) -> Check:
    kept = all(len(text.splitlines()) <= 1 for text in said)
    return Check("one_line", kept, advice="Write it in one line.")


def _verbatim_in(_where: Where, read: str, said: Sequence[str]) -> Check | None:
    return _listed("verbatim_in", said, copied(read, said)[1], "Copy word for word")


def _one_of_catalogue(catalogue: Catalogue, _read: str, said: Sequence[str]) -> Check | None:
    unknown = [text for text in said if in_catalogue(text, catalogue.values) is None]
    advice = f"Take one of {', '.join(catalogue.values)}"
    return _listed("one_of_catalogue", said, unknown, advice)


def _listed(name: str, said: Sequence[str], wrong: Iterable[str], advice: str) -> Check | None:
    wrong = tuple(wrong)
    advice = f"{advice}, not {', '.join(wrong)}." if wrong else ""
    return Check(name, not wrong, unexpected=wrong, advice=advice) if said else None


Look = Callable[[Any, str, Sequence[str]], Check | None]
"""Looks, by its arguments, at what was read, as one text, and at each text that was said."""

PROOFS: Final[Mapping[str, tuple[type[Where], Look]]] = {
    "max_length": (Length, _max_length),
    "one_line": (Where, _one_line),
    "verbatim_in": (Where, _verbatim_in),
    "one_of_catalogue": (Catalogue, _one_of_catalogue),
    **{f"keeps_{name}": (Where, partial(_of_all, keeps, name)) for name in _FINDERS},
    **{
        f"adds_no_{name}": (Where, partial(_of_all, adds_no, name))
        for name in ("numbers", "urls", "emails")
    },
}
"""By name: what its arguments are, in the context of the feature's folder, and what looks."""
