"""A hash of everything that can change a feature's answers, but the case."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pydantic_core import to_json

import app
from app.embedded.adapters import adapters_of
from app.embedded.machine import default_cache_dir, require_parts
from app.embedded.models import find_model, sha256_of
from app.errors import ConfigurationError
from app.features.feature import Feature
from app.knowledge.library import folder_at
from app.settings import Settings

_APP: Final = Path(app.__file__).parent
_OF_NO_FEATURE: Final = ("cases.jsonl", "training.jsonl")
# All other settings count, so that a new one does without a word here.
_OF_NO_ACCOUNT: Final = re.compile(
    "model|adapters|features|"  # the weights or the name, the feature's own adapter and folder count
    ".*api_key|prices|.*timeout|max_.*|queue_size|cache_.*|shutdown_grace|store|host|port|"
    "database|batch_days|bodies_bytes|cors_origins|log_level"
)


def identity_of(feature: Feature[Any, Any], settings: Settings) -> str:
    """A SHA-256, in hex; ``ConfigurationError`` if a file that a setting names cannot be read."""
    told = {name: value for name, value in settings if not _OF_NO_ACCOUNT.fullmatch(name)}
    told["knowledge"] = folder_at(settings.knowledge)
    try:
        facts = {
            "model": _model(settings),
            "settings": {
                name: _contents(value) if isinstance(value, Path) else value
                for name, value in told.items()
            },
            "code": _code(),
            "adapter": _adapter(feature, settings),
            "folder": _hash(_files_in(feature.folder, but=_OF_NO_FEATURE)),
            "texts": [feature.instruction, feature.examples],  # a folder may have put others
        }
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}.") from None
    return hashlib.sha256(to_json(facts)).hexdigest()


def _model(settings: Settings) -> list[str]:
    provider, name = settings.model_name.provider, settings.model_name.name
    if provider != "embedded":
        return [provider, name]
    model = find_model(name)
    if settings.base_url:
        return [provider, model.name]
    require_parts()
    file = (settings.cache_dir or default_cache_dir()) / model.file
    return [provider, model.sha256 or sha256_of(file), version("xllamacpp")]


def _adapter(feature: Feature[Any, Any], settings: Settings) -> str | None:
    if settings.model_name.provider != "embedded":
        return settings.adapters.get(feature.name)
    files = adapters_of(find_model(settings.model_name.name), settings.adapters)
    return next((each.sha256 for each in files if each.feature == feature.name), None)


def _contents(path: Path) -> str:
    return _hash(_files_in(path) if path.is_dir() else [(path.name, path)])


@cache
def _code() -> str:
    """Of the program: Python, and what else lies there but static files and the features' folders."""
    left_out = ("static/", "evaluation/", "tuning/", "embedded/adapters/", "knowledge/sample/")
    return _hash(
        (name, path)
        for name, path in _files_in(_APP)
        if not name.startswith(left_out)
        and (path.suffix == ".py" or not name.startswith("features/"))
    )


def _files_in(folder: Path, *, but: Collection[str] = ()) -> Iterator[tuple[str, Path]]:
    """The files under a folder by their names within it, in order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in but and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix(), path


def _hash(files: Iterable[tuple[str, Path]]) -> str:
    whole = hashlib.sha256()
    for name, path in files:
        whole.update(to_json([name, sha256_of(path)]))
    return whole.hexdigest()
