"""The pages that people open in a browser; they bring all that they need."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

_STATIC: Final = Path(__file__).parent / "static"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def install_pages(app: FastAPI) -> None:
    """Serve the playground at ``/`` and its files under ``/static``."""

    @app.get("/", include_in_schema=False)
    async def playground() -> FileResponse:  # pyright: ignore[reportUnusedFunction] # a route
        return FileResponse(_STATIC / "playground" / "index.html", headers=_HEADERS)

    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
