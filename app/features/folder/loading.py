"""The operator's folder of features (``GROUNDWORK_FEATURES``) beside those that are built in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from app.errors import ConfigurationError
from app.features.feature import Feature, Texts
from app.features.folder.declaration import Wrong
from app.features.folder.feature import FolderPackage, read_folder
from app.features.routes import FeaturePackage
from app.web import health
from app.web.pages import PATHS

SAMPLE: Final = Path("sample")

_TEXTS: Final = frozenset({"instruction.md", "examples.jsonl", "cases.jsonl"})


@dataclass(frozen=True, slots=True)
class Features:
    """Features as they were read, not yet in use, and the texts of the built-in ones."""

    packages: Sequence[FeaturePackage]
    texts: Mapping[Feature[Any, Any], Texts[Any, Any]]

    def use(self) -> Sequence[FeaturePackage]:
        """Have the built-in features ask with these texts, for the whole process."""
        for feature, texts in self.texts.items():
            if texts is not feature.texts:
                feature.use(texts)
        return self.packages


def read(path: Path | None, built_in: tuple[FeaturePackage, ...]) -> Features:
    """Read the folder, if there is one; ``sample`` is the one that comes with the package.

    A sub-folder with a ``feature.toml`` is a feature. One that has the name of a built-in feature has
    an instruction, examples or cases that replace its own. A ``ConfigurationError`` names file and
    line, and what would be right.
    """
    own = {package.FEATURE.name: package.FEATURE for package in built_in}
    texts = {feature: feature.own for feature in own.values()}
    added: list[FolderPackage] = []
    for folder in _folders(path):
        if (folder / "feature.toml").exists():
            package = read_folder(folder)
            taken = _taken(built_in).union(*(other.names for other in added))
            if clash := next((name for name in package.names if name in taken), None):
                what = f"{package.FEATURE.name} cannot be the name: there is {clash} already"
                raise package.file.wrong(Wrong(("name",), what))
            added.append(package)
        elif folder.name in own:
            _refuse_others(folder)
            feature = own[folder.name]
            texts[feature] = feature.texts_in(folder)
            feature.cases_in(texts[feature])  # a wrong one is found now, not when they are asked
        else:
            raise ConfigurationError(
                f"{folder}: it needs a feature.toml (`groundwork features new` makes one), or the "
                f"name of a feature whose texts it replaces: {', '.join(own)}."
            )
    return Features((*built_in, *added), texts)


def _folders(path: Path | None) -> list[Path]:
    if path is None:
        return []
    root = Path(__file__).with_name("sample") if path == SAMPLE else path
    if not root.is_dir():
        raise ConfigurationError(f"GROUNDWORK_FEATURES: {root} is not a folder.")
    return [each for each in sorted(root.iterdir()) if each.is_dir() and each.name[0] not in "._"]


def _refuse_others(folder: Path) -> None:
    """What is there beside the texts that can be replaced would have no effect."""
    found = {each.name for each in folder.iterdir() if each.suffix in (".md", ".jsonl")}
    if not found or (found := found - _TEXTS - {"README.md"}):
        here = f"{folder.name}/{min(found)}" if found else str(folder)
        raise ConfigurationError(f"{here}: what can be replaced is {', '.join(sorted(_TEXTS))}.")


@cache
def _taken(built_in: tuple[FeaturePackage, ...]) -> frozenset[str]:
    """What the service has without a folder, in the words of ``FolderPackage.names``."""
    app = FastAPI(generate_unique_id_function=lambda route: route.name)
    for router in [router for package in built_in for router in package.ROUTERS]:
        app.include_router(router)
    app.include_router(health.router)
    document = app.openapi()
    operations = [each for path in document["paths"].values() for each in path.values()]
    return frozenset(
        {f"a path /{path.split('/')[1]}" for path in (*document["paths"], *PATHS)}
        | {f"an operation {operation['operationId']}" for operation in operations}
        | {f"a schema {schema}" for schema in document["components"]["schemas"]}
    )
