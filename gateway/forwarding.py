"""Forwards a request to its service and the answer back, streamed both ways, copying as little as it can."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
from yarl import URL

from gateway.exchange import CSP, NO_STORE, ClientGone, Exchange, Headers
from gateway.head import BODY_LIMIT, UPLOAD_LIMIT, content_length
from gateway.refusals import UpstreamUnavailable
from gateway.routing import Route
from kit.problems import Refusal

CONNECTIONS = 256
# Shorter than any server of ours keeps an idle connection, so that we never write into one it is closing.
IDLE_SECONDS = 4
CONNECT_SECONDS = 3

# Hop-by-hop (RFC 9110, 7.6.1), what this hop states itself, and cookies: no service of ours has a say in the session.
_DROPPED = frozenset(
    b"connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade date server "
    b"set-cookie x-request-id ratelimit ratelimit-policy strict-transport-security x-content-type-options "
    b"x-frame-options referrer-policy cross-origin-resource-policy cross-origin-opener-policy".split()
)


class Forwarder:
    """Connections to the services; `open` before use, `close` after."""

    def __init__(self, upstreams: Mapping[str, str]) -> None:
        self._upstreams = {service: url.rstrip("/") for service, url in upstreams.items()}
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool; it connects at first use."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS, ttl_dns_cache=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def request(self, exchange: Exchange, route: Route, authorization: str | None) -> aiohttp.ClientResponse:
        """Send the request on and return the service's answer, its body unread; raise UpstreamUnavailable."""
        assert self._session is not None  # noqa: S101 - opened by the lifespan
        headers = _stated(exchange, exchange.head.forwarded)
        if authorization is not None:
            headers["Authorization"] = authorization
        body = _Body(exchange, UPLOAD_LIMIT if route.upload else BODY_LIMIT)
        target = self._upstreams[route.service] + _target(exchange)
        exchange.handed_on = True
        try:
            # `encoded`: yarl would otherwise rewrite `/a/../b` and `%61`, and the service see another path than we did.
            return await self._session.request(
                route.method, URL(target, encoded=True), headers=headers, data=body.start(), allow_redirects=False
            )
        except (aiohttp.ClientError, OSError) as error:
            raise body.failure or UpstreamUnavailable from error

    async def ask(
        self, exchange: Exchange, route: Route, value: Mapping[str, Any], key: str
    ) -> tuple[int, Mapping[str, Any]]:
        """Ask a public operation for what a form of ours was filled in with, once per `key`; return status and JSON.

        Raise UpstreamUnavailable, also when the answer is not JSON.
        """
        assert self._session is not None  # noqa: S101 - opened by the lifespan
        stated = {"Accept-Language": exchange.language, "Content-Type": "application/json", "Idempotency-Key": key}
        headers = _stated(exchange, stated)
        target = self._upstreams[route.service] + route.template
        exchange.handed_on = True
        try:
            async with self._session.request(route.method, target, headers=headers, json=value) as answer:
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise UpstreamUnavailable from error


def _stated(exchange: Exchange, headers: dict[str, str]) -> dict[str, str]:
    """Add to a request's headers those that this hop states itself."""
    headers["X-Request-Id"] = exchange.id
    headers["traceparent"] = exchange.traceparent
    return headers


def _target(exchange: Exchange) -> str:
    path = exchange.path.decode("ascii")
    return f"{path}?{exchange.query.decode('ascii')}" if exchange.query else path


class _Body:
    """The request's body on its way; remembers why it broke off, since aiohttp reports only that it did."""

    def __init__(self, exchange: Exchange, limit: int) -> None:
        self._exchange = exchange
        self._limit = limit
        self.failure: Refusal | ClientGone | None = None

    def start(self) -> AsyncIterator[bytes] | None:
        """Return the parts to send, or None for a request without a body; raise BodyTooLarge."""
        head = self._exchange.head
        if not head.has_body:
            self._exchange.whole = True
            return None
        length = content_length(head, self._limit)
        if length is not None:
            head.forwarded["Content-Length"] = str(length)
        return self._parts()

    async def _parts(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._exchange.body(self._limit):
                yield part
        except (Refusal, ClientGone) as failure:
            self.failure = failure
            raise


async def give_back(exchange: Exchange, answer: aiohttp.ClientResponse) -> None:
    """Send the service's answer on, part by part as it comes; a part is held only while the caller cannot take it."""
    await exchange.start(answer.status, _headers_of(answer))
    content = answer.content
    more = True
    while more:
        part = await content.readany()
        more = not content.at_eof()
        await exchange.part(part, more=more)


def _headers_of(answer: aiohttp.ClientResponse) -> Headers:
    """Return the service's headers that pass; ours where it states none."""
    headers, csp, caching = [], True, True
    for name, value in answer.raw_headers:
        key = name.lower()
        if key in _DROPPED:
            continue
        headers.append((key, value))
        csp = csp and key != b"content-security-policy"
        caching = caching and key != b"cache-control"
    if csp:
        headers.append(CSP)
    if caching:
        headers.append(NO_STORE)
    return headers


async def watch_for_leaving(exchange: Exchange, end: asyncio.Timeout) -> None:
    """End a stream's timeout at once when its reader has gone."""
    while (await exchange.receive())["type"] != "http.disconnect":
        pass
    end.reschedule(asyncio.get_running_loop().time())
