"""A server with both providers' APIs."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from tests.gateway.batching import anthropic_side, openai_side
from tests.gateway.batching.provider import Json, Provider

_SUBMISSIONS = ("/v1/messages/batches", "/v1/files")


@contextmanager
def served(app: FastAPI) -> Generator[str]:
    """The address of an application, on a free port, which a thread serves."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, http="h11", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server ended"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def application(provider: Provider) -> FastAPI:
    """Both APIs, and the model behind them."""

    async def refuse(request: Request) -> None:
        is_submission = request.method == "POST" and request.url.path in _SUBMISSIONS
        if is_submission:
            await request.body()
            provider.sizes.append(int(request.headers["content-length"]))
        if provider.refusals and (is_submission or request.query_params):
            status, headers = provider.refusals.pop(0)
            raise HTTPException(status, headers=headers)

    app = FastAPI(dependencies=[Depends(refuse)], telemetry={"tracing": False, "metrics": False})

    @app.exception_handler(AssertionError)
    async def complain(_request: Request, error: AssertionError) -> Response:
        provider.complaints.append(str(error))
        return JSONResponse({"error": {"type": "invalid_request_error"}}, 400)

    @app.get("/v1/models")
    async def models() -> Json:
        return {}

    app.include_router(anthropic_side.router(provider))
    app.include_router(openai_side.router(provider))
    return app
