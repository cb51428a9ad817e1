"""The gate on real models: what is worse is worse, in the right place, and nothing else is."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.evaluation.asking import Plan
from app.evaluation.gate.verdicts import judge
from app.evaluation.results import Evaluation
from app.evaluation.running import evaluate
from app.features import answers, translations
from app.features.feature import Feature
from app.settings import PREFIX, Settings

pytestmark = pytest.mark.slow

QWEN, GEMMA = "embedded:qwen2.5-coder-1.5b-instruct", "embedded:gemma-3-270m"

Gate = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Gate:
    for name in ("TIMEOUT", "FIRST_TOKEN_TIMEOUT"):
        monkeypatch.setenv(f"{PREFIX}{name}", "600")

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        file = tmp_path / "gate.json"
        with pytest.raises(SystemExit) as exited:
            main(["gate", *arguments, "--json", str(file)])
        print(*capsys.readouterr(), sep="\n")  # noqa: T201 # the lead's figures
        assert isinstance(exited.value.code, int)
        report = json.loads(file.read_bytes())
        return exited.value.code, {one["feature"]: one for one in report["verdicts"]}

    return run


def some(feature: Feature[Any, Any], folder: Path, every: int) -> Path:
    """A file with some of a feature's cases."""
    lines = (feature.folder / "cases.jsonl").read_text("utf-8").splitlines()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "cases.jsonl"
    path.write_text("\n".join(lines[::every]) + "\n", "utf-8")
    return path


def test_a_much_smaller_model_is_worse(gate: Gate, tmp_path: Path) -> None:
    cases = str(some(answers.FEATURE, tmp_path, every=2))
    code, verdicts = gate("answers", "--from", QWEN, "--to", GEMMA, "--cases", cases)
    verdict = verdicts["answers"]
    assert (code, verdict["ruling"]) == (1, "worse")
    assert len(verdict["broken"]) > len(verdict["fixed"])
    for change in verdict["broken"]:
        assert change["before"] - change["after"] > verdict["margin"]
        assert change["moved"]
        for path in change["moved"]:  # these are the cases, and this is what broke in them
            old, new = change["answered"], change["answers"]
            assert isinstance(new, str) or old[path] != new[path]


async def test_a_model_against_itself_is_the_same_whatever_seed_and_order() -> None:
    """Asked twice for real, the second time in another order."""
    patient = Settings(model=GEMMA, timeout=600, first_token_timeout=600)
    cases = list(translations.FEATURE.cases)
    sides: list[Evaluation] = []
    for _ in range(2):
        (made,) = await evaluate([translations], patient, Plan(), {"translations": cases})
        sides.append(made)
        random.Random(1).shuffle(cases)  # noqa: S311
    rulings: list[str] = []
    for seed in range(20):
        order = random.Random(seed)  # noqa: S311
        shuffled = [
            replace(each, outcomes=order.sample(each.outcomes, len(each.outcomes)))
            for each in sides
        ]
        (verdict,) = judge([shuffled[0]], [shuffled[1]], seed)
        rulings.append(verdict.ruling)
    assert set(rulings) == {"same"}


def test_a_spoiled_instruction_is_worse_in_that_feature_alone(gate: Gate, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        some(answers.FEATURE, folder / "answers", every=4)
        some(translations.FEATURE, folder / "translations", every=4)
    spoiled = after / "translations"
    (spoiled / "instruction.md").write_text("Repeat the text as it is, in its own language.\n")
    shots = [
        json.loads(line)
        for line in (translations.FEATURE.folder / "examples.jsonl").read_text("utf-8").splitlines()
    ]
    (spoiled / "examples.jsonl").write_text(
        "".join(json.dumps(shot | {"output": shot["input"]["text"]}) + "\n" for shot in shots)
    )
    folders = ("--from-features", str(before), "--to-features", str(after))
    code, verdicts = gate("answers", "translations", "--from", GEMMA, "--to", GEMMA, *folders)
    assert code == 1
    assert verdicts["translations"]["ruling"] == "worse"
    untouched = verdicts["answers"]
    assert untouched["ruling"] != "worse"
    assert (untouched["broken"], untouched["fixed"]) == ([], [])


def test_five_cases_are_undecided(gate: Gate, tmp_path: Path) -> None:
    cases = str(some(translations.FEATURE, tmp_path, every=16))
    told = ("translations", "--cases", cases)
    code, verdicts = gate(*told, "--from", GEMMA, "--to", GEMMA)
    verdict = verdicts["translations"]
    assert (code, verdict["ruling"], verdict["cases"]) == (2, "undecided", 5)
    assert verdict["more"] == 68
