"""The process of a service: one uvicorn, lean and silent."""

import gc
import os
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Protocol, TypeVar

import structlog
import uvicorn
from fastapi import FastAPI

from kit import telemetry

log = structlog.get_logger()

STOP_SECONDS = 5
"""How long requests and streams under way may take to end once the process is asked to stop."""
LEAVE_SECONDS = 7.0
"""When a process that was asked to stop is gone, whatever still holds it: its database may have stopped first."""


class Listening(Protocol):
    """What `serve` needs of a service's settings."""

    @property
    def host(self) -> str:
        """The address to listen on."""

    @property
    def port(self) -> int:
        """The port to listen on; 0 takes a free one."""

    @property
    def log_level(self) -> str:
        """The lowest level logged."""


S = TypeVar("S", bound=Listening)

_COLLECTED_EVERY = 10_000
"""Objects made between two collections of the youngest; a page of twenty rows makes some thousands."""


class _Server(uvicorn.Server):
    """Tells open streams to end before it waits for them."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        app.state.stop = self.stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop because a signal says so, and for certain."""
        leave_for_certain()
        super().handle_exit(sig, frame)

    def stop(self) -> None:
        """Stop gracefully."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end what is under way, then the lifespan."""
        self._app.state.stopping.set()
        await super().shutdown(sockets)


def leave_for_certain(seconds: float = LEAVE_SECONDS) -> None:
    """End this process after that time, if it is still there; what it was doing is done by whoever comes next."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()


def serve(name: str, create: Callable[[S], FastAPI], settings: S) -> None:
    """Run the service until it is told to stop; exits with 1 when one of its loops died.

    Telemetry is set up before `create`, so that every client it makes is traced.
    """
    telemetry.configure(name, settings.log_level)
    app = create(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    # What is made at start stays: walking it again in every full collection cost a tenth of a list's time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_EVERY)
    _Server(config, app).run()
    if app.state.died:
        log.critical("process.ends", reason="loop-died")
        sys.exit(1)
