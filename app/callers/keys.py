"""The keys that the operator gave out, out of the file ``GROUNDWORK_KEYS``.

TOML, one key a line, so that lines can be added and taken out and all else stays as it is::

    PdJ3kXa90LmQ = { name = "shop", sha256 = "…", scopes = ["tickets"], expires = 2027-01-31T00:00:00Z }
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from math import inf
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PositiveInt, ValidationError
from pydantic import StringConstraints as Text

from app.callers.caller import Caller, Limits
from app.callers.key import read_key
from app.errors import ConfigurationError, KeyInvalid, first_of

ADMIN: Final = "admin"
OTHER_SCOPES: Final = ("batches", ADMIN)
"""What a key may be for besides features."""

_Name = Annotated[str, Text(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_ID: Final = re.compile(r"[0-9A-Za-z]{12}")
_BOM: Final = "\ufeff"


class _Limits(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    requests: PositiveInt | None = None
    tokens: PositiveInt | None = None
    concurrency: PositiveInt | None = None
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class GivenKey(BaseModel):
    """A key as the file has it; all but its secret."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: _Name
    sha256: Annotated[str, Text(pattern=r"^[0-9a-f]{64}$")]
    tenant: _Name | None = None
    scopes: Annotated[list[str], Field(min_length=1)] | None = None
    limits: _Limits = _Limits()
    expires: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    digest: str
    expires: float
    caller: Caller


class Keys:
    """Finds the caller that a key belongs to."""

    def __init__(self, given: Mapping[str, GivenKey]) -> None:
        self._known = {public: _known(public, key) for public, key in given.items()}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, key: bytes, now: float) -> Caller:
        """The caller, at a time in seconds since the epoch.

        Raises:
            KeyInvalid: it is mistyped, unknown, revoked or expired.
        """
        parts = read_key(key)
        if parts is None:
            raise KeyInvalid("The key is mistyped, or it is none: its checksum is wrong.")
        known = self._known.get(parts[0])
        if known is None or not compare_digest(known.digest, parts[1]):
            raise KeyInvalid("The key is not known, or was revoked.")
        if known.expires <= now:
            raise KeyInvalid("The key has expired.")
        return known.caller


def _known(public: str, key: GivenKey) -> _Known:
    scopes = None if key.scopes is None else frozenset(key.scopes)
    caller = Caller(
        id=public,
        tenant=key.tenant or key.name,
        scopes=scopes,
        limits=Limits(**dict(key.limits)),
        is_admin=ADMIN in (scopes or ()),
    )
    return _Known(key.sha256, key.expires.timestamp() if key.expires else inf, caller)


def read_keys(path: Path) -> dict[str, GivenKey]:
    """The keys in the file, by public id.

    Raises:
        ConfigurationError: it cannot be read or is wrong; file and line are named.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"GROUNDWORK_KEYS: {path} cannot be read: {reason}.") from error
    return parse_keys(text, path)


def parse_keys(text: str, path: Path) -> dict[str, GivenKey]:
    """The same, of a text that the file has or is to have."""
    try:
        table = tomllib.loads(f"{text.removeprefix(_BOM)}\n")  # so that its errors have a line
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}.") from error
    return {public: _checked(public, key, text, path) for public, key in table.items()}


def _checked(public: str, key: Any, text: str, path: Path) -> GivenKey:
    where = f"{path}, line {_line_of(public, text)}"
    if not _ID.fullmatch(public):
        raise ConfigurationError(f"{where}: {public} is no key's public id.")
    try:
        return GivenKey.model_validate(key)
    except ValidationError as error:
        raise ConfigurationError(f"{where}: {public}: {first_of(error)}.") from error


def _line_of(public: str, text: str) -> int:
    """Where a key is first named."""
    return text[: max(0, text.find(public))].count("\n") + 1
