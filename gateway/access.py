"""Access taken away: known here within seconds, whatever tokens say and whether or not the bus runs.

Membership writes a row in its command's own transaction, the gateway one for each session it ends:
`{_id: "organization:<id>" | "member:<organization>:<user>" | "app:<client>" | "session:<sid>", revoked, sequence, at}`.
A row with `before` refuses only tokens issued before that instant: roles were taken away, and later tokens know it.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, cast

import structlog
from bson import CodecOptions, decode_all
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError, PyMongoError

from gateway.refusals import AccessEnded, AccessUnknown
from kit.auth import Principal
from kit.clock import Clock, utc_now
from kit.mongo import Database, ensure_indexes

EVERY = 2.0
STALE = 4.0
PATIENCE = 1.5
AGAIN = 0.25
SESSION_KEPT = timedelta(hours=9)
"""Longer than any session lives (8 h); a row of a session that cannot come back is cleared."""
INDEXES = {
    "revocations": [
        IndexModel([("revoked", ASCENDING), ("_id", ASCENDING)]),
        IndexModel([("until", ASCENDING)], expireAfterSeconds=0),
    ]
}

_AWARE = CodecOptions[dict[str, Any]](tz_aware=True)

log = structlog.get_logger()


def keys_of(principal: Principal) -> tuple[str, ...]:
    """Return every row that would take this principal's access away."""
    organization, user = principal.organization, principal.user
    keys = (f"organization:{organization}", f"member:{organization}:{user}", f"app:{principal.client}")
    return (*keys, f"session:{principal.session}") if principal.session else keys


class Access:
    """What is revoked, as far as this replica knows, and how old that knowledge is."""

    def __init__(self, database: Database, replica: str, changed: Callable[[], None], clock: Clock = utc_now) -> None:
        self._rows = database["revocations"]
        self._heartbeats = database["gateways"]
        self._database = database
        self._replica = replica
        self._changed = changed
        self._clock = clock
        self._revoked: frozenset[str] = frozenset()
        self._before: dict[str, datetime] = {}
        self._read_at = float("-inf")
        self._digest = b""
        self._wake = asyncio.Event()

    @property
    def fresh(self) -> bool:
        """Say whether the revocations were read within the last 4 s."""
        return time.monotonic() - self._read_at < STALE

    def require_known(self) -> None:
        """Raise AccessUnknown when our knowledge is too old: nobody can be let in, so nobody need be identified."""
        if not self.fresh:
            raise AccessUnknown

    def require(self, principal: Principal) -> None:
        """Let the principal pass, or raise AccessEnded, or AccessUnknown when our knowledge is too old."""
        self.require_known()
        if self._taken_away(principal):
            raise AccessEnded

    def require_session(self, sid: str) -> None:
        """Let a signed-in person without an organisation pass, or raise AccessEnded or AccessUnknown."""
        self.require_known()
        if f"session:{sid}" in self._revoked:
            raise AccessEnded

    def holds(self, principal: Principal) -> bool:
        """Say whether the principal may go on."""
        return self.fresh and not self._taken_away(principal)

    def _taken_away(self, principal: Principal) -> bool:
        keys = keys_of(principal)
        if not self._revoked.isdisjoint(keys):
            return True
        limits = (self._before[key] for key in keys if key in self._before)
        return any(principal.issued < limit for limit in limits)

    async def ensure_indexes(self) -> None:
        """Create the indexes that reading and clearing need."""
        await ensure_indexes(self._database, INDEXES)

    async def end_session(self, session: str) -> None:
        """Revoke a Keycloak session on every replica."""
        now = self._clock()
        row = {"revoked": True, "sequence": 1, "at": now, "until": now + SESSION_KEPT}
        with contextlib.suppress(DuplicateKeyError):  # Another replica ended it at the same instant.
            await self._rows.update_one({"_id": f"session:{session}"}, {"$setOnInsert": row}, upsert=True)
        self._wake.set()

    async def keep_reading(self) -> None:
        """Read again every 2 s, and at once when something changes; never ends."""
        while True:
            self._wake.clear()
            pause = EVERY
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._read()
                self._changed()
            except (PyMongoError, TimeoutError) as error:
                log.warning("access.unread", error=type(error).__name__)
                pause = AGAIN
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def watch_age(self) -> None:
        """Tell whoever holds streams open as soon as our knowledge is too old; never ends."""
        while True:
            await asyncio.sleep(AGAIN)
            if not self.fresh:
                self._changed()

    async def tail(self) -> None:
        """Follow the changes; they only wake the reader, so a missed one costs 2 s and nothing else. Never ends."""
        while True:
            try:
                async with await self._rows.watch([], max_await_time_ms=1000) as changes:
                    async for _ in changes:
                        self._wake.set()
            except PyMongoError as error:
                log.warning("access.untailed", error=type(error).__name__)
            await asyncio.sleep(1)

    async def _read(self) -> None:
        started = time.monotonic()
        # A majority write first: a primary that was voted out elsewhere cannot confirm it, and its rows may be old.
        await self._heartbeats.update_one({"_id": self._replica}, {"$set": {"at": self._clock()}}, upsert=True)
        # Raw: as long as not a byte has changed, thousands of rows cost nothing to read again.
        found = self._rows.find_raw_batches({"revoked": True}, {"_id": 1, "before": 1}, sort=[("_id", ASCENDING)])
        rows = b"".join(cast("list[bytes]", [batch async for batch in found]))
        digest = blake2b(rows, digest_size=16).digest()
        if digest != self._digest:
            self._take(decode_all(rows, _AWARE))
            self._digest = digest
        self._read_at = started

    def _take(self, rows: list[dict[str, Any]]) -> None:
        limits = {row["_id"]: row.get("before") for row in rows}
        self._revoked = frozenset(key for key, limit in limits.items() if limit is None)
        self._before = {key: limit for key, limit in limits.items() if limit is not None}
