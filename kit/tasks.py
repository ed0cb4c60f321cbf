"""Loops that run side by side and stop for certain.

Python 3.11's `asyncio.wait_for` can swallow a cancellation that meets a result (cpython #86296), and nats-py waits
with it: a task told once to stop may go on. Here it is told again until it has.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

_GRACE_SECONDS = 2.0

Work = Coroutine[Any, Any, None]


async def stop(*tasks: asyncio.Task[None]) -> None:
    """Cancel the tasks, again every 2 s, until each has ended; whoever is told to stop meanwhile does so after."""
    told = False
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        try:
            await asyncio.wait(pending, timeout=_GRACE_SECONDS)
        except asyncio.CancelledError:
            told = True
    for task in tasks:
        # Asked for, so that asyncio does not report it: what broke while it was being stopped concerns nobody.
        _ = task.cancelled() or task.exception()
    if told:
        raise asyncio.CancelledError


async def together(*work: Work) -> None:
    """Run all until one ends; then stop the others and raise what it raised."""
    async with running(*work) as tasks:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


@contextlib.asynccontextmanager
async def running(*work: Work) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run all beside the block and stop them with it."""
    tasks = [asyncio.create_task(item, name=getattr(item, "__qualname__", None)) for item in work]
    try:
        yield tasks
    finally:
        await stop(*tasks)
