"""Keys for tests, and a file of them."""

from pathlib import Path
from typing import Any

from app.callers.key import make_key, read_key
from app.callers.keyfile import changing
from app.callers.keys import GivenKey


def given_out(path: Path, name: str = "shop", **others: Any) -> str:
    """A new key that the file has from now on."""
    key = make_key()
    public, digest = read_key(key.encode()) or ("", "")
    with changing(path) as file:
        file.put(public, GivenKey.model_validate({"name": name, "sha256": digest, **others}))
    return key


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}
