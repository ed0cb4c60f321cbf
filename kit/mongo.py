"""One database a service: majority journaled writes, transactions, guarded versions and leases."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, IndexModel, ReadPreference, ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

Session = AsyncClientSession
Document = dict[str, Any]
Database = AsyncDatabase[Document]
Collection = AsyncCollection[Document]

T = TypeVar("T")

_DURABLE = WriteConcern(w="majority", j=True)
# Writes that wait longer than this for a primary fail, so that a request ends and a loop can say what is wrong.
_SERVER_SELECTION_MS = 3_000


class VersionConflict(Exception):  # noqa: N818 - it reads as what happened
    """The document changed since it was loaded."""

    code = "kit.version-conflict"


class LeaseLost(Exception):  # noqa: N818 - it reads as what happened
    """Another process holds the lease now; whatever was under way must not be recorded."""


class Mongo:
    """A service's own database and the client that reaches it."""

    def __init__(self, client: AsyncMongoClient[Document], database: str) -> None:
        self.client = client
        self.db: Database = client.get_database(
            database,
            codec_options=CodecOptions(tz_aware=True),
            write_concern=_DURABLE,
            read_concern=ReadConcern("majority"),
            read_preference=ReadPreference.PRIMARY,
        )

    @classmethod
    def connect(cls, url: str, database: str) -> Self:
        """Make a client that connects at its first use; nothing touches the network here."""
        client: AsyncMongoClient[Document] = AsyncMongoClient(
            url, tz_aware=True, serverSelectionTimeoutMS=_SERVER_SELECTION_MS, connectTimeoutMS=_SERVER_SELECTION_MS
        )
        return cls(client, database)

    async def transaction(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Run `work` in one snapshot transaction, again when MongoDB says it may pass: it must bear repeating."""
        async with self.client.start_session() as session:
            return await session.with_transaction(
                work,
                read_concern=ReadConcern("snapshot"),
                write_concern=_DURABLE,
                read_preference=ReadPreference.PRIMARY,
            )

    async def reachable(self) -> bool:
        """Say whether a primary answers."""
        try:
            await self.client.admin.command("ping", read_preference=ReadPreference.PRIMARY)
        except Exception:  # noqa: BLE001 - any failure means the same: not now
            return False
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self.client.close()


async def ensure_indexes(db: Database, indexes: Mapping[str, Sequence[IndexModel]]) -> None:
    """Create the declared indexes of each collection that do not exist yet."""
    for collection, models in indexes.items():
        await db[collection].create_indexes(list(models))


async def save_version(session: Session, collection: Collection, document: Document, expected: int) -> None:
    """Write the document as version `expected + 1`; `expected` 0 inserts it. Raises `VersionConflict`."""
    document["version"] = expected + 1
    try:
        if expected == 0:
            await collection.insert_one(document, session=session)
            return
        guard = {"_id": document["_id"], "version": expected}
        result = await collection.replace_one(guard, document, session=session)
    except DuplicateKeyError as error:
        if "_id" not in (error.details or {}).get("keyPattern", {}):
            raise
        raise VersionConflict from error
    if result.matched_count == 0:
        raise VersionConflict


class Lease:
    """One holder at a time, by the database's own clock; `epoch` fences whoever held it before."""

    def __init__(self, db: Database, name: str, holder: str, seconds: float = 10.0) -> None:
        self.name = name
        self.holder = holder
        self.seconds = seconds
        self.epoch = 0
        self._leases = db["leases"]

    async def acquire(self) -> Document | None:
        """Take or renew the lease; the lease document, or None while another holds it or it is `closed`."""
        mine = {"$eq": ["$holder", self.holder]}
        free = {"$lt": [{"$ifNull": ["$until", "$$NOW"]}, "$$NOW"]}
        missing = {"$eq": [{"$type": "$holder"}, "missing"]}
        granted = {"$and": [{"$ne": ["$closed", True]}, {"$or": [mine, free, missing]}]}
        until = {"$add": ["$$NOW", int(self.seconds * 1000)]}
        epoch = {"$ifNull": ["$epoch", 0]}
        fields = {
            "epoch": {"$cond": [{"$and": [granted, {"$not": [mine]}]}, {"$add": [epoch, 1]}, epoch]},
            "until": {"$cond": [granted, until, "$until"]},
            "holder": {"$cond": [granted, self.holder, "$holder"]},
        }
        document = await self._upsert([{"$set": {"_granted": granted}}, {"$set": fields}, {"$unset": "_granted"}])
        if document["holder"] != self.holder or document.get("closed"):
            return None
        self.epoch = document["epoch"]
        return document

    async def renew(self) -> None:
        """Hold it further; raises `LeaseLost` when another holds it, or held it since: what we know is old then."""
        epoch = self.epoch
        if await self.acquire() is None or self.epoch != epoch:
            raise LeaseLost

    async def _upsert(self, pipeline: list[Document]) -> Document:
        found = await self._leases.find_one_and_update(
            {"_id": self.name}, pipeline, upsert=True, return_document=ReturnDocument.AFTER
        )
        return dict(found or {})

    async def fence(self, session: Session | None, changes: Document | None = None) -> None:
        """Record `changes` on the lease if it is still ours; raises `LeaseLost`, which aborts the transaction."""
        guard = {"_id": self.name, "holder": self.holder, "epoch": self.epoch, "closed": {"$ne": True}}
        update = {"$set": {**(changes or {}), "fenced": self.epoch}}
        result = await self._leases.update_one(guard, update, session=session)
        if result.matched_count == 0:
            raise LeaseLost

    async def release(self) -> None:
        """Let another take it at once; the state it carries stays."""
        guard = {"_id": self.name, "holder": self.holder, "epoch": self.epoch}
        await self._leases.update_one(guard, {"$unset": {"holder": "", "until": ""}})
