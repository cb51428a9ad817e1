"""Builds the application out of settings and features."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any

from fastapi import FastAPI

from app import __version__
from app.batches import MODELS, Asker, Batches, Offer
from app.batches import router as batches_router
from app.callers import Door, KeyRing, Limiter
from app.errors import ConfigurationError
from app.features import (
    Borrowed,
    FeaturePackage,
    KeyInside,
    features_of,
    paths_of,
    read_features,
    replies_of,
    scopes_of,
)
from app.features.folder.loading import SAMPLE
from app.gateway.transport import open_http
from app.knowledge.library import Library, folder_at
from app.knowledge.vocabulary import load_vocabulary
from app.provision import HttpFactory, Models, make_batches
from app.records import Replies, Store
from app.settings import Settings
from app.web import health, usage
from app.web.bodies import Bodies
from app.web.cors import install_cors
from app.web.deps import State
from app.web.frame import RequestFrame
from app.web.idempotency import Idempotency
from app.web.logs import configure_logging
from app.web.openapi import install_openapi
from app.web.pages import install_pages
from app.web.problems import install_problem_handlers
from app.web.reload import Routes, on_hangup
from app.web.shutdown import Shutdown, end_with_parent
from app.web.trial import OnTrial, Trial

log = logging.getLogger(__name__)


def _wants_telemetry() -> bool:
    """Whether the operator set up OpenTelemetry; FastAPI's looking for it costs every request."""
    return any(name.startswith(("OTEL_", "FASTAPI_OTEL_")) for name in os.environ)


def create_app(
    settings: Settings,
    *,
    features: Sequence[FeaturePackage] | None = None,
    open_http: HttpFactory = open_http,
) -> FastAPI:
    """The application.

    Args:
        settings: the operator's.
        features: those that it has; by default, those that the settings ask for.
        open_http: opens the connection pool to the upstream.

    Raises:
        ConfigurationError: the embedded engine lacks something, or a file of the operator's is
            wrong.
    """
    models = Models(settings, open_http)
    configure_logging(settings.log_level, models.secrets)
    vocabulary = load_vocabulary(settings)
    folder = folder_at(settings.knowledge)
    store = Store(settings.store) if settings.store else None
    shutdown = Shutdown(settings.shutdown_grace)
    limiter = Limiter(settings)
    door = _door(settings)
    offered: dict[str, Offer] = {}
    bulk = Batches(
        settings.database, kept_days=settings.batch_days, limiter=limiter, offers=lambda: offered
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        end_with_parent()
        if remark := door.remark:
            log.warning("%s", remark)
        library = Library(folder)
        try:
            async with models.opened() as (gateway, candidate), AsyncExitStack() as stack:
                stack.enter_context(shutdown.watching(models.abort))
                stack.enter_context(_reloading(show, settings))
                await stack.enter_async_context(library.opened())
                if door.keys:
                    await stack.enter_async_context(door.keys.followed())
                trial = None
                if candidate:
                    trial = Trial(gateway, candidate, settings, store, app.openapi)
                    stack.push_async_callback(trial.shadow.aclose)
                state = State(
                    gateway=gateway,
                    vocabulary=vocabulary,
                    library=library,
                    store=store,
                    settings=settings,
                    trial=trial,
                    limiter=limiter,
                    door=door,
                )
                asker = Asker(app, state, limiter)
                is_embedded = settings.model_name.provider == "embedded"
                server = None if is_embedded else make_batches(settings, gateway)
                await stack.enter_async_context(bulk.working(asker, gateway, server))
                yield {**state, "batches": bulk}
        finally:
            await limiter.aclose()
            if store:
                store.close()

    telemetry = _wants_telemetry()
    app = FastAPI(
        title="Groundwork",
        version=__version__,
        summary="One foundation model behind many feature endpoints.",
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": telemetry, "metrics": telemetry},
    )
    if settings.beside("candidate"):
        app.add_middleware(OnTrial)
    app.add_middleware(Idempotency, replies=Replies(store) if store else None)
    bodies = Bodies(
        most=settings.max_body_bytes,
        together=settings.bodies_bytes,
        seconds=settings.read_timeout,
    )
    app.add_middleware(RequestFrame, bodies=bodies, shutdown=shutdown, door=door, limiter=limiter)
    install_cors(app, settings.cors_origins)
    install_problem_handlers(app)
    served = Routes(app)

    def show(packages: Sequence[FeaturePackage]) -> None:
        served.show(router for package in packages for router in package.ROUTERS)
        door.scopes = scopes_of(packages)
        offered.clear()
        offered.update(offers_of(packages))
        door.inner, door.borrowed = paths_of(packages, KeyInside), paths_of(packages, Borrowed)

    show(features_of(settings) if features is None else features)
    app.include_router(health.router)
    app.include_router(usage.router)
    app.include_router(batches_router)
    install_openapi(app, *MODELS)
    install_pages(app)
    return app


def offers_of(packages: Sequence[FeaturePackage]) -> dict[str, Offer]:
    """What can be asked in bulk, by the features' names."""
    features, replies = [package.FEATURE for package in packages], replies_of(packages)
    return {each.name: Offer(each.name, each.takes, replies[each.name]) for each in features}


def _door(settings: Settings) -> Door:
    return Door(
        KeyRing(settings.keys) if settings.keys else None,
        is_open=settings.open,
        hosts=settings.allowed_hosts,
        origins=settings.cors_origins,
    )


def _reloading(
    show: Callable[[Sequence[FeaturePackage]], None], settings: Settings
) -> AbstractContextManager[None]:
    """In this block, the operator's folder of features is read anew on SIGHUP.

    Without such a folder the signal does what it always does.
    """
    if settings.features in (None, SAMPLE):
        return nullcontext()

    async def reload() -> None:
        try:
            features = await asyncio.to_thread(read_features, settings)
        except ConfigurationError as error:
            log.error("The features stay as they were: %s", error.detail)  # noqa: TRY400
            return
        except Exception:
            log.exception("The features stay as they were.")
            return
        show(features.use())
        log.info("The features were read again.")

    return on_hangup(reload)
