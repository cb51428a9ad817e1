"""A trained adapter takes the place of what is served only if the gate says so."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.features import features_of
from app.features.translations import FEATURE
from app.settings import load_settings
from app.tuning.acceptance import Acceptance
from tests.embedded.test_adapters import CARD, GEMMA, folder_of
from tests.service import PATIENT, named

NONSENSE, NEXT_TO_NOTHING = 0.2, 1e-6
COLOURS = """\
title = "Sentences into colours"
margin = 0.5

[input.text]
type = "text"

[output.colour]
type = "enum"
values = ["red", "blue", "green", "white"]
"""
INSTRUCTION = "Name the colour that the sentence tells."


def write_feature(folder: Path) -> None:
    """One that the smallest model can do, in a few tokens whatever its adapter is."""
    folder.mkdir(parents=True)
    pairs = [
        ({"text": f"The {thing} is {colour}."}, {"colour": colour})
        for thing in ("lamp", "car", "old door", "bird")
        for colour in ("green", "red", "white", "blue")
    ]
    examples = [{"input": asked, "output": answer} for asked, answer in pairs[:4]]
    cases = [
        {"id": str(number), "input": asked, "expected": answer}
        for number, (asked, answer) in enumerate(pairs[4:])
    ]
    (folder / "feature.toml").write_text(COLOURS, "utf-8")
    (folder / "instruction.md").write_text(INSTRUCTION, "utf-8")
    for name, lines in (("examples.jsonl", examples), ("cases.jsonl", cases)):
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        (folder / name).write_text(text, "utf-8")


def adapter(folder: Path, spread: float) -> Path:
    """One whose weights are at random."""
    card = CARD.replace("tickets", "colours").replace("Read it.", INSTRUCTION)
    return folder_of(folder, card, spread=spread)


@pytest.mark.engine
@pytest.mark.slow
def test_only_what_the_gate_finds_better_is_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_feature(tmp_path / "features" / "colours")
    for name, value in named(features=str(tmp_path / "features"), **PATIENT).items():
        monkeypatch.setenv(name, value)
    feature = features_of(load_settings())[-1].FEATURE
    place = tmp_path / "served" / "colours"

    noise = adapter(tmp_path / "noise", NONSENSE)
    refused = Acceptance(feature, GEMMA.name, noise, place)
    refused.check()
    assert refused.decide() == 1
    assert not place.exists()
    assert capsys.readouterr().out.endswith(f"the new adapter is in {noise}.\n")
    assert "| colours | worse |" in (noise / "gate.md").read_text("utf-8")

    place.parent.mkdir()
    place.symlink_to(noise)
    good = adapter(tmp_path / "good", NEXT_TO_NOTHING)
    (good / "checkpoint.pt").touch()
    accepted = Acceptance(feature, GEMMA.name, good, place)
    accepted.check()
    assert accepted.decide() == 0
    assert str(place.readlink()).startswith("colours-")
    assert (place / "adapter.gguf").read_bytes() == (good / "adapter.gguf").read_bytes()
    assert "| colours | better |" in (place / "gate.md").read_text("utf-8")
    assert not (place / "checkpoint.pt").exists()

    assert accepted.decide() == 2  # the same as itself, for as many tokens
    without_examples = replace(accepted, place=tmp_path / "new")
    assert without_examples.decide() == 0  # the same, for fewer
    assert "| colours | same |" in (tmp_path / "new" / "gate.md").read_text("utf-8")


def test_a_place_that_cannot_be_changed_is_refused_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    acceptance = Acceptance(FEATURE, GEMMA.name, tmp_path / "new", place)
    acceptance.check()
    place.symlink_to(folder_of(tmp_path / "mine", CARD.replace("tickets", "translations")))
    acceptance.check()
    place.unlink()
    place.symlink_to(folder_of(tmp_path / "other"))
    with pytest.raises(ConfigurationError, match="it is for tickets on gemma-3-270m"):
        acceptance.check()
    place.unlink()
    place.mkdir()
    with pytest.raises(ConfigurationError, match="place is there, and no link to an adapter"):
        acceptance.check()
    place.rmdir()
    monkeypatch.setenv("GROUNDWORK_ADAPTERS", f"translations={place}")
    acceptance.check()
    monkeypatch.setenv("GROUNDWORK_ADAPTERS", f"translations={tmp_path / 'nowhere'}")
    with pytest.raises(ConfigurationError, match="No such file"):
        acceptance.check()
