"""``groundwork`` from a terminal: once for each command as a process of its own, else within."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import main
from app.features import FEATURES
from app.settings import PREFIX
from tests.contract.serving import model_server
from tests.service import COMMAND, MODEL, PATIENT, named
from tests.wire.upstream import KEY

SAID = "The warranty lasts three years."
QUESTION = {"question": "How long?", "documents": [{"text": SAID}]}


def environment() -> dict[str, str]:
    """The environment without settings."""
    return {k: v for k, v in os.environ.items() if not k.startswith(PREFIX) and "API_KEY" not in k}


@pytest.fixture
def groundwork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a command in a folder of its own, with some settings; gives what it prints."""

    def started(*_arguments: object, **_options: object) -> None:
        pytest.fail("the service was started")

    def run(*arguments: str, **settings: str) -> str:
        monkeypatch.chdir(tmp_path)
        for name in os.environ.keys() - environment().keys():
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        main(arguments)
        return capsys.readouterr().out

    monkeypatch.setattr("uvicorn.run", started)
    return run


def test_features_are_listed(groundwork: Callable[..., str]) -> None:
    names = [package.FEATURE.name for package in FEATURES]
    assert [line.split()[0] for line in groundwork("features").splitlines()] == names
    assert {"tickets", "answers", "translations"} <= set(names)


def test_a_new_feature_works_and_can_be_asked(groundwork: Callable[..., str]) -> None:
    assert "GROUNDWORK_FEATURES=features groundwork ask notes" in groundwork(
        "features", "new", "notes"
    )
    made = Path("features/notes")
    assert {each.name for each in made.iterdir()} == {
        *("feature.toml", "instruction.md", "examples.jsonl", "cases.jsonl")
    }
    own = named(features="features")
    assert groundwork("features", **own).splitlines()[-1].split() == [
        "notes",
        "Notes",
        "into",
        "titles",
    ]
    assert "/notes/stream" in json.loads(groundwork("openapi", **own))["paths"]
    with model_server() as address:
        elsewhere = named(model="openai:any", base_url=address, api_key=KEY, features="features")
        with pytest.raises(SystemExit) as caught:  # that model writes no JSON
            groundwork("ask", "notes", "The lamp broke.", **elsewhere)
        assert json.loads(str(caught.value.code))["code"] == "model-output-invalid"
        (made / "feature.toml").write_text(
            'title = "T"\noutput = "text"\ninput.text.type = "text"\n'
        )
        (made / "examples.jsonl").write_text("")
        answer = json.loads(groundwork("ask", "notes", "The lamp broke.", **elsewhere))
    assert answer["text"] == "The product is very good."


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Notes", "lower-case words with hyphens"),
        ("../notes", "lower-case words with hyphens"),
        ("tickets", "there is a path /tickets already"),
        ("there", "there is there already"),
    ],
)
def test_a_feature_that_cannot_be_made_is_refused(
    groundwork: Callable[..., str], tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "features" / "there").mkdir(parents=True)
    with pytest.raises(SystemExit) as caught:
        groundwork("features", "new", name)
    assert says in str(caught.value.code)
    assert [each.name for each in (tmp_path / "features").iterdir()] == ["there"]


def test_a_wrong_folder_is_told_in_one_line(groundwork: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "features" / "notes").mkdir(parents=True)
    (tmp_path / "features" / "notes" / "feature.toml").write_text("title = 1\n")
    for name, says in (
        ("nowhere", "nowhere is not a folder"),
        ("features", "notes/feature.toml:1: "),
    ):
        with pytest.raises(SystemExit) as caught:
            groundwork("features", **named(features=name))
        assert says in str(caught.value.code)
        assert len(str(caught.value.code).splitlines()) == 1


def test_ask_names_the_features_that_there_are(groundwork: Callable[..., str]) -> None:
    with pytest.raises(SystemExit) as caught:
        groundwork("ask", "titles", "text", **named(model="openai:any", api_key=KEY))
    assert caught.value.code == 2


def test_ask_reads_a_pipe(tmp_path: Path) -> None:
    run = subprocess.run(
        [COMMAND[0], "ask", "translations", "-"],
        input="Das Produkt ist sehr gut.",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment(), **named(model=MODEL, **PATIENT)},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert answer["translations"][0]["text"].strip()
    assert answer["model"] == MODEL.removeprefix("embedded:")


