"""``groundwork features new``: a folder that works, to be changed into another feature."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pydantic import TypeAdapter, ValidationError

from app.errors import ConfigurationError
from app.features import FEATURES
from app.features.folder.declaration import Name, first_wrong
from app.features.folder.loading import read

_TEMPLATE: Final = Path(__file__).with_name("template")
_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)


def make_folder(name: str, parent: Path) -> Path:
    """The folder of a feature with this name, made in another one.

    Raises ``ConfigurationError`` where it is there already, or no feature can have this name.
    """
    try:
        folder = parent / _NAME.validate_python(name)
    except ValidationError as error:
        raise ConfigurationError(f"NAME: {first_wrong(error)}.") from error
    if folder.exists():
        raise ConfigurationError(f"{folder} is there already.")
    with TemporaryDirectory() as trial:
        shutil.copytree(_TEMPLATE, Path(trial) / name)
        read(Path(trial), FEATURES)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(_TEMPLATE, folder)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be made: {error.strerror}.") from error
    return folder
