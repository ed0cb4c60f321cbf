"""Due work that survives kills and clock jumps: expiry, reminders, retention."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from pymongo import ASCENDING, DeleteOne, IndexModel, ReturnDocument, UpdateOne
from pymongo.errors import PyMongoError

from kit.clock import Clock
from kit.mongo import Document, Mongo, Session

log = structlog.get_logger()

CLAIM = timedelta(seconds=30)
POLL_SECONDS = 0.5
_BACKOFF_SECONDS = (1, 5, 30, 60)

INDEXES = {
    "timers": [
        IndexModel([("claimable", ASCENDING)]),
        IndexModel([("key", ASCENDING), ("kind", ASCENDING)], unique=True),
    ]
}

Due = Callable[[str, datetime], Awaitable[None]]
Kind = TypeVar("Kind", bound=str)


class Timers:
    """A service's timers: one for each (kind, key). A handler re-reads its aggregate, so firing twice does no harm."""

    def __init__(self, mongo: Mongo, clock: Clock, kinds: Mapping[str, Due]) -> None:
        self._clock = clock
        self._kinds = kinds
        self._timers = mongo.db["timers"]

    async def set(self, session: Session, kind: str, key: str, due: datetime) -> None:
        """Set or move the timer, in the caller's transaction."""
        await self.arrange(session, key, {kind: due})

    async def cancel(self, session: Session, kind: str, key: str) -> None:
        """Remove the timer if it is set, in the caller's transaction."""
        await self.arrange(session, key, {kind: None})

    async def arrange(self, session: Session, key: str, due: Mapping[Kind, datetime | None]) -> None:
        """Set or move a key's timers by kind, and remove those due at None, in the caller's transaction."""
        changes = [_change(f"{kind}|{key}", kind, key, at) for kind, at in due.items()]
        if changes:
            # Unordered, they are two commands however many they are.
            await self._timers.bulk_write(changes, ordered=False, session=session)

    async def cancel_all(self, session: Session, key: str) -> None:
        """Remove every timer of a key, in the caller's transaction."""
        await self._timers.delete_many({"key": key}, session=session)

    async def run(self) -> None:
        """Fire what is due, for ever."""
        while True:
            try:
                while await self.fire_next():
                    pass
            except (PyMongoError, OSError) as error:
                log.warning("timers.waiting", error=type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)

    async def fire_next(self) -> bool:
        """Fire the timer that is due first; False when none is."""
        now = self._clock()
        timer = await self._timers.find_one_and_update(
            {"claimable": {"$lte": now}, "kind": {"$in": list(self._kinds)}},
            {"$set": {"claimable": now + CLAIM}, "$inc": {"attempts": 1}},
            sort=[("claimable", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        if timer is None:
            return False
        await self._fire(timer)
        return True

    async def _fire(self, timer: Document) -> None:
        """Call the handler; the timer goes unless the handler set it anew, and comes back later when it failed."""
        unchanged = {"_id": timer["_id"], "due": timer["due"], "claimable": timer["claimable"]}
        try:
            async with asyncio.timeout(CLAIM.total_seconds() / 2):
                await self._kinds[timer["kind"]](timer["key"], timer["due"])
        except Exception as error:  # noqa: BLE001 - the timer stays until its work is done
            log.warning("timers.retrying", kind=timer["kind"], error=type(error).__name__)
            wait = _BACKOFF_SECONDS[min(timer["attempts"], len(_BACKOFF_SECONDS)) - 1]
            later = self._clock() + timedelta(seconds=wait)
            await self._timers.update_one(unchanged, {"$set": {"claimable": later}})
            return
        await self._timers.delete_one(unchanged)


def _change(identity: str, kind: str, key: str, due: datetime | None) -> UpdateOne | DeleteOne:
    if due is None:
        return DeleteOne({"_id": identity})
    change = {"$set": {"due": due, "claimable": due, "attempts": 0}, "$setOnInsert": {"kind": kind, "key": key}}
    return UpdateOne({"_id": identity}, change, upsert=True)
