"""The ASGI application: answers requests through the door, and runs what goes on beside them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import structlog
from opentelemetry.trace import Tracer
from prometheus_client import Histogram
from pymongo.errors import PyMongoError
from starlette.types import Receive, Scope, Send

from gateway import limits, sessions
from gateway.access import Access
from gateway.deadlines import Deadlines
from gateway.door import Door
from gateway.exchange import Exchange
from gateway.forwarding import Forwarder
from gateway.keycloak import Keycloak
from gateway.limits import Limits
from gateway.refreshing import Sessions
from gateway.streams import Streams
from gateway.tracing import traced
from kit.mongo import Mongo, ensure_indexes
from kit.tasks import running
from kit.telemetry import metrics, request_id

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Everything the gateway holds open; nothing touches the network before its lifespan starts."""

    door: Door
    mongo: Mongo
    access: Access
    limits: Limits
    sessions: Sessions
    streams: Streams
    deadlines: Deadlines
    keycloak: Keycloak
    forwarder: Forwarder
    tracer: Tracer | None
    _observed: dict[tuple[str, str, int], Histogram] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        started = time.perf_counter()
        exchange = Exchange(scope, receive, send)
        if self.tracer is None:
            await self._answer(exchange)
        else:
            with traced(self.tracer, exchange):
                await self._answer(exchange)
        self._observe(exchange, time.perf_counter() - started)

    async def _answer(self, exchange: Exchange) -> None:
        request_id.set(exchange.id)
        await self.door.answer(exchange)

    def stop(self) -> None:
        """End the streams, which would otherwise hold up the end of the process."""
        self.streams.end_all()

    def _observe(self, exchange: Exchange, seconds: float) -> None:
        key = (exchange.route_name, exchange.method, exchange.status or 499)
        child = self._observed.get(key)
        if child is None:
            child = self._observed[key] = metrics.requests.labels(*map(str, key))
        child.observe(seconds)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._open():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        await self.forwarder.open()
        await self.keycloak.open()
        access = self.access
        loops = (
            access.keep_reading(),
            access.tail(),
            access.watch_age(),
            self.limits.keep_settling(),
            self.deadlines.keep(),
        )
        try:
            async with running(self._prepare(), *loops):
                yield
        finally:
            await self.sessions.stop()
            await self.forwarder.close()
            await self.keycloak.close()
            await self.mongo.close()

    async def _prepare(self) -> None:
        """Create the indexes once MongoDB is there."""
        while True:
            try:
                await ensure_indexes(self.mongo.db, {**sessions.INDEXES, **limits.INDEXES})
                await self.access.ensure_indexes()
            except PyMongoError as error:
                log.warning("gateway.unprepared", error=type(error).__name__)
                await asyncio.sleep(1)
            else:
                return
