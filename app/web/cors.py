"""Calls by browsers from the operator's other sites (CORS, in the Fetch standard)."""

from collections.abc import Collection
from typing import Final

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

EXPOSED: Final = (
    "Allow",
    "Cache-Status",
    "Idempotency-Replayed",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Server-Timing",
    "WWW-Authenticate",
    "X-Model",
    "X-Request-ID",
)
_PREFLIGHT_SECONDS: Final = 7200  # Chromium keeps a preflight's answer no longer


def install_cors(app: FastAPI, origins: Collection[str]) -> None:
    """Let pages of ``origins`` call the service and read what it answers, problems included.

    Must be installed after all that answers by itself, so that it stands around it. Cookies are
    no part of it: a site is trusted to call, with whatever header it likes, not to be somebody.
    """
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=frozenset(origins),
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=("*",),
            expose_headers=EXPOSED,
            max_age=_PREFLIGHT_SECONDS,
        )
