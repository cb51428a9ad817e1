"""Schemathesis learns to send a raw email: the bytes as they are."""

from typing import Any

import schemathesis


@schemathesis.serializer("message/rfc822")
def send_email(_context: Any, value: Any) -> bytes:
    raw = getattr(value, "data", value)
    return raw if isinstance(raw, bytes) else str(raw).encode()
