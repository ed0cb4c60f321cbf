"""The server: uvicorn's HTTP/1.1, with the bounds it leaves open on the size and slowness of a request's head."""

import asyncio
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.exchange import API_CSP
from gateway.refusals import PROBLEMS, HeadersTooLarge, Malformed, TooSlow
from kit.http.server import STOP_SECONDS, leave_for_certain
from kit.problems import Refusal, body_of, rendered

HEAD_LIMIT = 16 * 1024
HEAD_SECONDS = 15.0
IDLE_SECONDS = 15
CONNECTIONS = 8_000


class Gathering:
    """A transport that sends what was written within one turn of the loop at once.

    Uvicorn writes an answer's head and body apart, and a system call costs more than all our own work on a request:
    one instead of two is a quarter of the gateway's CPU (measured).
    """

    __slots__ = ("_held", "_loop", "_transport", "get_extra_info", "is_closing", "pause_reading", "resume_reading")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        """Send with all else that is written before the loop turns."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def close(self) -> None:
        """Send what is held, then close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._held:
            held, self._held = self._held, []
            self._transport.write(b"".join(held))


class DoorProtocol(HttpToolsProtocol):
    """A connection: its request heads are at most 16 KiB and arrive within 15 s, and so does what follows an answer."""

    _since: float | None = None
    _head_bytes = 0
    _in_head = True
    _refusal: Refusal | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock: a connection that says nothing is not kept either."""
        super().connection_made(Gathering(cast("asyncio.Transport", transport), self.loop))  # type: ignore[arg-type]
        self._since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Parse, and refuse a head that is still not whole after 16 KiB: httptools would keep it all."""
        if self._since is None and self._in_head:
            self._since = self.loop.time()
            self._head_bytes = 0
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT and self._since is not None:
                self.refuse(HeadersTooLarge())

    def on_headers_complete(self) -> None:
        """Refuse a head that is whole but too large; otherwise let the request begin."""
        self._in_head = False
        size = len(self.url) + sum([len(name) + len(value) + 4 for name, value in self.headers])
        if size > HEAD_LIMIT:
            self._refusal = HeadersTooLarge()
            raise ValueError
        super().on_headers_complete()
        # What follows the body (trailers) is parsed into this list: it must not become the request's headers.
        self.headers = []
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False  # We speak nothing else, and the parser reads no further request.

    def on_message_complete(self) -> None:
        """The request is whole: the connection may rest."""
        super().on_message_complete()
        self._since = None
        self._in_head = True

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: anyone could fill the log."""

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be parsed as a problem, in both senses of the word; uvicorn's text is not for people."""
        del msg
        self.refuse(self._refusal or Malformed())

    def is_too_slow(self, now: float) -> bool:
        """Say whether a request has been arriving for too long that nobody waits for."""
        waited_for = not self._in_head and self.cycle is not None and not self.cycle.response_complete
        return self._since is not None and not waited_for and now - self._since > HEAD_SECONDS

    def refuse(self, refusal: Refusal) -> None:
        """Answer and close, without the application; a whole request before it is still answered first."""
        heard = self._head_bytes > 0 or refusal.code != TooSlow.code
        self._since = None
        self._unset_keepalive_if_required()
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False
                return
            heard = not cycle.response_started and not self.pipeline
            cycle.disconnected = True
            cycle.message_event.set()
        if heard and not self.transport.is_closing():
            self.transport.write(_whole_answer(refusal))
        self.transport.close()


def _whole_answer(refusal: Refusal) -> bytes:
    problem = PROBLEMS[refusal.code]
    body, headers = rendered(body_of(refusal.code, problem, "fr", None), "fr")
    lines = [b"HTTP/1.1 %d " % problem.status]
    lines += [name + b": " + value for name, value in headers]
    lines += [b"connection: close", b"content-security-policy: " + API_CSP, b"x-content-type-options: nosniff"]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def close_slow(connections: Iterable[Any]) -> None:
    """Close what arrives too slowly, each second; never ends."""
    while True:
        await asyncio.sleep(1)
        now = asyncio.get_running_loop().time()
        for connection in list(connections):
            if isinstance(connection, DoorProtocol) and connection.is_too_slow(now):
                connection.refuse(TooSlow())


class DoorServer(uvicorn.Server):
    """Uvicorn with this door's bounds: one process, no access log, no proxy headers, no WebSocket."""

    def __init__(self, app: ASGIApp, host: str, port: int, stopping: Callable[[], None] = lambda: None) -> None:
        self._stopping = stopping
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                http=DoorProtocol,
                loop="uvloop",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
                limit_concurrency=CONNECTIONS,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop because a signal says so, and for certain."""
        leave_for_certain()
        super().handle_exit(sig, frame)

    async def serve(self, sockets: Any = None) -> None:
        """Serve until told to stop, closing slow connections beside."""
        sweeper = asyncio.create_task(close_slow(self.server_state.connections))
        try:
            await super().serve(sockets)
        finally:
            sweeper.cancel()

    async def shutdown(self, sockets: Any = None) -> None:
        """End what would never end by itself, then let the rest finish."""
        self._stopping()
        await super().shutdown(sockets)
