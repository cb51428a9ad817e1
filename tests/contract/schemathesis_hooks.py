"""Schemathesis learns to send raw emails and JSON Lines, the bytes as they are, and a key for each request."""

import re
from typing import Any
from uuid import uuid4

import schemathesis

_KEY = re.compile(r'"[ !#-\[\]-~]{1,255}"|[!#-+\--:<-\[\]-~]{1,255}')


def send_as_it_is(_context: Any, value: Any) -> bytes:
    raw = getattr(value, "data", value)
    return raw if isinstance(raw, bytes) else str(raw).encode()


for media_type in ("message/rfc822", "application/x-ndjson"):
    schemathesis.serializer(media_type)(send_as_it_is)


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType]
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Put a new key in the place of a good one, which may come twice and is refused then."""
    headers: dict[str, str] = case.headers or {}
    if _KEY.fullmatch(headers.get("Idempotency-Key", "")):
        headers["Idempotency-Key"] = f'"{uuid4()}"'
