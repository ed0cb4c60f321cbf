"""Deadlines of requests, watched by one clock: a timer a request would cost more than routing it does."""

import asyncio
from types import TracebackType
from typing import Self

STEP = 0.5
"""Seconds by which a deadline may be late."""


class Deadline:
    """`with deadlines.within(15):` raises TimeoutError in the block that takes longer, as `asyncio.timeout` does."""

    __slots__ = ("_deadlines", "_seconds", "at", "expired", "task")

    def __init__(self, deadlines: "Deadlines", seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self.expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a request is answered in a task
        self.task = task
        self.at = self._deadlines.now + self._seconds
        self._deadlines.open.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadlines.open.discard(self)
        if self.expired and self.task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error


class Deadlines:
    """The deadlines under way in this process."""

    def __init__(self) -> None:
        self.now = 0.0
        self.open: set[Deadline] = set()

    def within(self, seconds: float) -> Deadline:
        """Return a block that may take so many seconds, give or take half a second."""
        return Deadline(self, seconds)

    async def keep(self) -> None:
        """Move the clock and end what is late; never ends."""
        loop = asyncio.get_running_loop()
        while True:
            self.now = loop.time()
            for deadline in [found for found in self.open if found.at < self.now]:
                self.open.discard(deadline)
                deadline.expired = True
                deadline.task.cancel()
            await asyncio.sleep(STEP)
