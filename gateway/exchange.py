"""One request and its answer, over raw ASGI."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Message, Receive, Scope, Send

from gateway.head import Head, read_head
from gateway.refusals import PROBLEMS, BodyTooLarge, GatewayRefusal
from kit.problems import Language, Refusal, body_of, language_of, rendered

Headers = list[tuple[bytes, bytes]]

DRAINED = 1024 * 1024
DRAIN_SECONDS = 1.0
FORM_LIMIT = 64 * 1024

# OWASP REST security: an API's answers are data, never a document that runs or frames anything.
API_CSP = b"default-src 'none'; frame-ancestors 'none'"
_ALWAYS: Headers = [
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
CSP = (b"content-security-policy", API_CSP)
NO_STORE = (b"cache-control", b"no-store")


class ClientGone(Exception):  # noqa: N818 - it reads as what happened
    """The caller closed the connection before its request was whole."""


class Exchange:
    """A request being answered; `status` is None until the answer has started.

    `whole` once all of it has arrived; `handed_on` once a service may have begun on it.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.receive = receive
        self.send = send
        # W3C trace context: one random id serves as trace and request id, so that either finds the other.
        ids = os.urandom(24).hex()
        self.id = ids[:32]
        self.traceparent = f"00-{self.id}-{ids[32:]}-01"
        self.status: int | None = None
        self.whole = False
        self.handed_on = False
        self._kept: bytes | None = None
        self._head: Head | None = None
        self.limits: Headers = []
        self.route_name = "none"

    def belongs_to(self, trace: int, span: int, flags: int) -> None:
        """Take the ids of the trace and span that were begun for this request."""
        self.id = f"{trace:032x}"
        self.traceparent = f"00-{self.id}-{span:016x}-{flags:02x}"

    @property
    def head(self) -> Head:
        """The request's headers, sorted once; raises Malformed."""
        if self._head is None:
            self._head = read_head(self.scope["headers"])
        return self._head

    @property
    def language(self) -> Language:
        """The reader's language: `lang` in the query where a page offers it, else Accept-Language, else French."""
        chosen = self.parameter("lang")
        if chosen in ("fr", "en"):
            return "fr" if chosen == "fr" else "en"
        accepted = [value for name, value in self.scope["headers"] if name == b"accept-language"]
        return language_of(b",".join(accepted).decode("latin-1") or None)

    @property
    def wants_html(self) -> bool:
        """Say whether a browser asks for a page rather than a program for data."""
        return any(name == b"accept" and b"text/html" in value for name, value in self.scope["headers"])

    def parameter(self, name: str) -> str | None:
        """Return a query parameter that came exactly once."""
        found = parse_qs(self.query.decode("latin-1"), max_num_fields=20).get(name, []) if self.query else []
        return found[0] if len(found) == 1 else None

    def cookie(self, name: bytes) -> str | None:
        """Return a cookie's value; None when it is absent or came twice, since one of the two may be planted."""
        found = [
            value
            for pair in self.head.own.get(b"cookie", b"").split(b";")
            for key, _, value in [pair.strip().partition(b"=")]
            if key == name
        ]
        return found[0].decode("latin-1") if len(found) == 1 else None

    async def body(self, limit: int) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; raises BodyTooLarge past the limit, ClientGone when it breaks off."""
        if self._kept is not None:
            yield self._kept
            return
        received = 0
        while not self.whole:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self.whole = not message.get("more_body", False)
            received += len(message["body"])
            if received > limit:
                raise BodyTooLarge
            yield message["body"]

    async def read(self, limit: int = FORM_LIMIT) -> bytes:
        """Return the whole body, for what the gateway reads itself; it can still be forwarded after."""
        if self._kept is None:
            self._kept = b"".join([part async for part in self.body(limit)])
        return self._kept

    async def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the status and headers, with those that every answer carries."""
        self.status = status
        own = [(b"x-request-id", self.id.encode()), *_ALWAYS, *self.limits]
        await self.send({"type": "http.response.start", "status": status, "headers": [*headers, *own]})

    async def part(self, body: bytes, *, more: bool) -> None:
        """Send a part of the body."""
        message: Message = {"type": "http.response.body", "body": body, "more_body": more}
        await self.send(message)

    async def answer(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes = b"") -> None:
        """Send a whole answer; our own Content-Security-Policy unless `headers` bring one."""
        # A problem comes with its length; two of them, even equal, are refused by strict clients (RFC 9110, 8.6).
        described = [header for header in headers if header[0] != b"content-length"]
        described.append((b"content-length", str(len(body)).encode()))
        if not any(name == b"content-security-policy" for name, _ in described):
            described.append(CSP)
        await self.start(status, described)
        await self.part(body, more=False)

    async def json(self, status: int, value: Mapping[str, Any], headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Answer a JSON object that nobody may store."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        await self.answer(status, [(b"content-type", b"application/json"), NO_STORE, *headers], body)

    async def redirect(self, location: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Send the browser elsewhere, with GET."""
        await self.answer(303, [(b"location", location.encode("ascii")), NO_STORE, *headers])

    def described(self, refusal: Refusal) -> dict[str, Any]:
        """Return the problem's members, in the reader's language."""
        detail = getattr(refusal, "detail", None)
        return body_of(refusal.code, PROBLEMS[refusal.code], self.language, self.id, detail=detail)

    def problem(self, refusal: Refusal) -> tuple[bytes, Headers]:
        """Return the problem's body and headers; a half-read request ends its connection."""
        body, headers = rendered(self.described(refusal), self.language)
        if isinstance(refusal, GatewayRefusal):
            headers.extend(refusal.headers)
            if refusal.close:
                headers.append((b"connection", b"close"))
        return body, headers

    async def drain(self) -> None:
        """Read and drop up to 1 MiB of an unwanted body for 1 s, so that the caller can hear why it was refused."""
        if any(name == b"expect" for name, _ in self.scope["headers"]):
            return  # The caller waits for our word before it sends anything; reading would give it.
        dropped = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self.whole and dropped < DRAINED:
                    message = await self.receive()
                    if message["type"] == "http.disconnect":
                        return
                    self.whole = not message.get("more_body", False)
                    dropped += len(message["body"])
