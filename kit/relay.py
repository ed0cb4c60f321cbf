"""The one active publisher of a service: outbox rows to the stream, each aggregate strictly by sequence."""

import asyncio
import contextlib
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

import structlog
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from pymongo.errors import PyMongoError

from kit.bus import Bus
from kit.messages import headers_of, stream_of
from kit.mongo import Document, Lease, LeaseLost, Mongo, Session
from kit.tasks import together
from kit.telemetry import metrics

log = structlog.get_logger()

BATCH = 256
POLL_SECONDS = 1.0
LEASE_SECONDS = 10.0
MEASURE_SECONDS = 15.0
ALARM_RATIO = 0.7
_WRONG_LAST_SEQUENCE = 10071
_LAST_SEQUENCE = re.compile(r"wrong last sequence: (\d+)")


class StreamLost(Exception):  # noqa: N818 - it reads as what happened
    """The stream holds less than was published to it: only `coalition stream rebuild` may go on."""


@dataclass(slots=True)
class _Position:
    """Where the stream ends as far as we know, and what is published of each aggregate since we hold the lease."""

    last: int
    published: dict[str, int]
    renewed: float


class Relay:
    """Publishes a service's outbox while it holds the service's lease."""

    def __init__(self, mongo: Mongo, bus: Bus, source: str, holder: str, lease_seconds: float = LEASE_SECONDS) -> None:
        self._mongo = mongo
        self._bus = bus
        self._source = source
        self._rows = mongo.db["outbox"]
        self._lease = Lease(mongo.db, lease_name(source), holder, lease_seconds)
        self._wake = asyncio.Event()
        self._filling = False

    async def run(self) -> None:
        """Publish for ever; every fault of the bus or the database is waited out, a lost stream is alarmed."""
        try:
            await together(self._publish(), self._watch(), self._measure())
        finally:
            with contextlib.suppress(Exception):
                await self._lease.release()

    async def _publish(self) -> None:
        while True:
            try:
                await self._hold()
            except LeaseLost:
                log.warning("relay.lease-lost", source=self._source)
            except StreamLost:
                metrics.stream_lost.labels(self._source).set(1)
                log.error("relay.stream-lost", source=self._source)
            except (PyMongoError, OSError, NatsError) as error:
                log.warning("relay.waiting", source=self._source, error=type(error).__name__)
            except Exception:
                log.exception("relay.failed", source=self._source)
            await asyncio.sleep(POLL_SECONDS)

    async def _hold(self) -> None:
        """Take the lease and publish until it is lost or something breaks."""
        granted = await self._lease.acquire()
        if granted is None:
            return
        position = _Position(granted.get("stream_sequence", 0), {}, asyncio.get_running_loop().time())
        while True:
            self._wake.clear()
            busy = await self._publish_some(position)
            await self._keep(position)
            if not busy:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._wake.wait()

    async def _keep(self, position: _Position) -> None:
        """Renew the lease between two steps, however long a batch takes: a step that hangs loses it."""
        now = asyncio.get_running_loop().time()
        if now - position.renewed > self._lease.seconds / 3:
            await self._lease.renew()
            position.renewed = now

    async def _publish_some(self, position: _Position) -> bool:
        """Publish one batch of rows that may go now; False when there is nothing to do."""
        pending = await self._rows.find({"pending": True}).sort("_id", 1).limit(BATCH).to_list()
        _observe_age(self._source, pending)
        rows = in_order(pending, await self._published_before(pending, position))
        if not rows:
            return False
        sent = await self._send(rows, position)
        await self._record(sent, position)
        metrics.stream_lost.labels(self._source).set(0)
        return True

    async def _published_before(self, pending: list[Document], position: _Position) -> dict[str, int]:
        """Return the last published sequence of each aggregate in the batch."""
        unknown = {row["aggregate"] for row in pending} - position.published.keys()
        if len(position.published) > 50_000:  # noqa: PLR2004 - a bound on memory, not a rule
            position.published.clear()
            unknown = {row["aggregate"] for row in pending}
        position.published.update(dict.fromkeys(unknown, 0))
        later = [row["aggregate"] for row in pending if row["sequence"] > 1 and row["aggregate"] in unknown]
        if later:
            query = {"aggregate": {"$in": list(set(later))}, "pending": {"$ne": True}}
            known = self._rows.find(query, {"aggregate": 1, "sequence": 1, "_id": 0})
            async for row in known:
                position.published[row["aggregate"]] = max(position.published[row["aggregate"]], row["sequence"])
        return position.published

    async def _send(self, rows: list[Document], position: _Position) -> list[Document]:
        """Publish breath by breath, each one by one from the first that was not taken; returns the rows now stored."""
        for breath in in_breaths(rows):
            await self._keep(position)
            acks = await self._send_pipelined(breath, position.last)
            position.last += acks
            for row in breath[acks:]:
                await self._keep(position)
                await self._send_carefully(row, position)
        return rows

    async def _send_pipelined(self, rows: list[Document], last: int) -> int:
        """Publish all rows before the first answer; returns how many were taken in a run from the start."""
        js = self._bus.jetstream()
        # Not `publish_async`: where the stream refuses, nats-py 2.16 never answers it.
        answers = (
            js.publish(row["subject"], row["data"].encode(), headers=self._headers(row, last + offset))
            for offset, row in enumerate(rows)
        )
        taken = 0
        results = await asyncio.gather(*answers, return_exceptions=True)
        for offset, result in enumerate(results, 1):
            if isinstance(result, BaseException) or result.duplicate or result.seq != last + offset:
                break
            taken += 1
        return taken

    async def _send_carefully(self, row: Document, position: _Position) -> None:
        """Publish one row, believing the stream about where it ends: a lost ack and a rival look the same."""
        while True:
            try:
                ack = await self._bus.jetstream().publish(
                    row["subject"], row["data"].encode(), headers=self._headers(row, position.last)
                )
            except APIError as error:
                await self._correct(position, error)
                continue
            # A duplicate was stored before: the stream's end did not move.
            position.last = position.last if ack.duplicate else ack.seq
            return

    async def _correct(self, position: _Position, error: APIError) -> None:
        """Take the stream's own word for its end when it is further; less than we published means loss."""
        found = _LAST_SEQUENCE.search(error.description or "")
        if error.err_code != _WRONG_LAST_SEQUENCE or found is None:
            raise error
        actual = int(found.group(1))
        if actual < position.last:
            raise StreamLost
        await self._lease.renew()
        position.last = actual

    def _headers(self, row: Document, last: int) -> dict[str, str]:
        expected = {"Nats-Msg-Id": str(row["_id"]), "Nats-Expected-Last-Sequence": str(last)}
        return headers_of(row) | expected | {"Nats-Expected-Stream": stream_of(self._source)}

    async def _record(self, rows: list[Document], position: _Position) -> None:
        """Mark the rows as published, in one transaction with the lease: a former holder records nothing."""

        async def work(session: Session) -> None:
            await self._lease.fence(session, {"stream_sequence": position.last})
            await self._rows.update_many(
                {"_id": {"$in": [row["_id"] for row in rows]}}, {"$unset": {"pending": ""}}, session=session
            )

        await self._mongo.transaction(work)
        for row in rows:
            position.published[row["aggregate"]] = row["sequence"]

    async def _measure(self) -> None:
        """Tell how full the stream is: at its limit the outbox waits, so somebody must know long before."""
        while True:
            # A figure that is missing for a while harms nobody; what ails the bus is told where it hurts.
            with contextlib.suppress(OSError, NatsError, APIError):
                info = await self._bus.jetstream().stream_info(stream_of(self._source))
                if limit := info.config.max_bytes:
                    self._tell_fill(max(0.0, info.state.bytes / limit))
            await asyncio.sleep(MEASURE_SECONDS)

    def _tell_fill(self, ratio: float) -> None:
        """Show how full the stream is, and say it once when that is too much."""
        metrics.stream_fill.labels(self._source).set(ratio)
        if ratio >= ALARM_RATIO and not self._filling:
            log.error("relay.stream-filling", source=self._source, number=round(ratio * 100))
        self._filling = ratio >= ALARM_RATIO

    async def _watch(self) -> None:
        """Wake the relay when a row is written; the poll catches what a broken change stream misses."""
        while True:
            try:
                only_inserts: list[Document] = [{"$match": {"operationType": "insert"}}, {"$project": {"_id": 1}}]
                async with await self._rows.watch(only_inserts, max_await_time_ms=5_000) as changes:
                    async for _ in changes:
                        self._wake.set()
            except (PyMongoError, OSError):
                await asyncio.sleep(POLL_SECONDS)


