"""Effects outside the system (mail, Keycloak, webhooks): at least once, in order, one lane a destination."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import PyMongoError

from kit.clock import Clock
from kit.mongo import Document, Mongo, Session
from kit.tasks import together
from kit.telemetry import metrics

log = structlog.get_logger()

CLAIM = timedelta(seconds=60)
POLL_SECONDS = 0.5
WORKERS = 4
_BACKOFF_SECONDS = (1, 5, 15, 60, 300, 900)

INDEXES = {
    "jobs": [
        IndexModel([("lane", ASCENDING), ("state", ASCENDING), ("order", ASCENDING)]),
        IndexModel([("finished_at", ASCENDING)], expireAfterSeconds=30 * 86_400),
    ],
    "lanes": [IndexModel([("due", ASCENDING)])],
}


class Permanent(Exception):  # noqa: N818 - it reads as what happened
    """The effect can never succeed; `reason` is a code, never a value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Job:
    """One effect to bring about; `key` stays the same at each attempt, so that the other side can know it again."""

    key: str
    kind: str
    destination: str
    payload: Document
    created_at: datetime
    attempts: int


Effect = Callable[[Job], Awaitable[None]]


class Jobs:
    """A service's due effects. A lane is claimed as a whole, so one dead destination holds up nobody."""

    def __init__(self, mongo: Mongo, clock: Clock, kinds: Mapping[str, Effect], holder: str) -> None:
        self._clock = clock
        self._kinds = kinds
        self._holder = holder
        self._jobs = mongo.db["jobs"]
        self._lanes = mongo.db["lanes"]

    async def add(
        self,
        session: Session,
        kind: str,
        destination: str,
        key: str,
        payload: Document,
        at: datetime,
        expires: datetime | None = None,
    ) -> None:
        """Add a job in the caller's transaction; the same key again changes nothing. Past `expires` it is dropped."""
        job = {"kind": kind, "lane": destination, "payload": payload, "created_at": at, "expires": expires}
        result = await self._jobs.update_one(
            {"_id": key},
            {"$setOnInsert": job | {"state": "waiting", "attempts": 0, "order": at}},
            upsert=True,
            session=session,
        )
        if result.upserted_id is not None:
            # `added` lets a worker see that a lane it found empty is empty no longer.
            lane = {"$min": {"due": at}, "$inc": {"added": 1}, "$setOnInsert": {"attempts": 0, "claimed_until": at}}
            await self._lanes.update_one({"_id": destination}, lane, upsert=True, session=session)

    async def run(self) -> None:
        """Bring about what is due, for ever."""
        await together(*(self._work() for _ in range(WORKERS)))

    async def _work(self) -> None:
        while True:
            try:
                lane = await self._claim()
                if lane:
                    await self._drain(lane)
                    continue
            except (PyMongoError, OSError) as error:
                log.warning("jobs.waiting", error=type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)

    async def _claim(self) -> Document | None:
        """Take the lane that has waited longest; nobody else touches it until the claim runs out."""
        now = self._clock()
        found = await self._lanes.find_one_and_update(
            {"due": {"$lte": now}, "claimed_until": {"$lte": now}},
            {"$set": {"claimed_until": now + CLAIM, "holder": self._holder, "claimed": now}},
            sort=[("due", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return dict(found) if found else None

    async def _drain(self, lane: Document) -> None:
        """Do the lane's jobs in order until none is left, one fails, or the claim has run half out."""
        while self._clock() - lane["claimed"] < CLAIM / 2:
            job = await self._jobs.find_one({"lane": lane["_id"], "state": "waiting"}, sort=[("order", 1), ("_id", 1)])
            if job is None:
                return await self._close(lane)
            if not await self._attempt(lane, job):
                return None
        return await self._reschedule(lane, self._clock(), lane["attempts"])

    async def _attempt(self, lane: Document, row: Document) -> bool:
        """Try one job; False when the lane must rest before it is tried again."""
        job = Job(row["_id"], row["kind"], row["lane"], row["payload"], row["created_at"], row["attempts"] + 1)
        if row["expires"] and self._clock() > row["expires"]:
            return await self._finish(job, "expired", None)
        try:
            async with asyncio.timeout(CLAIM.total_seconds() / 3):
                await self._kinds[job.kind](job)
        except Permanent as error:
            return await self._finish(job, "failed", error.reason)
        except Exception as error:  # noqa: BLE001 - whatever the other side does, the job stays
            await self._rest(lane, job, type(error).__name__)
            return False
        return await self._finish(job, "done", None)

    async def _finish(self, job: Job, state: str, reason: str | None) -> bool:
        if state != "done":
            metrics.delivery_failures.labels(job.kind).inc()
            log.error("jobs.given-up", kind=job.kind, state=state, reason=reason)
        change = {"state": state, "reason": reason, "attempts": job.attempts, "finished_at": self._clock()}
        await self._jobs.update_one({"_id": job.key}, {"$set": change})
        return True

    async def _rest(self, lane: Document, job: Job, reason: str) -> None:
        metrics.delivery_failures.labels(job.kind).inc()
        log.warning("jobs.retrying", kind=job.kind, attempts=job.attempts, error=reason)
        await self._jobs.update_one({"_id": job.key}, {"$set": {"attempts": job.attempts, "reason": reason}})
        wait = _BACKOFF_SECONDS[min(lane["attempts"], len(_BACKOFF_SECONDS) - 1)]
        await self._reschedule(lane, self._clock() + timedelta(seconds=wait), lane["attempts"] + 1)

    async def _reschedule(self, lane: Document, due: datetime, attempts: int) -> None:
        claimed = {"_id": lane["_id"], "holder": self._holder, "claimed": lane["claimed"]}
        await self._lanes.update_one(
            claimed, {"$set": {"due": due, "attempts": attempts, "claimed_until": lane["claimed"]}}
        )

    async def _close(self, lane: Document) -> None:
        """Remove an empty lane; where a job was added meanwhile, let it go on at once."""
        untouched = {"_id": lane["_id"], "claimed": lane["claimed"], "added": lane["added"]}
        if (await self._lanes.delete_one(untouched)).deleted_count == 0:
            await self._reschedule(lane, self._clock(), 0)
