"""Logging: one line an event, with the id of the request it belongs to."""

import logging
from collections.abc import Collection
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def set_request_id(request_id: str) -> None:
    """Name the request of this context."""
    _request_id.set(request_id)


class RequestIdFilter(logging.Filter):
    """Puts ``request_id`` on each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _request_id.get()
        return True


class RedactingFormatter(logging.Formatter):
    """Replaces secrets in whole lines: a provider's error, which is logged, may quote the key."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        return line


def configure_logging(level: str, secrets: Collection[str] = ()) -> None:
    """Log our own and uvicorn's lines to stderr, each with its request's id, without secrets."""
    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(RedactingFormatter(secrets))
    for name in ("app", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level.upper())
        logger.propagate = False
