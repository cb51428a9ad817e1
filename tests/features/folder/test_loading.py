"""The operator's folder of features: what is added, what is replaced, what is refused."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.features import FEATURES, FeaturePackage, features_of, tickets
from tests.features.folder.folders import TOML, folders_on, write
from tests.wire.replies import TICKET
from tests.wire.upstream import settings


@pytest.fixture(autouse=True)
def own_texts() -> Generator[None]:
    """Afterwards, the built-in features have their own texts again."""
    yield
    features_of(settings("openai"))


def names(folder: Path | None) -> list[str]:
    return [package.FEATURE.name for package in features_of(settings("openai", features=folder))]


def test_folders_come_after_the_built_in_features_by_name(tmp_path: Path) -> None:
    built_in = [package.FEATURE.name for package in FEATURES]
    assert names(None) == built_in
    for name in ("b", "a", ".hidden", "_draft"):
        write(tmp_path / name)
    (tmp_path / "README.md").write_text("Ours.", "utf-8")
    assert names(tmp_path) == [*built_in, "a", "b"]


def test_a_feature_may_have_another_name_than_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "a", f'name = "grades"\n{TOML}')
    assert names(tmp_path)[-1] == "grades"


@pytest.mark.parametrize(
    ("folder", "toml", "says"),
    [
        (
            "tickets",
            TOML,
            "tickets/feature.toml:1: name: tickets cannot be the name: there is a pa",
        ),
        (
            "a",
            TOML.replace("description =", 'name = "health"\ndescription =', 1),
            "a/feature.toml:2: name:",
        ),
        ("docs", TOML, "there is a path /docs already"),
        ("translate", TOML, "there is a path /translate already"),
        ("ticket", TOML, "there is an operation create_ticket already"),
        ("problem", TOML, "there is a schema Problem already"),
        ("grades-request", TOML, "there is a schema GradesRequest already"),
        ("x", f'name = "grades"\n{TOML}', "there is a path /grades already"),
        ("ours", None, "needs a feature.toml"),
    ],
)
def test_a_name_that_is_taken_is_refused(
    tmp_path: Path, folder: str, toml: str | None, says: str
) -> None:
    write(tmp_path / "grades")
    write(tmp_path / folder, toml)
    with pytest.raises(ConfigurationError) as caught:
        names(tmp_path)
    assert says in caught.value.detail


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"GROUNDWORK_FEATURES: .*none is not a folder"):
        names(tmp_path / "none")


# Texts in the place of a built-in feature's --------------------------------------------------------


def put(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


async def test_an_instruction_replaces_a_built_in_one(tmp_path: Path) -> None:
    put(tmp_path / "tickets", "instruction.md", "Read this email, please.")
    own = tickets.FEATURE.own
    for features in (tmp_path, None):
        async with folders_on(TICKET, features) as (client, asked):
            for more in ({}, {"intents": [{"name": "a", "description": "b"}]}):
                body = {"text": "My lamp broke.", **more}
                assert (await client.post("/tickets", json=body)).status_code == 200
        instruction = "Read this email, please." if features else own.instruction
        assert [messages[0]["content"].startswith(instruction) for messages in asked] == [True] * 2
        assert tickets.FEATURE.examples == own.examples


@pytest.mark.parametrize("package", FEATURES, ids=[package.FEATURE.name for package in FEATURES])
def test_examples_and_cases_replace_built_in_ones(tmp_path: Path, package: FeaturePackage) -> None:
    feature = package.FEATURE
    for name in ("examples", "cases"):
        lines = (feature.folder / f"{name}.jsonl").read_text("utf-8").splitlines()
        put(tmp_path / feature.name, f"{name}.jsonl", f"{lines[0]}\n{lines[1]}\n")
    names(tmp_path)
    assert len(feature.examples) == len(feature.cases) == 2
    assert len(feature.make_prefix().shots) == 2
    assert feature.instruction == feature.own.instruction
    names(None)
    assert len(feature.examples) > 2


def test_a_line_that_does_not_fit_is_named_and_nothing_is_replaced(tmp_path: Path) -> None:
    put(tmp_path / "answers", "instruction.md", "Answer.")
    put(tmp_path / "tickets", "examples.jsonl", f"{json.dumps({'input': {}, 'output': {}})}\n")
    with pytest.raises(ConfigurationError, match=r"tickets/examples\.jsonl:1: "):
        names(tmp_path)
    assert all(package.FEATURE.texts is package.FEATURE.own for package in FEATURES)


@pytest.mark.parametrize("name", ["example.jsonl", "schema.json"])
def test_a_file_without_effect_is_refused(tmp_path: Path, name: str) -> None:
    put(tmp_path / "tickets", name, "")
    with pytest.raises(ConfigurationError, match=r"what can be replaced is cases\.jsonl"):
        names(tmp_path)
