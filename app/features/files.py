"""Reading a feature's files, and saying where in one something is wrong."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import first_of

Line = TypeVar("Line", bound=BaseModel)


def wrong(path: Path, line: int, what: str) -> str:
    """File, line and what is wrong there, in a line."""
    end = "" if what.endswith((".", "?")) else "."
    return f"{path.parent.name or '.'}/{path.name}:{line}: {what}{end}"


def text_of(path: Path) -> str:
    """The text of a file; raises ``ValueError`` if it cannot be read."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(wrong(path, 1, "it must be UTF-8")) from error
    except OSError as error:
        raise ValueError(wrong(path, 1, f"it cannot be read: {error.strerror}")) from error


def instruction_of(path: Path) -> str:
    """What the model is told; raises ``ValueError`` if it cannot be read, or is blank."""
    if text := text_of(path).strip():
        return text
    raise ValueError(wrong(path, 1, "it must say what is to be written"))


def lines_of(path: Path, kind: type[Line]) -> list[Line]:
    """The lines of a JSON Lines file, each of a kind; raises ``ValueError`` if one is not."""
    lines: list[Line] = []
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        try:
            lines.append(kind.model_validate_json(line))
        except ValidationError as error:
            raise ValueError(wrong(path, number, first_of(error))) from error
    return lines
