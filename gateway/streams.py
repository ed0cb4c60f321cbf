"""Open streams: each ends with its token, with its reader, and the moment its principal loses access."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from gateway.refusals import TooManyStreams
from kit.auth import Principal
from kit.clock import Clock

PER_CALLER = 20


@dataclass(eq=False, slots=True)
class _Open:
    principal: Principal
    timeout: asyncio.Timeout


class Streams:
    """The streams this replica holds open; `holds` says who may go on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: set[_Open] = set()
        self._callers: Counter[tuple[str, str]] = Counter()

    @contextlib.asynccontextmanager
    async def until_ended(self, principal: Principal) -> AsyncIterator[asyncio.Timeout]:
        """Run the block until the token expires or `review` finds the access gone; raise TooManyStreams."""
        caller = (principal.user, principal.organization)
        if self._callers[caller] >= PER_CALLER:
            raise TooManyStreams
        left = (principal.expires - self._clock()).total_seconds()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left) as timeout:
                entry = _Open(principal, timeout)
                self._enter(caller, entry)
                try:
                    yield timeout
                finally:
                    self._leave(caller, entry)

    def review(self, holds: Callable[[Principal], bool]) -> None:
        """End each stream whose principal no longer may."""
        now = asyncio.get_running_loop().time()
        for entry in self._open:
            if not holds(entry.principal) and not entry.timeout.expired():
                entry.timeout.reschedule(now)

    def end_all(self) -> None:
        """End every stream, since the gateway stops."""
        self.review(lambda _: False)

    def __len__(self) -> int:
        return len(self._open)

    def _enter(self, caller: tuple[str, str], entry: _Open) -> None:
        self._open.add(entry)
        self._callers[caller] += 1

    def _leave(self, caller: tuple[str, str], entry: _Open) -> None:
        self._open.discard(entry)
        self._callers[caller] -= 1
        if not self._callers[caller]:
            del self._callers[caller]
