"""The app of a service: its routes, its loops, its probes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cached_property
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from kit import auth, keyset, problems
from kit.clock import Clock, utc_now
from kit.http import openapi
from kit.http.edge import Edge
from kit.http.refusals import Mapper, unmapped
from kit.mongo import Mongo
from kit.problems import Problem
from kit.tasks import running
from kit.telemetry import metrics

log = structlog.get_logger()

Loop = Callable[[], Coroutine[Any, Any, None]]

_NO_PROBLEMS: Mapping[str, Problem] = {}
_QUIET_TELEMETRY: Any = {"logs": False, "metrics": False, "operation_spans": False, "auto_configure": False}


class UnmappedError(LookupError):
    """A domain error has no words for people."""


class LoopDied(RuntimeError):  # noqa: N818 - it reads as what happened
    """A loop that must run as long as the process ended by itself."""


def create_app(  # noqa: PLR0913 - a composition root names its parts
    name: str,
    *,
    routers: Sequence[APIRouter],
    mongo: Mongo,
    verifier: auth.Verifier,
    problems: Mapping[str, Problem] = _NO_PROBLEMS,
    errors: Sequence[type[Exception]] = (),
    resources: Sequence[AbstractAsyncContextManager[Any]] = (),
    startup: Sequence[Callable[[], Awaitable[None]]] = (),
    background: Sequence[Loop] = (),
    ready: Callable[[], Awaitable[bool]] | None = None,
    clock: Clock = utc_now,
    title: str | None = None,
    description: str = "",
) -> FastAPI:
    """Compose a service; nothing touches the network before its lifespan starts.

    `problems` says for each code of `errors` (roots of domain errors) what people read; a code without words raises
    `UnmappedError` here. In the lifespan: `resources` are entered in order, `startup` runs, then `background` until
    the end, when all stops in reverse. `ready` adds to "the database answers". Routes find `request.app.state.mongo`.
    """
    app = _Service(name, problems, errors, title=title or name, description=description)
    app.state.name, app.state.mongo, app.state.verifier, app.state.clock = name, mongo, verifier, clock
    app.state.stopping, app.state.stop, app.state.died = asyncio.Event(), None, None
    for router in routers:
        # Straight into the table: an included router would be matched twice for each request.
        app.router.routes.extend(router.routes)
    _add_probes(app, mongo, ready)
    app.router.lifespan_context = lambda _: _lifespan(app, resources, startup, background)
    return app


def stopping(request: Request) -> asyncio.Event:
    """Return the event that is set when the process is asked to stop: open streams then end."""
    event: asyncio.Event = request.app.state.stopping
    return event


class _Service(FastAPI):
    """FastAPI with our edge, our words for refusals, and no layer that repeats them."""

    def __init__(
        self, name: str, words: Mapping[str, Problem], errors: Sequence[type[Exception]], **options: Any
    ) -> None:
        self.catalogue = {**problems.PROBLEMS, **auth.PROBLEMS, **keyset.PROBLEMS, **words}
        if missing := unmapped(self.catalogue, errors):
            raise UnmappedError(f"{name}: {sorted(missing)}")
        super().__init__(
            openapi_url=None,
            telemetry=_QUIET_TELEMETRY,
            redirect_slashes=False,
            exception_handlers=Mapper(self.catalogue, lambda: self.field_names).handlers(errors),
            version="1",
            **options,
        )

    def build_middleware_stack(self) -> ASGIApp:
        """Stack what a request needs: FastAPI's own error and body-limit layers are the edge's work here."""
        routed = AsyncExitStackMiddleware(self.router)
        return Edge(ExceptionMiddleware(routed, handlers=self.exception_handlers))

    def openapi(self) -> dict[str, Any]:
        """Return the contract, problems included."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi.complete(super().openapi(), self.catalogue)
        return self.openapi_schema

    @cached_property
    def field_names(self) -> frozenset[str]:
        """Every field and parameter name of the contract: what an error may repeat."""
        return frozenset(openapi.names(self.openapi()))


@asynccontextmanager
async def _lifespan(
    app: FastAPI,
    resources: Sequence[AbstractAsyncContextManager[Any]],
    startup: Sequence[Callable[[], Awaitable[None]]],
    background: Sequence[Loop],
) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(app.state.mongo.close)
        for resource in resources:
            await stack.enter_async_context(resource)
        for prepare in startup:
            await prepare()
        for task in await stack.enter_async_context(running(*(loop() for loop in background))):
            task.add_done_callback(lambda ended: _on_end(app, ended))
        try:
            yield
        finally:
            app.state.stopping.set()
    if app.state.died:
        raise app.state.died


def _on_end(app: FastAPI, task: asyncio.Task[None]) -> None:
    """End the process when one of its loops ended unasked: half a service looks alive and does nothing."""
    if app.state.stopping.is_set():
        return
    cause = None if task.cancelled() else task.exception()
    app.state.died = LoopDied(task.get_name())
    app.state.died.__cause__ = cause
    log.critical("loop.died", where=task.get_name(), exc_info=cause)
    if app.state.stop:
        app.state.stop()


def _add_probes(app: FastAPI, mongo: Mongo, ready: Callable[[], Awaitable[bool]] | None) -> None:
    async def live(_: Request) -> Response:
        return JSONResponse({"status": "live"}, 503 if app.state.died else 200)

    async def answers(_: Request) -> Response:
        fine = not app.state.stopping.is_set() and await mongo.reachable() and (ready is None or await ready())
        return JSONResponse({"status": "ready" if fine else "waiting"}, 200 if fine else 503)

    async def measured(_: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    app.add_route("/health/live", live, include_in_schema=False)
    app.add_route("/health/ready", answers, include_in_schema=False)
    app.add_route("/metrics", measured, include_in_schema=False)
