"""What tests of every service share: waiting for an outcome, a clock one holds, real servers' coordinates."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")


class ManualClock:
    """A clock that moves only when told."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime(2026, 11, 24, 3, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the instant it shows."""
        return self.now

    def advance(self, step: timedelta) -> None:
        """Move forward, or back with a negative step."""
        self.now += step


async def eventually(check: Callable[[], Awaitable[T]], within: float = 15.0) -> T:
    """Return the first truthy answer of `check`; fails with the last one when none came. Seconds."""
    deadline = time.monotonic() + within
    while not (answer := await check()):
        assert time.monotonic() < deadline, f"not within {within} s: {answer!r}"  # noqa: S101 - it is an assertion
        await asyncio.sleep(0.02)
    return answer
