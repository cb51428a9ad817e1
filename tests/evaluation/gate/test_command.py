"""``groundwork gate`` from a terminal, on evaluations that are made up."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.errors import ConfigurationError
from app.evaluation.gate import command
from app.evaluation.gate.sides import Plan, Side
from app.evaluation.results import Evaluation
from tests.evaluation.gate.made_up import Staged, asking, evaluation, outcome

GOOD, BAD = [1.0] * 80, [1.0] * 40 + [0.0] * 40

Gate = Callable[..., Result]


@pytest.fixture
def staged() -> Staged:
    return Staged(
        old=[evaluation(GOOD), evaluation(GOOD, "answers")],
        new=[evaluation(GOOD), evaluation(GOOD, "answers")],
        worse=[evaluation(BAD), evaluation(GOOD, "answers")],
        few=[evaluation(GOOD[:5]), evaluation(GOOD, "answers")],
        mixed=[evaluation(BAD), evaluation(GOOD[:5], "answers")],
    )


@pytest.fixture
def gate(staged: Staged, monkeypatch: pytest.MonkeyPatch) -> Gate:
    def make(features: Sequence[str], cases: Path | None, repeats: int) -> Staged:
        del features, cases, repeats
        return staged

    monkeypatch.setattr(command, "Evaluator", make)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(command.run_gate, arguments)

    return run


@pytest.mark.parametrize(
    ("after", "code"), [("new", 0), ("worse", 1), ("few", 2), ("mixed", 1), ("old", 0)]
)
def test_exit_code_is_of_the_worst_verdict(gate: Gate, after: str, code: int) -> None:
    assert gate("--from", "old", "--to", after).exit_code == code


def test_one_side_after_the_other(gate: Gate, staged: Staged) -> None:
    gate("--from", "old", "--to", "new")
    assert staged.asked == ["old", "new"]


def test_table(gate: Gate) -> None:
    result = gate("--from", "old", "--to", "mixed")
    assert result.stdout.splitlines() == [
        "From old to mixed",
        "",
        "FEATURE  VERDICT    BEFORE  AFTER  POINTS   95 % INTERVAL        P  BROKEN  FIXED  CASES",
        "tickets  worse       100.0   50.0   −50.0  −60.7 to −39.3  < 0.001      40      0     80",
        "answers  undecided   100.0  100.0     0.0  −43.4 to +43.4    1.000       0      0      5",
        "",
        (
            "tickets: It loses 50.0 points, which chance does not explain; 5.0 would be within its "
            "margin."
        ),
        (
            "  newly broken: c-040, c-041, c-042, c-043, c-044, c-045, c-046, c-047, c-048, c-049, "
            "c-050, c-051 and 28 more"
        ),
        (
            "answers: These 5 cases could have shown a difference of 62.1 points; the margin is 5.0. "
            "About 68 more like these would decide."
        ),
        (
            "  not compared: c-005, c-006, c-007, c-008, c-009, c-010, c-011, c-012, c-013, c-014, "
            "c-015, c-016 and 63 more"
        ),
    ]


def test_says_beforehand_how_much_it_is(gate: Gate, staged: Staged) -> None:
    cases = {"tickets": {"c-000": "same"}}
    assert gate("--from", "old", "--to", "new").stderr == (
        "320 calls for 320 answers; how long, the first of them will tell.\n"
    )
    old, new = asking(60, 400 / 60, of="old"), asking(160, 130 / 160, of="new")
    staged.plans = {"old": Plan(160, old, cases), "new": Plan(160, new, cases)}
    assert gate("--from", "old", "--to", "new").stderr == (
        "220 calls for 320 answers; at most about 9 minutes.\n"
    )
    staged.plans = {name: Plan(160, old, cases) for name in ("old", "new")}
    assert gate("--from", "old", "--to", "new").stderr == (
        "60 calls for 320 answers; at most about 7 minutes.\n"
    ), "the second side's questions are the first's"
    staged.plans = {name: Plan(160, {}, cases) for name in ("old", "new")}
    assert gate("--from", "old", "--to", "new").stderr == (
        "320 answers are kept from before; nothing is to be asked.\n"
    )


def test_writes_what_is_asked_for(gate: Gate, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("gate.json", "gate.md", "gate.html")]
    told = zip(("--json", "--markdown", "--html"), map(str, files), strict=True)
    gate("--from", "old", "--to", "worse", *(word for pair in told for word in pair))
    figures = json.loads(files[0].read_text())
    assert figures["ruling"] == "worse"
    assert figures["verdicts"][0]["overall"]["low"] == pytest.approx(-0.607, abs=0.001)
    assert figures["verdicts"][0]["broken"][0]["answers"] == {"text": "Answer of 0.0"}
    lines = files[1].read_text().splitlines()
    assert lines[0] == "### Tickets is worse, answers is the same."
    assert lines[4].startswith(
        "| Feature | Verdict | Before | After | Points | 95 % interval | P |"
    )
    assert lines[6].startswith("| tickets | worse | 100.0 | 50.0 | −50.0 | −60.7 to −39.3 |")
    assert files[2].read_text().startswith("<!DOCTYPE html>")


def test_sides_may_differ_by_server_and_by_features(
    gate: Gate, staged: Staged, tmp_path: Path
) -> None:
    told = ("--to", "new", "--to-url", "http://127.0.0.1:9/v1", "--to-features", str(tmp_path))
    gate("--from", "old", *told)
    assert staged.asked == ["old", f"new at http://127.0.0.1:9/v1 with {tmp_path}"]


# Baselines -----------------------------------------------------------------------------------


@pytest.fixture
def baseline(gate: Gate, staged: Staged, tmp_path: Path) -> Path:
    path = tmp_path / "baseline.json"
    gate("--from", "old", "--to", "new", "--write-baseline", str(path))
    staged.asked.clear()
    return path


def test_a_baseline_takes_the_place_of_a_side(gate: Gate, staged: Staged, baseline: Path) -> None:
    live, kept = (
        gate("--from", "new", "--to", "mixed"),
        gate("--from", str(baseline), "--to", "mixed"),
    )
    assert kept.stdout == live.stdout
    assert kept.exit_code == 1
    assert staged.asked == ["new", "mixed", "mixed"]
    assert kept.stderr.startswith("85 calls")


def test_a_baseline_may_be_of_more_than_is_asked(
    gate: Gate, staged: Staged, baseline: Path
) -> None:
    staged.sides["new"] = staged.sides["new"][:1]
    result = gate("tickets", "--from", str(baseline), "--to", "new")
    assert result.exit_code == 0
    assert "answers" not in result.stdout


def test_a_baseline_of_other_cases_is_refused(gate: Gate, staged: Staged, baseline: Path) -> None:
    staged.hashed = "another"
    result = gate("--from", str(baseline), "--to", "new")
    assert result.exit_code == 3
    assert result.stderr == (
        f"groundwork: {baseline} and new have other cases by the same id: answers c-000 and 159 more; "
        "give both the same, or write the baseline anew.\n"
    )
    assert staged.asked == []


def test_a_case_that_is_new_is_no_reason_to_refuse(
    gate: Gate, staged: Staged, baseline: Path
) -> None:
    (tickets, answers) = staged.sides["new"]
    more = replace(tickets, outcomes=[*tickets.outcomes, outcome(99, 0)])
    staged.sides["new"] = [more, answers]
    result = gate("--from", str(baseline), "--to", "new")
    assert result.exit_code == 0
    assert "  not compared: c-099" in result.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no baseline: Invalid JSON: EOF while parsing an object at line 1 column 1."),
        ('{"side": "new", "evaluations": []}', "is no baseline: cases: Field required."),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(
    gate: Gate, tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    result = gate("--from", str(path), "--to", "new")
    assert (result.exit_code, result.stderr) == (3, f"groundwork: {path} {said}\n")


# What cannot run -----------------------------------------------------------------------------


def test_wrong_options_are_no_verdict(gate: Gate, tmp_path: Path) -> None:
    assert gate("--from", "old").exit_code == 3
    assert gate("--from", "old", "--to", "new", "--repeats", "0").exit_code == 3
    missing = str(tmp_path / "none.json")
    result = gate("--from", missing, "--to", "new")
    assert (result.exit_code, result.stderr) == (
        3,
        f"groundwork: {missing}: No such file or directory.\n",
    )


def test_a_server_that_is_down_is_no_verdict(gate: Gate, staged: Staged) -> None:
    down = [outcome(number, 0, answer=None, problem="upstream-unreachable") for number in range(80)]
    staged.sides["down"] = [replace(evaluation([]), outcomes=down), evaluation(GOOD, "answers")]
    result = gate("--from", "old", "--to", "down")
    assert result.exit_code == 3
    assert result.stderr.splitlines()[-1] == (
        "groundwork: No case of tickets was answered on both sides: upstream-unreachable."
    )


@pytest.mark.parametrize("error", [ConfigurationError("It is wrong."), ValueError("Oh.")])
def test_what_goes_wrong_is_no_verdict(
    gate: Gate, staged: Staged, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_side: Side) -> Any:
        raise error

    monkeypatch.setattr(staged, "evaluate", fail)
    assert gate("--from", "old", "--to", "new").exit_code == 3


def test_a_feature_on_one_side_only_is_named(gate: Gate, staged: Staged) -> None:
    staged.sides["new"] = [*staged.sides["new"], Evaluation("titles", "any", "hash", 0.05, [])]
    result = gate("--from", "old", "--to", "new")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "Only one side has cases of: titles."


def test_sides_without_a_common_case_are_no_verdict(gate: Gate, staged: Staged) -> None:
    staged.sides["new"] = [evaluation(GOOD, "titles")]
    result = gate("--from", "old", "--to", "new")
    assert result.exit_code == 3
    assert result.stderr == "groundwork: old and new have no case in common.\n"


def test_a_terminal_is_not_written_to_by_strangers(gate: Gate, staged: Staged) -> None:
    evil = outcome(0, 1, id="\x1b[2J\x07evil")
    for name, score in (("old", 1.0), ("new", 0.0)):
        outcomes = [replace(evil, scores={"right": score})]
        staged.sides[name] = [replace(evaluation([]), outcomes=outcomes)]
    result = gate("--from", "old", "--to", "new")
    assert "evil" in result.stdout
    assert "\x1b" not in result.stdout
