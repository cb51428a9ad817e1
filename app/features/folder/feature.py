"""A feature out of a folder without Python: what ``feature.toml`` declares, made of the same parts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError

from app.features.feature import Feature
from app.features.folder.declaration import (
    Declaration,
    FeatureFile,
    OutputField,
    SchemaFile,
    Wrong,
    first_wrong,
)
from app.features.folder.types import types_of
from app.features.proofs import PROOFS, Check, Length, Proof
from app.features.routes import router_of
from app.features.wire import Reply


@dataclass(frozen=True, slots=True)
class FolderPackage:
    """What a feature's package has.

    Attributes:
        names: what it takes that no other may have, in words: ``a schema TitlesRequest``.
        file: what declares it.
    """

    FEATURE: Feature[Any, Any]
    ROUTERS: Sequence[APIRouter]
    names: Sequence[str]
    file: FeatureFile


def read_folder(folder: Path) -> FolderPackage:
    """The feature of a folder with a ``feature.toml``.

    A ``ConfigurationError`` names file and line, and what would be right.
    """
    file = FeatureFile(folder / "feature.toml")
    declared = file.declared
    try:
        request, output = types_of(declared, folder)
        fields = list(output.model_fields)
        for name in declared.metrics:
            _known(("metrics", name), [name], fields)
        proofs = [
            _proof(name, arguments, declared, fields, folder)
            for name, given in declared.proofs.items()
            for arguments in (given if isinstance(given, list) else [given])  # pyright: ignore
        ]
    except Wrong as error:
        raise file.wrong(error) from error
    gives: Any = str if declared.output == "text" else output
    feature = Feature[Any, Any](
        declared.name,
        asks=request,
        gives=gives,
        proofs=proofs,
        max_tokens=declared.sampling.max_tokens,
        folder=folder,
        title=declared.title,
        metrics=declared.metrics,
        margin=declared.margin,
        trusted=[name for name, field in declared.input.items() if field.trusted],
    )
    feature.replies = Reply[output]
    feature.cases_in(feature.own)  # a wrong one is found now, not when they are asked
    router = router_of(feature, declared.description)
    title, snake = output.__name__, feature.name.replace("-", "_")
    schemas = (request.__name__, title, f"{title}Completed", f"{title}Event")
    names = [f"a path /{feature.name}"]
    names += [f"an operation {verb}_{snake}" for verb in ("create", "stream")]
    names += [f"a schema {schema}" for schema in sorted(schemas)]
    return FolderPackage(feature, (router,), names, file)


def _proof(
    name: str, arguments: Any, declared: Declaration[Any], output: list[str], folder: Path
) -> Proof[Any, Any]:
    where = ("proofs", name)
    _known(where, [name], PROOFS, what="proof")
    kind, look = PROOFS[name]
    if arguments is True:
        arguments = {}
    elif kind is Length and isinstance(arguments, int):
        arguments = {"characters": arguments}
    elif not isinstance(arguments, dict):
        raise Wrong(where, "it takes true, or a table of its arguments")
    try:
        place = kind.model_validate(arguments, context=folder)
    except ValidationError as error:
        raise first_wrong(error, where) from error
    strangers = [key for key, of in declared.input.items() if not of.trusted]
    _known((*where, "input"), place.input, declared.input)
    _known((*where, "output"), place.output, output)
    one_by_one = not isinstance(declared.output, str | SchemaFile)
    fields: Mapping[str, OutputField] = declared.output if one_by_one else {}
    texts = [key for key in output if key not in fields or fields[key].type in ("text", "list")]
    read, said = place.input or strangers, place.output or texts

    def proof(request: BaseModel, output: Any) -> Check | None:
        given = [output] if isinstance(output, str) else [getattr(output, name) for name in said]
        asked = (text for name in read for text in _texts(getattr(request, name)))
        return look(place, "\n".join(asked), [text for value in given for text in _texts(value)])

    return proof


def _known(
    where: Sequence[str], names: Iterable[str], known: Iterable[str], what: str = "field"
) -> None:
    for name in names:
        if name not in known:
            raise Wrong(where, f"there is no {what} {name}; there are {', '.join(known)}")


def _texts(value: Any) -> list[str]:
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]
