"""The table of models: complete, and found by name."""

import math
import re
from pathlib import Path

import pytest

from app.embedded.models import DEFAULT, MODELS, Model, find_model
from app.embedded.wheels import pins
from app.errors import ConfigurationError

by_name = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


@by_name
def test_row_knows_its_file(model: Model) -> None:
    assert model.size > 0
    assert re.fullmatch("[0-9a-f]{64}", model.sha256 or "")
    assert model.licence
    assert model.kv_bytes
    assert bool(model.repo) == bool(model.revision)
    assert re.fullmatch("[0-9a-f]{40}", model.revision or "0" * 40)
    assert model.repo or model.part_bytes, "there is no way to it"


@by_name
def test_every_part_is_pinned_by_its_hash(model: Model) -> None:
    assert model.part_bytes
    lines = pins(model)
    assert len(lines) == math.ceil(model.size / model.part_bytes)
    for number, line in enumerate(lines, start=1):
        assert re.fullmatch(rf"[a-z0-9-]+-part{number}==[\d.]+ --hash=sha256:[0-9a-f]{{64}}", line)
    assert len({line.partition("sha256:")[2] for line in lines}) == len(lines)


def test_names_and_files_are_unique() -> None:
    assert len({model.name for model in MODELS}) == len(MODELS)
    assert len({model.file for model in MODELS}) == len(MODELS)


def test_default_is_free() -> None:
    assert find_model("") is DEFAULT
    assert (DEFAULT.name, DEFAULT.licence) == ("qwen2.5-coder-1.5b-instruct", "Apache-2.0")


@by_name
def test_row_is_found_by_its_name(model: Model) -> None:
    assert find_model(model.name) is model


@pytest.mark.parametrize("path", ["/models/my.own-7b.gguf", "own.GGUF", "here/weights.bin"])
def test_path_is_an_own_file(path: str) -> None:
    model = find_model(path)
    assert Path(model.file) == Path.cwd() / path
    assert model.name == Path(path).stem
    assert model.sha256 is None


def test_home_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_model("~/own.gguf").file == str(tmp_path / "own.gguf")


def test_unknown_name_lists_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match="no embedded model qwen-9") as caught:
        find_model("qwen-9")
    for model in MODELS:
        assert model.name in caught.value.detail
