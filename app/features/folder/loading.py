"""The operator's folder of features (``GROUNDWORK_FEATURES``) beside those that are built in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from app.errors import ConfigurationError
from app.features.feature import Feature, Texts
from app.features.folder.declaration import FeatureFile, Wrong
from app.features.folder.feature import FolderPackage, read_folder
from app.features.routes import FeaturePackage
from app.web import health
from app.web.pages import PATHS

SAMPLE: Final = Path("sample")

_TEXTS: Final = frozenset({"instruction.md", "examples.jsonl", "cases.jsonl"})


@dataclass(frozen=True, slots=True)
class Features:
    """Features as they were read, not yet in use.

    Attributes:
        packages: in their order.
        texts: of the built-in ones, as the operator may have put others.
    """

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
    an instruction, examples or cases that replace its own.

    Raises:
        ConfigurationError: a folder is wrong; file and line are named, and what would be right.
    """
    own = {package.FEATURE.name: package.FEATURE for package in built_in}
    texts = {feature: feature.own for feature in own.values()}
    added: list[FolderPackage] = []
    for folder in _folders(path):
        if (folder / "feature.toml").exists():
            package = read_folder(folder)
            _refuse_taken(package, added, _taken(built_in))
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


# Names that are taken --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Taken:
    paths: frozenset[str]
    operations: frozenset[str]
    schemas: frozenset[str]


@cache
def _taken(built_in: tuple[FeaturePackage, ...]) -> _Taken:
    """What the service has without a folder."""
    app = FastAPI(generate_unique_id_function=lambda route: route.name)
    for router in [router for package in built_in for router in package.ROUTERS]:
        app.include_router(router)
    app.include_router(health.router)
    document = app.openapi()
    operations = [each for path in document["paths"].values() for each in path.values()]
    return _Taken(
        frozenset(path.split("/")[1] for path in (*document["paths"], *PATHS)),
        frozenset(operation["operationId"] for operation in operations),
        frozenset(document["components"]["schemas"]),
    )


def _refuse_taken(package: FolderPackage, others: Sequence[FolderPackage], taken: _Taken) -> None:
    feature = package.FEATURE
    if clash := next(_clashes(package, others, taken), None):
        file = FeatureFile(feature.folder / "feature.toml")
        file.read()
        what = f"{feature.name} cannot be the name: there is {clash} already"
        raise file.wrong(Wrong(("name",), what))


def _clashes(
    package: FolderPackage, others: Sequence[FolderPackage], taken: _Taken
) -> Iterator[str]:
    name = package.FEATURE.name
    if name in taken.paths or any(name == other.FEATURE.name for other in others):
        yield f"a path /{name}"
    snake = name.replace("-", "_")
    for operation in sorted({f"create_{snake}", f"stream_{snake}"} & taken.operations):
        yield f"an operation {operation}"
    known = taken.schemas.union(*(other.schemas for other in others))
    for schema in sorted(package.schemas & known):
        yield f"a schema {schema}"
