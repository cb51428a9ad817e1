"""Keys and their file: what is a key, what the file may hold, what a change of it leaves alone."""

import logging
import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.callers import Limits
from app.callers.key import make_key, read_key, without_secrets
from app.callers.keyfile import changing
from app.callers.keys import Keys, parse_keys, read_keys
from app.callers.ring import KeyRing
from app.cli import main
from app.errors import ConfigurationError, KeyInvalid
from app.features import FEATURES, Borrowed, KeyInside, paths_of, scopes_of
from tests.callers.keyring import given_out

LETTERS = string.digits + string.ascii_letters
KEY = make_key()
Run = Callable[..., str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


@given(st.integers(0, len(KEY) - 1), st.sampled_from(LETTERS + "_- "))
def test_a_typing_error_is_told_without_a_look_up(place: int, letter: str) -> None:
    mistyped = KEY[:place] + letter + KEY[place + 1 :]
    assert (read_key(mistyped.encode()) is None) is (mistyped != KEY)


def test_a_secret_is_in_no_text_that_is_logged() -> None:
    line = without_secrets(f"GET /languages?api_key={KEY} {KEY}")
    public = KEY[: len("gw_") + 13]
    assert without_secrets(KEY[:-1]) == f"{public}[secret]"
    assert line == f"GET /languages?api_key={public}[secret] {public}[secret]"


def test_a_key_is_its_callers_until_it_ends(path: Path) -> None:
    ends = datetime(2027, 1, 1, tzinfo=UTC)
    others: dict[str, Any] = {"tenant": "acme", "scopes": ["tickets", "admin"], "expires": ends}
    key = given_out(path, limits={"requests": 60, "budget": 2}, **others)
    keys, at = Keys(read_keys(path)), ends.timestamp()
    caller = keys.find(key.encode(), at - 1)
    assert (caller.tenant, caller.limits) == ("acme", Limits(requests=60, budget=2.0))
    assert caller.may("tickets")
    assert not caller.may("answers")
    assert caller.is_admin
    with pytest.raises(KeyInvalid, match="expired"):
        keys.find(key.encode(), at)
    with pytest.raises(KeyInvalid, match="not known"):
        keys.find(make_key().encode(), at)
    with pytest.raises(KeyInvalid, match="mistyped"):
        keys.find(b"gw_", at)


def test_a_key_without_scopes_is_for_all_but_what_is_the_operators(path: Path) -> None:
    key = given_out(path)
    caller = Keys(read_keys(path)).find(key.encode(), 0)
    assert caller.may("anything")
    assert not caller.is_admin
    assert caller.tenant == "shop"


LINE = f'x23456789012 = {{ name = "shop", sha256 = "{"0" * 64}" }}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LINE.replace("shop", "my shop"), "line 2: x23456789012: name"),
        (LINE.replace("x2", "x"), "line 2: x3456789012 is no key"),
        (LINE.replace(" }", ", limits = { request = 5 } }"), "limits.request: Extra"),
        (LINE.replace(" }", ", limits = { requests = 0 } }"), "limits.requests"),
        (LINE.replace(" }", ', scopes = "tickets" }'), "scopes"),
        (LINE.replace(" }", ", scopes = [] }"), "scopes"),
        (LINE.replace(" }", ", expires = 2027-01-01 }"), "expires"),
        (LINE.replace(" }", ", scope = ['tickets'] }"), "scope: Extra"),
        (f"{LINE}\n{LINE}", "line 3"),
        (f"{LINE}\nx = ", "line 3"),
        ("x = 5", "line 2: x is no key"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_keys(f"# Ours\n{text}", path)
    assert said in raised.value.detail
    assert "\n" not in raised.value.detail


def test_a_change_leaves_all_else_as_it_is(path: Path) -> None:
    one = given_out(path, "one")
    before = path.read_text().replace(" }\n", " } # of Ann\n") + "\n# The others\n\n"
    path.write_text(before)
    path.chmod(0o640)
    two = given_out(path, "two")
    added = path.read_text().removeprefix(before)
    assert added.startswith(f"{two[3:15]} = {{ ")
    assert added.count("\n") == 1
    with changing(path) as file:
        file.remove(two[3:15])
    assert path.read_text() == before
    assert path.stat().st_mode & 0o777 == 0o640
    assert [*path.parent.iterdir()] == [path]
    assert one[16:] not in before


def test_a_key_that_is_not_a_line_is_left_to_whoever_wrote_it(path: Path) -> None:
    path.write_text(f'[x23456789012]\nname = "shop"\nsha256 = "{"0" * 64}"\n')
    with pytest.raises(ConfigurationError, match="by hand"), changing(path) as file:
        file.remove("x23456789012")
    # What is added below a table would belong to it.
    before = path.read_text()
    with pytest.raises(ConfigurationError):
        given_out(path, "two")
    assert path.read_text() == before


def test_changes_at_once_lose_nothing(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(partial(given_out, path), [f"n{number}" for number in range(24)]))
    assert read_keys(path).keys() == {key[3:15] for key in made}


def test_a_link_stays_one(path: Path) -> None:
    real = path.with_name("real.toml")
    real.write_text("")
    path.symlink_to(real)
    key = given_out(path)
    assert path.is_symlink()
    assert key[3:15] in real.read_text()


def test_a_broken_edit_keeps_the_old_keys_and_is_logged(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = given_out(path)
    ring = KeyRing(path)
    good = path.read_text()
    path.write_text(good.replace("name", "nome"))
    ring.look()
    assert ring.find(key.encode()).tenant == "shop"
    assert "line 3: " in (ring.problem or "")
    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "line 3: " in line.getMessage()
    path.unlink()
    ring.look()
    assert "No such file" in (ring.problem or "")
    assert ring.find(key.encode())
    path.write_text("")
    ring.look()
    assert ring.problem is None
    with pytest.raises(KeyInvalid):
        ring.find(key.encode())


def test_paths_belong_to_features() -> None:
    scopes = scopes_of(FEATURES)
    assert scopes["tickets"] == "tickets"
    assert scopes["v2"] == scopes["translate"] == scopes["languages"] == "translations"
    libre = {"/translate", "/detect", "/languages"}
    assert paths_of(FEATURES, KeyInside) == libre
    assert paths_of(FEATURES, Borrowed) == libre | {"/v2/translate", "/v2/languages"}


# --- groundwork keys -----------------------------------------------------------------------------


@pytest.fixture
def run(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("GROUNDWORK_KEYS", str(path))

    def run(*arguments: str) -> str:
        main(["keys", *arguments])
        return capsys.readouterr().out

    return run


def test_a_key_is_made_listed_rolled_and_revoked(run: Run, path: Path) -> None:
    options = ["--scope", "tickets", "--limit", "requests=60", "--limit", "budget=2.5"]
    key = run("new", "shop", *options, "--expires", "90d").strip()
    assert read_key(key.encode())
    assert key[16:59] not in path.read_text()
    assert "requests=60,budget=2.5" in run("list")

    rolled = run("roll", "shop", "--overlap", "1h").strip()
    keys = read_keys(path)
    old, new = keys[key[3:15]], keys[rolled[3:15]]
    assert old.expires
    assert old.expires - datetime.now(UTC) <= timedelta(hours=1)
    assert (new.name, new.scopes, new.limits) == (old.name, old.scopes, old.limits)
    assert new.expires
    assert new.expires - datetime.now(UTC) > timedelta(days=89)
    assert Keys(keys).find(key.encode(), datetime.now(UTC).timestamp()).tenant == "shop"

    assert run("revoke", "shop").count("was revoked") == 2
    assert not read_keys(path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "shop"], "There is a key shop already"),
        (["new", "a b"], "name"),
        (["new", "other", "--scope", "ticket"], "tickets, answers, translations, batches, admin"),
        (["new", "other", "--tenant", "a/b"], "tenant"),
        (["new", "other", "--limit", "requests=0"], "limits.requests"),
        (["revoke", "nobody"], "has no key nobody"),
        (["roll", "nobody"], "has no key nobody"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(
    run: Run, path: Path, arguments: list[str], said: str
) -> None:
    run("new", "shop")
    before = path.read_text()
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert said in str(ended.value.code)
    assert "\n" not in str(ended.value.code)
    assert path.read_text() == before


@pytest.mark.parametrize("option", ["--limit=request=5", "--limit=requests=many", "--expires=soon"])
def test_options_are_checked(run: Run, path: Path, option: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run("new", "shop", option)
    assert ended.value.code == 2
    assert not path.exists()
