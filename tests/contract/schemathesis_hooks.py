"""Schemathesis learns to send raw emails and JSON Lines, the bytes as they are, and a key for each request."""

import re
from typing import Any
from uuid import uuid4

import schemathesis

_KEY = re.compile(r'"[ !#-\[\]-~]{1,255}"|[!#-+\--:<-\[\]-~]{1,255}')


@schemathesis.serializer("message/rfc822")
@schemathesis.serializer("application/x-ndjson")
def send_as_it_is(_context: Any, value: Any) -> bytes:
    raw = getattr(value, "data", value)
    return raw if isinstance(raw, bytes) else str(raw).encode()


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType]
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Put a new key in the place of a good one, which may come twice and is refused then."""
    headers: dict[str, str] = case.headers or {}
    if _KEY.fullmatch(headers.get("Idempotency-Key", "")):
        headers["Idempotency-Key"] = f'"{uuid4()}"'
