"""The live stream: one watcher a process wakes the readers it holds, who then read their own inbox.

A wake carries nothing, so it may be lost, doubled or spurious: what a reader gets is what stands in the database after
its own last sequence, in order, each once, from any replica.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from kit.clock import Clock
from kit.mongo import Database, Document
from services.notifications.domain.errors import TooManyStreams
from services.notifications.domain.standing import DENIED
from services.notifications.store import Access, Entry, Inbox

log = structlog.get_logger()

STREAMS_A_PERSON = 8
BATCH = 100
# Without any wake a reader looks all the same: a watcher that hangs delays, and never loses.
LOOK_AGAIN_SECONDS = 30.0
_PIPELINE: list[Document] = [
    {"$match": {"ns.coll": {"$in": ["inboxes", "access"]}}},
    {"$project": {"ns": 1, "documentKey": 1, "fullDocument.user": 1, "fullDocument.organization": 1}},
]


class End(StrEnum):
    """Why a stream ended; the reader may come back with a new token, unless access ended."""

    TOKEN_EXPIRED = "token-expired"  # noqa: S105 - it is a reason
    ACCESS_ENDED = "access-ended"
    RESTARTING = "restarting"


@dataclass(frozen=True, slots=True)
class Ready:
    """The stream has begun after `sequence`; `reset` when the reader named one that was never given."""

    sequence: int
    unread: int
    reset: bool


@dataclass(frozen=True, slots=True)
class Unread:
    """How many entries are unread now, because the reader read some, here or elsewhere."""

    unread: int


Happening = Ready | Entry | Unread | End


class Following:
    """One open stream: what is new to one reader, until their token or their access ends."""

    def __init__(
        self, inbox: Inbox, access: Access, clock: Clock, who: tuple[str, str], after: int | None, expires: datetime
    ) -> None:
        self._inbox = inbox
        self._access = access
        self._clock = clock
        self.user, self.organization = who
        self._after = after
        self._expires = expires
        self._woken = asyncio.Event()
        self._closing = False

    def wake(self) -> None:
        """Have it look again."""
        self._woken.set()

    def close(self) -> None:
        """Have it end: the process is about to stop, and the reader goes to another."""
        self._closing = True
        self.wake()

    async def happenings(self) -> AsyncIterator[Happening]:
        """Yield what is new after a sequence, or from now on, until it ends."""
        ready = await self._begin()
        yield ready
        sequence, unread = ready.sequence, ready.unread
        while True:
            # Before anything is read: what happens from here on wakes again.
            self._woken.clear()
            if end := await self._ended():
                break
            entries = await self._inbox.after(self.user, self.organization, sequence, BATCH)
            for entry in entries:
                yield entry
            if entries:
                sequence, unread = entries[-1].sequence, unread + len(entries)
                continue
            if (counted := await self._inbox.unread(self.user, self.organization)) != unread:
                unread = counted
                yield Unread(unread)
            await self._rest()
        yield end

    async def _begin(self) -> Ready:
        last = await self._inbox.last(self.user)
        unread = await self._inbox.unread(self.user, self.organization)
        if self._after is None:
            return Ready(last, unread, reset=False)
        # A sequence that was never given comes from elsewhere: from here on, and the reader is told to read again.
        return Ready(min(self._after, last), unread, reset=self._after > last)

    async def _ended(self) -> End | None:
        """Say why the stream must end now, if it must."""
        if self._closing:
            return End.RESTARTING
        if self._clock() >= self._expires:
            return End.TOKEN_EXPIRED
        standing = await self._access.standing(self.user, self.organization)
        return End.ACCESS_ENDED if standing in DENIED else None

    async def _rest(self) -> None:
        """Wait for a wake, for the token's end, or a while."""
        left = (self._expires - self._clock()) / timedelta(seconds=1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(LOOK_AGAIN_SECONDS, left))):
                await self._woken.wait()


class Live:
    """Every stream this process holds, and the watcher they share."""

    def __init__(self, db: Database, inbox: Inbox, access: Access, clock: Clock) -> None:
        self._db = db
        self._inbox = inbox
        self._access = access
        self._clock = clock
        self._by_user: dict[str, set[Following]] = {}

    @contextlib.contextmanager
    def following(self, user: str, organization: str, after: int | None, expires: datetime) -> Iterator[Following]:
        """Hold a place among the person's streams; raises `TooManyStreams`."""
        streams = self._by_user.setdefault(user, set())
        if len(streams) >= STREAMS_A_PERSON:
            raise TooManyStreams
        found = Following(self._inbox, self._access, self._clock, (user, organization), after, expires)
        streams.add(found)
        try:
            yield found
        finally:
            streams.discard(found)
            if not streams:
                self._by_user.pop(user, None)

    def _everyone(self) -> list[Following]:
        return [found for streams in self._by_user.values() for found in streams]

    async def close_at(self, stopping: asyncio.Event) -> None:
        """End every stream once the process is asked to stop."""
        await stopping.wait()
        for found in self._everyone():
            found.close()

    async def run(self) -> None:
        """Watch for ever; what was missed while the watch was down, everyone looks for at once."""
        while True:
            try:
                async with await self._db.watch(_PIPELINE, max_await_time_ms=5_000) as changes:
                    for found in self._everyone():
                        found.wake()
                    async for change in changes:
                        self._notice(change)
            except (PyMongoError, OSError) as error:
                log.warning("live.waiting", error=type(error).__name__)
                await asyncio.sleep(1)

    def _notice(self, change: dict[str, Any]) -> None:
        """Wake the one whose inbox changed, or everyone whom a loss of access concerns."""
        if change["ns"]["coll"] == "inboxes":
            concerned = list(self._by_user.get(change["documentKey"]["_id"], ()))
        else:
            fact = change.get("fullDocument", {})
            concerned = [found for found in self._everyone() if _concerns(found, fact)]
        for found in concerned:
            found.wake()


def _concerns(following: Following, fact: dict[str, Any]) -> bool:
    """Say whether a loss of access concerns the reader; without a user it is the whole organisation's."""
    return fact.get("organization") == following.organization and fact.get("user") in (None, following.user)