def in_order(pending: Iterable[Document], published: dict[str, int]) -> list[Document]:
    """Return the rows that may go now: each aggregate's run without a gap after what is `published` of it."""
    aggregates: dict[str, list[Document]] = defaultdict(list)
    for row in pending:
        aggregates[row["aggregate"]].append(row)
    ready: list[Document] = []
    for aggregate, rows in aggregates.items():
        expected = published.get(aggregate, 0) + 1
        rows.sort(key=lambda row: (row["sequence"], row["message_version"]))
        for sequence, versions in groupby(rows, key=lambda row: row["sequence"]):
            # A sibling version may follow in a later batch than its first: same sequence, already counted.
            if sequence > expected:
                break
            ready.extend(versions)
            expected = sequence + 1
    return ready


def in_breaths(rows: Iterable[Document]) -> list[list[Document]]:
    """Cut the rows into breaths that hold at most one row of an aggregate, in the rows' order.

    Rows published in one breath do not wait for each other's answers. Where a rival, or a relay that was killed, left
    the stream longer than we think, the first may be refused and a later one fit: it must not be its successor.
    """
    breaths: list[list[Document]] = []
    told: dict[str, int] = defaultdict(int)
    for row in rows:
        breath = told[row["aggregate"]]
        told[row["aggregate"]] += 1
        if breath == len(breaths):
            breaths.append([])
        breaths[breath].append(row)
    return breaths


def lease_name(source: str) -> str:
    """Name the lease under which a service's relay publishes."""
    return f"relay:{source}"


def _observe_age(source: str, pending: list[Document]) -> None:
    oldest = min((row["_id"].generation_time.timestamp() for row in pending), default=None)
    metrics.observe_outbox_age(source, oldest)


async def rebuild(mongo: Mongo, source: str, recreate: Callable[[], Awaitable[None]]) -> int:
    """Delete and recreate the stream by `recreate`, then let the relay publish every row anew; returns their count.

    The lease is closed meanwhile, so a live relay stops; running it again after a crash completes it.
    """
    leases, rows = mongo.db["leases"], mongo.db["outbox"]
    await leases.update_one({"_id": lease_name(source)}, {"$set": {"closed": True}, "$inc": {"epoch": 1}}, upsert=True)
    await recreate()
    result = await rows.update_many({"tombstone": {"$ne": True}}, {"$set": {"pending": True}})
    change = {"$set": {"stream_sequence": 0}, "$unset": {"closed": "", "holder": "", "until": ""}}
    await leases.update_one({"_id": lease_name(source)}, change)
    return result.matched_count
