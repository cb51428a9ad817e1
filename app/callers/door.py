"""Who may come in: decided before anything of the body is read."""

from collections.abc import Mapping
from typing import Any

from app.callers.caller import Caller

Headers = Mapping[bytes, bytes]


class Door:
    """Tells who a request is from."""

    def admit(self, scope: Mapping[str, Any], headers: Headers) -> Caller:
        """The caller of a request, of which the ASGI scope and the headers are there.

        Raises:
            GroundworkError: it may not come in.
        """
        del headers
        client = scope.get("client")
        return Caller(str(client[0]) if client else "")
