"""The operator's files: what is read of them, and which mistakes stop the start."""

from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.settings import Settings
from app.vocabulary import Vocabulary, load_vocabulary


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_without_files_there_are_no_words() -> None:
    assert load_vocabulary(Settings()) == Vocabulary()


def test_files_are_read(tmp_path: Path) -> None:
    written(tmp_path, "shop.en-de.tsv", "lamp\tLeuchte\n\nrug \t Läufer\n")
    written(tmp_path, "shop.de-en.tsv", "Leuchte\tlamp\n")
    written(tmp_path, "notes.txt", "not a glossary")
    vocabulary = load_vocabulary(
        Settings(
            products=written(tmp_path, "p", "Inkwell Pro\n\n Lumo S2 \nInkwell Pro\n"),
            intents=written(tmp_path, "i", '{"name": "refund", "description": "wants money"}\n'),
            glossaries=tmp_path,
        )
    )
    assert vocabulary.products == ("Inkwell Pro", "Lumo S2")
    assert vocabulary.intents == {"refund": "wants money"}
    assert vocabulary.glossaries == {
        "shop": {
            ("EN", "DE"): {"lamp": "Leuchte", "rug": "Läufer"},
            ("DE", "EN"): {"Leuchte": "lamp"},
        }
    }


@pytest.mark.parametrize(
    ("setting", "name", "text", "says"),
    [
        ("intents", "i.jsonl", '{"name": "a"}', "i.jsonl:1"),
        ("intents", "i.jsonl", '\n{"name": " ", "description": "x"}', "i.jsonl:2"),
        ("intents", "i.jsonl", "[]", "i.jsonl:1"),
        ("glossaries", "a.en-de.tsv", "lamp\tLeuchte\nlamp", "a.en-de.tsv:2"),
        ("products", "gone", None, "cannot read"),
        ("glossaries", "gone", None, "cannot read"),
    ],
)
def test_a_mistake_is_named(
    tmp_path: Path, setting: str, name: str, text: str | None, says: str
) -> None:
    path = tmp_path / name if text is None else written(tmp_path, name, text)
    named = tmp_path if setting == "glossaries" and text is not None else path
    with pytest.raises(ConfigurationError, match=says) as caught:
        load_vocabulary(Settings.model_validate({setting: named}))
    assert f"GROUNDWORK_{setting.upper()}" in caught.value.detail
