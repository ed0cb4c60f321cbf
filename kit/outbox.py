"""Messages that wait in the database for the bus: written with the state they tell of, in one transaction."""

from collections.abc import Sequence
from datetime import datetime

from bson import ObjectId
from pymongo import ASCENDING, IndexModel

from kit.messages import Message
from kit.mongo import Database, Document, Session
from kit.telemetry import current_traceparent

MAX_BYTES = 48 * 1024

INDEXES = {
    "outbox": [
        IndexModel([("aggregate", ASCENDING), ("sequence", ASCENDING), ("message_version", ASCENDING)], unique=True),
        IndexModel([("pending", ASCENDING), ("_id", ASCENDING)], partialFilterExpression={"pending": True}),
    ]
}


class MessageTooLarge(Exception):  # noqa: N818 - it reads as what happened
    """A message's JSON is over 48 KiB: the bus would refuse it, so the command must not be accepted."""

    code = "kit.message-too-large"


class Outbox:
    """A service's outbox; the source of truth from which the stream can always be rebuilt."""

    def __init__(self, db: Database, source: str) -> None:
        self.source = source
        self._rows = db["outbox"]

    async def append(
        self,
        session: Session,
        aggregate: str,
        after: int,
        messages: Sequence[Message | tuple[Message, ...]],
        at: datetime,
    ) -> int:
        """Add messages to an aggregate that has told `after` of them; returns the new count.

        A tuple holds the versions of one fact (`.v1` beside `.v2`): they share one sequence.
        """
        rows = []
        for sequence, fact in enumerate(messages, after + 1):
            versions = fact if isinstance(fact, tuple) else (fact,)
            rows += [self._row(aggregate, sequence, message, at) for message in versions]
        if rows:
            await self._rows.insert_many(rows, session=session)
        return after + len(messages)

    def _row(self, aggregate: str, sequence: int, message: Message, at: datetime) -> Document:
        data = message.model_dump_json()
        if len(data.encode()) > MAX_BYTES:
            raise MessageTooLarge
        return {
            "_id": ObjectId(),
            "source": self.source,
            "aggregate": aggregate,
            "sequence": sequence,
            "message_version": int(message.subject.rsplit(".v", 1)[1]),
            "subject": message.subject,
            "data": data,
            "at": at,
            "traceparent": current_traceparent(),
            "pending": True,
        }

    async def erase(self, session: Session, aggregate: str) -> None:
        """Turn an aggregate's rows into tombstones: never published, counted as published, sequences kept."""
        change = {"$set": {"tombstone": True}, "$unset": {"data": "", "traceparent": "", "pending": ""}}
        await self._rows.update_many({"aggregate": aggregate}, change, session=session)
