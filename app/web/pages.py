"""The pages that people open in a browser, and the files that these load.

A page brings all that it needs and asks nobody but this service: its Content-Security-Policy (CSP
Level 3) holds it to that. Files are kept by browsers and asked after by their ``ETag``.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

_PAGES: Final = {"/": "playground/index.html", "/docs": "docs/index.html"}
PATHS: Final = (*_PAGES, "/static")
_STATIC: Final = Path(__file__).parents[1] / "static"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
}


def install_pages(app: FastAPI) -> None:
    """Serve the pages and, under ``/static``, their files."""
    files = StaticFiles(directory=_STATIC)
    for path, name in _PAGES.items():
        app.add_route(path, _serving(files, name), include_in_schema=False)
    # A route rather than a mount, which would claim every method.
    app.add_route("/static/{path:path}", _serving(files), include_in_schema=False)


def _serving(
    files: StaticFiles, name: str | None = None
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that gives the file ``name``, or the one that the path names."""

    async def serve(request: Request) -> Response:
        path = name or request.path_params["path"]
        response = await files.get_response(path, request.scope)
        response.headers.update(_HEADERS)
        return response

    return serve
