"""``groundwork keys``: who may call, from a terminal."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
from pydantic import ValidationError

from app.callers.key import make_key, read_key
from app.callers.keyfile import KeyFile, changing
from app.callers.keys import OTHER_SCOPES, GivenKey, read_keys
from app.commands.table import show_table
from app.errors import first_of
from app.features import features_of
from app.settings import Settings, load_settings

_DEFAULT: Final = Path("keys.toml")
_SPAN: Final = re.compile(r"(\d{1,5})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LIMITS: Final = ("requests", "tokens", "concurrency", "budget")


def _span(_context: object, _parameter: object, text: str | None) -> timedelta | None:
    match = _SPAN.fullmatch(text or "")
    if match:
        return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
    if text is None:
        return None
    msg = "must be a number of seconds, minutes, hours, days or weeks, such as 30m, 24h or 52w"
    raise click.BadParameter(msg)


def _limits(_context: object, _parameter: object, given: Sequence[str]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for each in given:
        name, _, amount = each.partition("=")
        try:
            limits[name] = float(amount) if name == "budget" else int(amount)
        except ValueError:
            name = ""
        if name not in _LIMITS:
            msg = f"must be like requests=60, with one of {', '.join(_LIMITS)}"
            raise click.BadParameter(msg)
    return limits


@click.group()
def keys() -> None:
    """Who may call: the keys in the file that GROUNDWORK_KEYS names."""


@keys.command("new")
@click.argument("name")
@click.option("--tenant", help="Whose answers it shares (default: NAME).")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="What it is for: a feature by name, batches, admin; repeatable. Without it, all but admin.",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    callback=_limits,
    metavar="WHAT=N",
    help="requests (a minute), tokens (a day), concurrency or budget (a day); repeatable.",
)
@click.option("--expires", callback=_span, metavar="SPAN", help="When, such as 24h, 90d or 52w.")
def new_key(
    name: str,
    tenant: str | None,
    scopes: Sequence[str],
    limits: dict[str, Any],
    expires: timedelta | None,
) -> None:
    """Make a key. It is printed once, and kept nowhere."""
    settings = _settings()
    known = [*(package.FEATURE.name for package in features_of(settings)), *OTHER_SCOPES]
    for scope in scopes:
        if scope not in known:
            raise click.ClickException(f"--scope {scope} is not one of {', '.join(known)}.")
    given = {
        "name": name,
        "tenant": tenant,
        "scopes": list(scopes) or None,
        "limits": limits,
        "expires": _from_now(expires) if expires else None,
    }
    with changing(_path(settings)) as file:
        if any(each.name == name for each in file.keys.values()):
            msg = f"There is a key {name} already: give this one another name, or roll that one."
            raise click.ClickException(msg)
        made = _added(file, given)
    _tell(made, settings)


@keys.command("list")
def list_keys() -> None:
    """List the keys, without their secrets."""
    known = read_keys(_path(_settings()))
    rows: list[Sequence[str]] = []
    for public, key in known.items():
        limits = key.limits.model_dump(exclude_none=True)
        rows.append(
            (
                public,
                key.name,
                key.tenant or key.name,
                ",".join(key.scopes) if key.scopes else "all but admin",
                ",".join(f"{name}={amount:g}" for name, amount in limits.items()) or "none",
                f"{key.expires.astimezone(UTC):%Y-%m-%d %H:%MZ}" if key.expires else "never",
            )
        )
    show_table(("ID", "NAME", "TENANT", "SCOPES", "LIMITS", "EXPIRES"), rows)


@keys.command("revoke")
@click.argument("key")
def revoke_key(key: str) -> None:
    """Take back a key, by its id, or all of a name."""
    with changing(_path(_settings())) as file:
        for public in _named(file, key):
            file.remove(public)
            click.echo(f"{public} was revoked.")


@keys.command("roll")
@click.argument("key")
@click.option(
    "--overlap",
    callback=_span,
    default="24h",
    show_default=True,
    metavar="SPAN",
    help="How long the old key still does.",
)
def roll_key(key: str, overlap: timedelta) -> None:
    """Make a key like another, by its id or name, which then ends."""
    settings = _settings()
    with changing(_path(settings)) as file:
        olds = _named(file, key)
        newest = file.keys[olds[-1]]
        made = _added(file, newest.model_dump(exclude_none=True, exclude_defaults=True))
        for public in olds:
            old = file.keys[public]
            ends = min(filter(None, (old.expires, _from_now(overlap))))
            file.put(public, old.model_copy(update={"expires": ends}))
    _tell(made, settings)


def _added(file: KeyFile, given: dict[str, Any]) -> str:
    """Add a new key of that kind to the file; the key itself."""
    made = make_key()
    public, digest = read_key(made.encode()) or ("", "")
    try:
        file.put(public, GivenKey.model_validate({**given, "sha256": digest}))
    except ValidationError as error:
        raise click.ClickException(f"{first_of(error)}.") from error
    return made


def _named(file: KeyFile, key: str) -> list[str]:
    found = [public for public, each in file.keys.items() if key in (public, each.name)]
    if not found:
        raise click.ClickException(f"{file.path} has no key {key}.")
    return found


def _tell(made: str, settings: Settings) -> None:
    click.echo(made)
    if settings.keys is None:
        click.echo(
            f"It is in {_DEFAULT}: start the service with GROUNDWORK_KEYS={_DEFAULT}.", err=True
        )


def _from_now(span: timedelta) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + span


def _settings() -> Settings:
    return load_settings(model="openai:any", base_url="http://127.0.0.1")


def _path(settings: Settings) -> Path:
    return settings.keys or _DEFAULT
