"""The door: every request from outside comes in here, and goes on only when all of this lets it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
import structlog
from prometheus_client import Counter
from pymongo.errors import PyMongoError

from gateway.access import Access
from gateway.callers import Caller, Callers
from gateway.deadlines import Deadlines
from gateway.exchange import ClientGone, Exchange
from gateway.forwarding import Forwarder, give_back, watch_for_leaving
from gateway.limits import Limits
from gateway.origin import SAFE, SameOrigin
from gateway.pages import Pages
from gateway.refusals import (
    PROBLEMS,
    GatewayRefusal,
    Malformed,
    MethodNotAllowed,
    TooSlow,
    Unavailable,
    Unexpected,
    UnknownRoute,
    UpstreamTooSlow,
)
from gateway.routing import Route, Routes
from gateway.streams import Streams
from kit.auth import MissingScope, Principal
from kit.problems import Refusal
from kit.telemetry import metrics

SECONDS = 15.0
UPLOAD_SECONDS = 300.0

_PEOPLE = (b"/auth/", b"/invitation")
"""Where people come with a browser: a refusal is a page there."""

scopes_refused = Counter(
    "coalition_scopes_refused",
    "Requests for what their caller's role does not carry.",
    ["route", "method"],
    registry=metrics.registry,
)
log = structlog.get_logger()

T = TypeVar("T")
Handler = Callable[[Exchange], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Door:
    """Routes, identifies, checks and forwards one request at a time; `own` are the gateway's own operations."""

    own: Mapping[tuple[str, bytes], Handler]
    routes: Routes
    callers: Callers
    access: Access
    limits: Limits
    origin: SameOrigin
    streams: Streams
    forwarder: Forwarder
    pages: Pages
    deadlines: Deadlines

    async def answer(self, exchange: Exchange) -> None:
        """Answer the request, whatever happens; an answer already begun that cannot be ended is broken off."""
        try:
            await self._answer(exchange)
        except Refusal as refusal:
            await self._refuse(exchange, refusal)
        except ClientGone:
            return
        except PyMongoError as error:
            log.warning("store.away", error=type(error).__name__, route=exchange.route_name, method=exchange.method)
            await self._refuse(exchange, Unavailable())
        except Exception as error:
            log.exception("request.failed", exc_info=error, route=exchange.route_name, method=exchange.method)
            await self._refuse(exchange, Unexpected())

    async def _answer(self, exchange: Exchange) -> None:
        handler = self.own.get((exchange.method, exchange.path))
        if handler is not None:
            exchange.route_name = exchange.path.decode()
            await self._in_time(exchange, handler(exchange), SECONDS)
            return
        if not exchange.query.isascii():
            raise Malformed
        route = self._route(exchange)
        exchange.route_name = route.template
        if route.stream:
            await self._stream(exchange, route)
        else:
            await self._in_time(exchange, self._forward(exchange, route), UPLOAD_SECONDS if route.upload else SECONDS)

    def _route(self, exchange: Exchange) -> Route:
        try:
            return self.routes.find(exchange.method, exchange.path)
        except UnknownRoute:
            allowed = sorted(method for method, path in self.own if path == exchange.path)
            if allowed:
                raise MethodNotAllowed(allowed) from None
            raise

    async def _in_time(self, exchange: Exchange, work: Awaitable[T], seconds: float) -> T:
        try:
            with self.deadlines.within(seconds):
                return await work
        except TimeoutError as error:
            raise _late(exchange) from error

    async def _forward(self, exchange: Exchange, route: Route) -> None:
        caller = await self._admit(exchange, route)
        authorization = caller.authorization if caller is not None else None
        answer = await self.forwarder.request(exchange, route, authorization)
        try:
            await give_back(exchange, answer)
        except BaseException:
            answer.close()  # Half read: no other request may find its rest.
            raise
        answer.release()

    async def _stream(self, exchange: Exchange, route: Route) -> None:
        principal, answer = await self._in_time(exchange, self._open(exchange, route), SECONDS)
        try:
            await self._until_ended(exchange, principal, answer)
        finally:
            answer.close()

    async def _open(self, exchange: Exchange, route: Route) -> tuple[Principal, aiohttp.ClientResponse]:
        caller = await self._admit(exchange, route)
        if caller is None:
            raise UnknownRoute  # Routing refuses a public stream: it would have no end.
        return caller.principal, await self.forwarder.request(exchange, route, caller.authorization)

    async def _until_ended(self, exchange: Exchange, principal: Principal, answer: aiohttp.ClientResponse) -> None:
        async with self.streams.until_ended(principal) as end:
            watcher = asyncio.create_task(watch_for_leaving(exchange, end))
            try:
                await give_back(exchange, answer)
            finally:
                watcher.cancel()
        if not answer.content.at_eof():
            await exchange.part(b"", more=False)

    async def _admit(self, exchange: Exchange, route: Route) -> Caller | None:
        """Return who calls, None on a public route; raise whatever keeps them out."""
        if route.sign_in_limit:
            self.access.require_known()  # The limit is kept where the revocations are: one is away with the other.
            await self.limits.take_sign_in(exchange)
        if route.access == "public":
            exchange.limits = self.limits.take_address(exchange)
            return None
        self.access.require_known()  # Before asking who calls: a cookie's session would be waited for in vain.
        caller = await self.callers.identify(exchange)
        principal = caller.principal
        self.access.require(principal)
        exchange.limits = self.limits.take(principal)
        if not route.scopes <= principal.scopes:
            raise _lacking(principal, route)
        if caller.session is not None and exchange.method not in SAFE:
            await self.origin.require(exchange, caller.session)
        return caller

    async def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        if exchange.status is not None:
            raise ConnectionAbortedError from refusal  # Too late to say why: the server closes the connection.
        if isinstance(refusal, GatewayRefusal) and refusal.close and not exchange.whole:
            await exchange.drain()
        body, headers = exchange.problem(refusal)
        if exchange.path.startswith(_PEOPLE) and exchange.wants_html:
            await self.pages.problem(exchange, refusal, headers)
        else:
            await exchange.answer(PROBLEMS[refusal.code].status, headers, body)


def _lacking(principal: Principal, route: Route) -> MissingScope:
    """Say in the log and in a metric who asked for what their role does not carry: no service hears of it."""
    scope = min(route.scopes - principal.scopes)
    asked = {"route": route.template, "method": route.method}
    log.warning("scope.refused", reason=scope, organization=principal.organization, user=principal.user, **asked)
    scopes_refused.labels(**asked).inc()
    return MissingScope(scope)


def _late(exchange: Exchange) -> GatewayRefusal:
    """Say what a request that took too long was waiting for: the rest of itself, its service, or our own database."""
    if exchange.head.has_body and not exchange.whole:
        return TooSlow()
    return UpstreamTooSlow() if exchange.handed_on else Unavailable()
