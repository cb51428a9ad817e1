"""What a key looks like: ``gw_<12 public>_<43 secret><6 checksum>``, in base62.

The secret has 256 bits, so that a plain digest of it tells nothing. The checksum (CRC-32) tells a
typing error from a key that is unknown, and lets scanners find keys that were published.
"""

import re
import string
from hashlib import sha256
from secrets import choice
from typing import Final
from zlib import crc32

_LETTERS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_DIGITS: Final = _LETTERS.encode()
_PUBLIC, _SECRET, _CHECKSUM = 12, 43, 6
_PLACES: Final[tuple[int, ...]] = tuple(len(_DIGITS) ** place for place in range(_CHECKSUM))
_KEY: Final = re.compile(
    rb"(gw_([0-9A-Za-z]{%d})_([0-9A-Za-z]{%d}))([0-9A-Za-z]{%d})" % (_PUBLIC, _SECRET, _CHECKSUM)
)
_SHOWN: Final = re.compile(rf"(gw_\w{{{_PUBLIC}}}_)\w+", re.ASCII)


def make_key() -> str:
    """A new key."""
    public, secret = ("".join(choice(_LETTERS) for _ in range(size)) for size in (_PUBLIC, _SECRET))
    body = f"gw_{public}_{secret}"
    return body + _checksum(body.encode()).decode()


def read_key(key: bytes) -> tuple[str, str] | None:
    """Its public id and the digest of its secret; None if it is mistyped, or no key."""
    found = _KEY.fullmatch(key)
    if not found or _checksum(found[1]) != found[4]:
        return None
    return found[2].decode(), sha256(found[3]).hexdigest()


def without_secrets(text: str) -> str:
    """The text, with each key's secret struck out, mistyped or not."""
    return _SHOWN.sub(r"\1[secret]", text)


def _checksum(body: bytes) -> bytes:
    number = crc32(body)
    return bytes([_DIGITS[number // place % len(_DIGITS)] for place in _PLACES])
