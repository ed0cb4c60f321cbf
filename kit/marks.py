"""What a consumer has done, without end: one mark document per (consumer, aggregate), and what it parked."""

from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.messages import Envelope
from kit.mongo import Database, Document, Session

INDEXES = {
    "marks": [
        IndexModel([("consumer", ASCENDING), ("aggregate", ASCENDING)], unique=True),
        IndexModel(
            [("consumer", ASCENDING), ("replay", ASCENDING)], partialFilterExpression={"replay": True}, name="replay"
        ),
    ],
    "parked": [
        IndexModel([("consumer", ASCENDING), ("aggregate", ASCENDING), ("sequence", ASCENDING)], unique=True),
    ],
}


class AlreadySeen(Exception):  # noqa: N818 - it reads as what happened
    """The message is a duplicate, or its aggregate waits behind a parked one: its effect must not happen now."""


class NotParked(Exception):  # noqa: N818 - it reads as what happened
    """No such parked message."""


class Marks:
    """One consumer's marks. Handling, parking, replaying and dropping all write them, so they exclude each other."""

    def __init__(self, db: Database, consumer: str) -> None:
        self.consumer = consumer
        self.marks = db["marks"]
        self.parked = db["parked"]

    def _key(self, aggregate: str) -> str:
        return f"{self.consumer}|{aggregate}"

    async def advance(self, session: Session, aggregate: str, sequence: int) -> None:
        """Claim the message inside its effect's transaction; raises `AlreadySeen`, which aborts it."""
        guard = {"_id": self._key(aggregate), "sequence": {"$lt": sequence}, "parked": {"$not": {"$gt": 0}}}
        update = {"$set": {"sequence": sequence}, "$setOnInsert": self._identity(aggregate)}
        try:
            await self.marks.update_one(guard, update, upsert=True, session=session)
        except DuplicateKeyError as error:
            raise AlreadySeen from error

    def _identity(self, aggregate: str) -> Document:
        return {"consumer": self.consumer, "aggregate": aggregate}

    async def step_aside(self, session: Session, envelope: Envelope) -> bool:
        """Park a message behind an earlier parked one of its aggregate; False when it is a plain duplicate."""
        mark = await self.marks.find_one({"_id": self._key(envelope.aggregate)}, session=session)
        if mark is None or envelope.sequence <= mark["sequence"] or not mark.get("parked"):
            return False
        return await self.park(session, envelope, "behind-parked")

    async def park(self, session: Session, envelope: Envelope, reason: str) -> bool:
        """Keep the message with its reason and let its aggregate's later ones wait; False when it was kept before."""
        row = {"consumer": self.consumer, "aggregate": envelope.aggregate, "sequence": envelope.sequence}
        if await self.parked.find_one(row, session=session):
            return False
        facts = {
            "message_id": envelope.id,
            "source": envelope.source,
            "subject": envelope.subject,
            "time": envelope.time,
            "body": envelope.body,
            "traceparent": envelope.traceparent,
            "reason": reason,
        }
        await self.parked.insert_one(row | facts, session=session)
        update = {"$inc": {"parked": 1}, "$setOnInsert": self._identity(envelope.aggregate) | {"sequence": 0}}
        await self.marks.update_one({"_id": self._key(envelope.aggregate)}, update, upsert=True, session=session)
        return True

    async def forget_parked(self, session: Session, aggregate: str, sequence: int) -> None:
        """An erased aggregate: its parked messages go, and the mark stands at the erasure or beyond."""
        await self.parked.delete_many(self._identity(aggregate), session=session)
        update = {"$set": {"parked": 0, "replay": False}, "$max": {"sequence": sequence}}
        await self.marks.update_one(
            {"_id": self._key(aggregate)},
            update | {"$setOnInsert": self._identity(aggregate)},
            upsert=True,
            session=session,
        )

    async def replayable(self) -> str | None:
        """Return an aggregate whose parked messages someone asked to replay."""
        mark = await self.marks.find_one({"consumer": self.consumer, "replay": True})
        return mark["aggregate"] if mark else None

    async def first_parked(self, session: Session, aggregate: str) -> Document | None:
        """Return the earliest parked message of an aggregate."""
        return await self.parked.find_one(self._identity(aggregate), sort=[("sequence", 1)], session=session)

    async def unpark(self, session: Session, row: Document) -> None:
        """Take a parked message out and let the mark pass it."""
        await self.parked.delete_one({"_id": row["_id"]}, session=session)
        update: dict[str, Any] = {"$max": {"sequence": row["sequence"]}, "$inc": {"parked": -1}}
        await self.marks.update_one({"_id": self._key(row["aggregate"])}, update, session=session)

    async def refuse_replay(self, session: Session, aggregate: str, reason: str | None) -> None:
        """End a replay: with a reason, the first parked message failed again; without, nothing is left."""
        await self.marks.update_one({"_id": self._key(aggregate)}, {"$set": {"replay": False}}, session=session)
        first = await self.first_parked(session, aggregate) if reason else None
        if first:
            await self.parked.update_one({"_id": first["_id"]}, {"$set": {"reason": reason}}, session=session)

    async def is_parked(self, aggregate: str) -> bool:
        """Say whether an aggregate has parked messages: what it would have told is unknown, so deny."""
        mark = await self.marks.find_one({"_id": self._key(aggregate)}, {"parked": 1})
        return bool(mark and mark.get("parked"))

    async def forget_everything(self) -> None:
        """Forget every mark and parked message of a projection's copy, before it is filled anew."""
        await self.parked.delete_many({"consumer": self.consumer})
        await self.marks.delete_many({"consumer": self.consumer})


async def ask_replay(db: Database, consumer: str, aggregate: str | None = None) -> int:
    """Ask a consumer to replay its parked messages in order, of one aggregate or all; returns how many aggregates."""
    query: Document = {"consumer": consumer, "parked": {"$gt": 0}} | ({"aggregate": aggregate} if aggregate else {})
    result = await db["marks"].update_many(query, {"$set": {"replay": True}})
    return result.matched_count


async def drop_parked(session: Session, db: Database, consumer: str, aggregate: str, by: str, at: datetime) -> int:
    """Give up the earliest parked message of an aggregate and say who did; returns its sequence."""
    marks = Marks(db, consumer)
    row = await marks.first_parked(session, aggregate)
    if row is None:
        raise NotParked
    await marks.unpark(session, row)
    dropped = {key: row[key] for key in ("consumer", "aggregate", "sequence", "subject", "message_id", "reason")}
    await db["dropped"].insert_one(dropped | {"by": by, "at": at}, session=session)
    return int(row["sequence"])
