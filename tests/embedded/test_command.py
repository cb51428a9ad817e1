"""``groundwork weights``."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from tests.embedded.conftest import CONTENT, TINY
from tests.embedded.publisher import Page


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDWORK_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("app.embedded.models.MODELS", (TINY,))


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize(("model", "name"), [("embedded", ["tiny"]), ("embedded:tiny", [])])
def test_it_prints_where_they_are(
    model: str,
    name: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GROUNDWORK_MODEL", model)
    main(["weights", *name])
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / TINY.file}\n"
    assert Path(out.strip()).read_bytes() == CONTENT
    assert "tiny: 100 %" in err


def test_hosted_model_needs_none(
    page: Page, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROUNDWORK_MODEL", "openai:gpt")
    monkeypatch.setenv("GROUNDWORK_API_KEY", "k")
    main(["weights"])
    assert "needs no weights" in capsys.readouterr().out
    assert page.ranges == []


def test_unknown_name_is_one_line() -> None:
    with pytest.raises(SystemExit, match=r"no embedded model qwen. There are tiny, or the path"):
        main(["weights", "qwen"])


def test_installation_without_the_engine_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def without(name: str) -> Any:
        if name == "app.embedded.weights":
            raise ModuleNotFoundError("No module named 'filelock'")
        return import_module(name)

    monkeypatch.setattr("app.cli.import_module", without)
    with pytest.raises(SystemExit, match=r"filelock.*groundwork\[embedded\]"):
        main(["weights", "tiny"])
