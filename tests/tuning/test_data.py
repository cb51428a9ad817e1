"""Training examples: checked, and as the model is served them."""

import json
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.features.tickets import FEATURE as TICKETS
from app.features.translations import FEATURE as TRANSLATIONS
from app.tuning.data import as_chat_lines, read_pairs

REVIEW = {"text": "Der Toaster ist toll.", "target_lang": "EN"}


def file_of(folder: Path, *lines: object) -> Path:
    path = folder / "training.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    return path


def test_a_pair_is_what_the_model_is_served_without_examples(tmp_path: Path) -> None:
    path = file_of(tmp_path, {"input": REVIEW, "output": "The toaster is great."})
    (pair,) = read_pairs(TRANSLATIONS, path, "Translate.")
    system, asked = pair.messages
    assert system == {"role": "system", "content": "Translate."}
    assert asked["role"] == "user"
    mark, text, end, task = asked["content"].splitlines()
    assert (text, task) == ("Der Toaster ist toll.", "Translate it into English.")
    assert end == mark.replace("[", "[/")
    assert pair.completion == "The toaster is great."
    (own,) = read_pairs(TRANSLATIONS, path, None)
    assert own.messages[0]["content"] == TRANSLATIONS.instruction


def test_the_same_examples_are_held_out_each_time(tmp_path: Path) -> None:
    lines = [{"input": {**REVIEW, "text": f"Review {n}."}, "output": "Good."} for n in range(200)]
    first, second = (read_pairs(TRANSLATIONS, file_of(tmp_path, *lines), None) for _ in range(2))
    held_out = [pair.is_held_out for pair in first]
    assert held_out == [pair.is_held_out for pair in second]
    assert 5 < sum(held_out) < 40


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    good = {"input": REVIEW, "output": "The toaster is great."}
    with pytest.raises(ConfigurationError, match=r"training\.jsonl:2: .*text"):
        read_pairs(TRANSLATIONS, file_of(tmp_path, good, {"input": {}, "output": ""}), None)
    ticket = {"input": {"body": "Hello."}, "output": {"issue": "Says hello", "urgency": "huge"}}
    with pytest.raises(ConfigurationError, match=r"training\.jsonl:1: "):
        read_pairs(TICKETS, file_of(tmp_path, ticket), None)
    with pytest.raises(ConfigurationError, match=r"nowhere\.jsonl:1: it cannot be read"):
        read_pairs(TICKETS, tmp_path / "nowhere.jsonl", None)


def test_others_are_given_chats(tmp_path: Path) -> None:
    path = file_of(tmp_path, *[{"input": REVIEW, "output": "Great, größer."}] * 2)
    lines = as_chat_lines(read_pairs(TRANSLATIONS, path, "Translate.")).splitlines()
    assert len(lines) == 2
    roles = [message["role"] for message in json.loads(lines[0])["messages"]]
    assert roles == ["system", "user", "assistant"]
    assert json.loads(lines[1])["messages"][-1]["content"] == "Great, größer."
