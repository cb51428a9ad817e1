"""Logging: one line an event, with the id of the request it belongs to."""

import logging
from collections.abc import Collection
from contextvars import ContextVar

from app.callers.key import without_secrets

_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def set_request_id(request_id: str) -> None:
    """Name the request of this context."""
    _request_id.set(request_id)


def request_id() -> str:
    """The name of this context's request; a dash outside of any."""
    return _request_id.get()


class _Formatter(logging.Formatter):
    """Adds the request's id, and takes out secrets: an error or an address may quote a key."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = _request_id.get()
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        return without_secrets(line)


def configure_logging(level: str, secrets: Collection[str] = ()) -> None:
    """Log our own and uvicorn's lines to stderr, each with its request's id, without secrets."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(secrets))
    for name in ("app", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level.upper())
        logger.propagate = False