def test_ask_takes_a_whole_body_and_fails_with_its_problem(
    groundwork: Callable[..., str],
) -> None:
    with model_server() as address:
        elsewhere = named(model="openai:any", base_url=address, api_key=KEY)
        answer = json.loads(groundwork("ask", "answers", json.dumps(QUESTION), **elsewhere))
        assert answer["answer"] == "It lasts three years."
        assert answer["citations"][0]["quote"] == "The warranty lasts three years."
        with pytest.raises(SystemExit) as caught:
            groundwork("ask", "answers", '{"question": 1}', **elsewhere)
    assert json.loads(str(caught.value.code))["code"] == "request-invalid"


def test_ask_does_not_wait_for_a_hosted_model(groundwork: Callable[..., str]) -> None:
    nobody = named(model="openai:any", base_url="http://127.0.0.1:9", api_key=KEY, max_retries="0")
    with pytest.raises(SystemExit) as caught:
        groundwork("ask", "tickets", "My lamp broke.", **nobody)
    assert json.loads(str(caught.value.code))["code"] == "upstream-unreachable"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"shadow": "0.1"}, "GROUNDWORK_SHADOW needs a model to ask: set GROUNDWORK_CANDIDATE."),
        ({"canary": "0.1"}, "GROUNDWORK_CANARY needs a model to ask: set GROUNDWORK_CANDIDATE."),
        ({"candidate": "embedded", "shadow": "2"}, "GROUNDWORK_SHADOW: Input should be less than"),
        ({"candidate": "gpt"}, "GROUNDWORK_CANDIDATE: must be embedded"),
        (
            {"candidate": "openai:x", "canary": "1"},
            "set OPENAI_API_KEY or GROUNDWORK_CANDIDATE_API",
        ),
        ({"fallback": "anthropic:x"}, "GROUNDWORK_FALLBACK=anthropic:x needs a key"),
        ({"fallback": "openai:x", "fallback_base_url": "x"}, "must start with http"),
        ({"candidate_base_url": "http://x"}, "is of no use without GROUNDWORK_CANDIDATE."),
        ({"fallback_api_key": "x"}, "FALLBACK_API_KEY is of no use without GROUNDWORK_FALLBACK."),
    ],
)
def test_a_model_beside_it_that_lacks_something_stops_the_start(
    groundwork: Callable[..., str], settings: dict[str, str], says: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        groundwork("serve", **named(**settings))
    assert says in str(caught.value.code)
    assert len(str(caught.value.code).splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GROUNDWORK_PROT", "1", "Did you mean GROUNDWORK_PORT?"),
        ("GROUNDWORK_PORT", "high", "GROUNDWORK_PORT: "),
        ("GROUNDWORK_MODEL", "gpt", "GROUNDWORK_MODEL: must be embedded"),
        ("GROUNDWORK_MODEL", "openai:gpt", "OPENAI_API_KEY"),
        ("GROUNDWORK_BASE_URL", "model.test", "GROUNDWORK_BASE_URL: must start with http"),
        ("GROUNDWORK_SMALL_MODEL", "true", "there is no such setting"),
        ("GROUNDWORK_FEEDBACK", "feedback.jsonl", "there is no such setting"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    groundwork: Callable[..., str], name: str, value: str, says: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        groundwork("serve", **{name: value})
    assert says in str(caught.value.code)
    assert len(str(caught.value.code).splitlines()) == 1


def test_settings_are_read_from_a_file_as_well(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GROUNDWORK_PORT=high\n")
    run = subprocess.run(
        COMMAND, capture_output=True, text=True, cwd=tmp_path, env=environment(), check=False
    )
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "GROUNDWORK_PORT" in line


def test_workers_that_would_each_count_limits_for_themselves_are_not_started(
    groundwork: Callable[..., str],
) -> None:
    limits = {
        "GROUNDWORK_LIMIT_REQUESTS": "5",
        "GROUNDWORK_MODEL": "openai:m",
        "GROUNDWORK_API_KEY": "k",
    }
    with pytest.raises(SystemExit, match="GROUNDWORK_LIMITS_STORE"):
        groundwork("serve", "--workers", "2", **limits)
