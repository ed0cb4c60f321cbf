"""What was told on the bus of an erased record: `ops` deletes it, since no service may take a message off a stream."""

from datetime import datetime

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from kit.messages import stream_of
from kit.mongo import Mongo


async def delete_erased(js: JetStreamContext, mongo: Mongo, service: str, before: datetime) -> int:
    """Delete every message about what was erased before an instant, the erasure's own too; returns how many.

    The stream is read from its beginning, a message at a time; stopped anywhere, the next run does the rest.
    """
    due = {"at": {"$lt": before}, "off_stream": {"$ne": True}}
    erased = {row["_id"] async for row in mongo.db["erasures"].find(due, {"_id": 1})}
    waiting = {"aggregate": {"$in": sorted(erased)}, "pending": True}
    erased -= set(await mongo.db["outbox"].distinct("aggregate", waiting))
    deleted = await _delete(js, stream_of(service), f"{service}.>", erased) if erased else 0
    await mongo.db["erasures"].update_many({"_id": {"$in": sorted(erased)}}, {"$set": {"off_stream": True}})
    return deleted


async def _delete(js: JetStreamContext, stream: str, subjects: str, erased: set[str]) -> int:
    position, deleted = 1, 0
    while True:
        try:
            found = await js.get_msg(stream, seq=position, subject=subjects, next=True)
        except NotFoundError:
            return deleted
        if found.seq is None:
            return deleted
        if (found.headers or {}).get("ce-subject") in erased:
            await js.delete_msg(stream, found.seq)
            deleted += 1
        position = found.seq + 1
