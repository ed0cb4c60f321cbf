"""Loops that run side by side and stop for certain.

Python 3.11's `asyncio.wait_for` can swallow a cancellation that meets a result (cpython #86296), and nats-py waits
with it: a task told once to stop may go on. Here it is told again until it has.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

_GRACE_SECONDS = 2.0

Work = Coroutine[Any, Any, None]
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


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


class Gathered(Generic[Asked, Answer]):
    """Lets questions that arrive while others are being answered go together as one: a lone one waits for nobody.

    `answer_all` takes what several asked and returns an answer for each, in order; what it raises, all of them hear.
    """

    _LANES = 2

    def __init__(self, answer_all: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]]) -> None:
        self._answer_all = answer_all
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._lanes: set[asyncio.Task[None]] = set()

    async def ask(self, asked: Asked) -> Answer:
        """Return the answer; who is cancelled while waiting takes nobody along."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if len(self._lanes) < self._LANES:
            lane = asyncio.create_task(self._drain())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return await answer

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                found = await self._answer_all([asked for asked, _ in batch])
            except Exception as error:  # noqa: BLE001 - whatever it is, each who asked hears it
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for (_, answer), result in zip(batch, found, strict=True):
                    if not answer.done():
                        answer.set_result(result)
