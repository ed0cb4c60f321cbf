"""A live stream that a party keeps open: what came, and when and how it ended."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

STREAM = "/api/v1/notifications/stream"


class Listener:
    """One open stream of server-sent events; `ended` is a monotonic instant, None while it is open."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.ended: float | None = None
        self._ready = asyncio.Event()

    async def follow(self, client: httpx2.AsyncClient) -> None:
        """Read the stream until the system ends it."""
        try:
            with contextlib.suppress(httpx2.TransportError):
                async with client.stream("GET", STREAM, timeout=None) as answer:
                    await self._read(answer)
        finally:
            self.ended = time.monotonic()
            self._ready.set()

    async def ready(self) -> None:
        """Wait until the stream is open."""
        await self._ready.wait()

    def kinds(self) -> list[str]:
        """Return the kinds of the notices that came, in order."""
        return [data["kind"] for name, data in self.events if name == "entry"]

    async def _read(self, answer: httpx2.Response) -> None:
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event:"):
                name = line.removeprefix("event:").strip()
            elif line.startswith("data:"):
                self.events.append((name, json.loads(line.removeprefix("data:"))))
                self._ready.set()


@asynccontextmanager
async def listening(client: httpx2.AsyncClient) -> AsyncIterator[Listener]:
    """Follow a party's notices beside the play."""
    listener = Listener()
    task = asyncio.create_task(listener.follow(client))
    try:
        await listener.ready()
        yield listener
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
