"""The outermost layer of a service: request id, body limit, latency, and the last word on an unknown failure."""

import re
import time
from uuid import uuid4

import structlog
from opentelemetry import trace
from prometheus_client import Histogram
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit.problems import PROBLEMS, body_of, language_of, rendered
from kit.telemetry import continue_trace, leave_trace, metrics, request_id

log = structlog.get_logger()

MAX_BODY = 256 * 1024
"""Bytes of a request's body."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{8,64}")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_READ = frozenset((b"x-request-id", b"content-length", b"transfer-encoding", b"accept-language", b"traceparent"))


class Edge:
    """Pure ASGI: adds one frame and no task to a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._latencies: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name in _READ}
        identity = _identity(headers)
        token = request_id.set(identity)
        # Where spans are made, FastAPI has made the current one; elsewhere the caller's trace id must still go on.
        traced = None if "fastapi.telemetry" in scope else headers.get(b"traceparent")
        trace_token = continue_trace(traced.decode("latin-1")) if traced else None
        answer = _Answer(send, identity)
        began = time.perf_counter()
        try:
            await self._pass_on(headers, scope, receive, answer)
        finally:
            self._observe(scope, answer.status, time.perf_counter() - began)
            if trace_token:
                leave_trace(trace_token)
            request_id.reset(token)

    async def _pass_on(self, headers: dict[bytes, bytes], scope: Scope, receive: Receive, answer: "_Answer") -> None:
        if int(headers.get(b"content-length", b"0")) > MAX_BODY:
            await answer.refuse("request.too-large", headers)
            return
        if b"transfer-encoding" in headers:
            receive = _limited(receive)
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            log.exception("request.failed", route=_route(scope), method=_method(scope))
            trace.get_current_span().set_attribute("error.type", type(error).__qualname__)
            if answer.status:
                # Half an answer is out: only breaking the connection tells the caller.
                raise
            await answer.refuse("service.failed", headers)

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        labels = (_route(scope), _method(scope), status)
        latency = self._latencies.get(labels)
        if latency is None:
            latency = self._latencies[labels] = metrics.requests.labels(*labels)
        latency.observe(seconds)


class _Answer:
    """What goes back: adds the request id, remembers the status."""

    def __init__(self, send: Send, identity: str) -> None:
        self._send = send
        self._identity = identity
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self._identity.encode())]
        await self._send(message)

    async def refuse(self, code: str, headers: dict[bytes, bytes]) -> None:
        """Send a problem from outside the routes; the connection ends, as the body may not have been read."""
        language = language_of(headers.get(b"accept-language", b"").decode("latin-1") or None)
        body = body_of(code, PROBLEMS[code], language, self._identity)
        content, described = rendered(body, language)
        described.append((b"connection", b"close"))
        await self({"type": "http.response.start", "status": body["status"], "headers": described})
        await self({"type": "http.response.body", "body": content})


def _identity(headers: dict[bytes, bytes]) -> str:
    """Return the gateway's request id when it looks like one, or a new one."""
    given = headers.get(b"x-request-id")
    return given.decode() if given and _REQUEST_ID.fullmatch(given) else str(uuid4())


def _route(scope: Scope) -> str:
    """Return the matched path's template: a path itself may hold identifiers."""
    return getattr(scope.get("route"), "path_format", "unmatched")


def _method(scope: Scope) -> str:
    """Return the method, or `OTHER`: a caller may invent any number of them, and each would be a series of its own."""
    return scope["method"] if scope["method"] in _METHODS else "OTHER"


def _limited(receive: Receive) -> Receive:
    """Count a body that comes without its length, and refuse it when it grows too large."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MAX_BODY:
            raise HTTPException(413)
        return message

    return counted
