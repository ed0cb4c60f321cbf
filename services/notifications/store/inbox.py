"""The inbox: one entry a person and fact, counted for each person, so that a live stream resumes without loss."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import uuid4

from pymongo import ASCENDING, IndexModel, ReturnDocument

from kit.mongo import Database, Document, Session

# Long enough for a leave; what lasts longer is in the referral itself.
KEPT = timedelta(days=180)
MOST_COUNTED = 1_000
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One notice to one person; `sequence` counts that person's entries, `link` is a path inside the system.

    It is seen by the reader when acting for one of `organizations`, the parties of what it tells about.
    """

    id: str
    user: str
    sequence: int
    organizations: tuple[str, ...]
    kind: str
    link: str
    at: datetime
    read_at: datetime | None


class Inbox:
    """Everybody's entries; what changes a person's inbox also touches their row of `inboxes`, which wakes streams."""

    INDEXES: ClassVar[dict[str, list[IndexModel]]] = {
        "entries": [
            IndexModel([("user", ASCENDING), ("organizations", ASCENDING), ("sequence", ASCENDING)]),
            IndexModel([("user", ASCENDING), ("organizations", ASCENDING), ("read_at", ASCENDING)]),
            IndexModel([("about", ASCENDING)]),
            IndexModel([("at", ASCENDING)], expireAfterSeconds=int(KEPT.total_seconds())),
        ]
    }

    def __init__(self, db: Database) -> None:
        self._entries = db["entries"]
        self._counts = db["inboxes"]

    async def add(
        self, session: Session, user: str, organizations: Iterable[str], kind: str, link: str, about: str, at: datetime
    ) -> Entry:
        """Add an entry in the caller's transaction; `about` is the aggregate it tells of, `referral:<id>`."""
        sequence = await self._next(session, user)
        entry = Entry(str(uuid4()), user, sequence, tuple(organizations), kind, link, at, None)
        await self._entries.insert_one(_document(entry) | {"about": about}, session=session)
        return entry

    async def _next(self, session: Session, user: str) -> int:
        """Count the person's new entry; two transactions that count at once cannot both commit."""
        count: Document | None = await self._counts.find_one_and_update(
            {"_id": user}, {"$inc": {"last": 1}}, upsert=True, return_document=ReturnDocument.AFTER, session=session
        )
        return int(count["last"]) if count else 0

    async def last(self, user: str) -> int:
        """Return the sequence of the person's newest entry, 0 where there never was one."""
        count = await self._counts.find_one({"_id": user})
        return int(count.get("last", 0)) if count else 0

    async def after(self, user: str, organization: str, sequence: int, limit: int) -> list[Entry]:
        """Return what came after `sequence`, oldest first."""
        query = {"user": user, "organizations": organization, "sequence": {"$gt": sequence}}
        return [_entry(row) async for row in self._entries.find(query).sort("sequence", 1).limit(limit)]

    async def before(
        self, user: str, organization: str, sequence: int | None, limit: int, *, unread: bool = False
    ) -> list[Entry]:
        """Return what came before `sequence`, or the newest, newest first; `unread` leaves out what was read."""
        query: Document = {"user": user, "organizations": organization}
        query |= {"sequence": {"$lt": sequence}} if sequence is not None else {}
        query |= {"read_at": None} if unread else {}
        return [_entry(row) async for row in self._entries.find(query).sort("sequence", -1).limit(limit)]

    async def unread(self, user: str, organization: str) -> int:
        """Count unread entries, up to a thousand."""
        query = {"user": user, "organizations": organization, "read_at": None}
        return await self._entries.count_documents(query, limit=MOST_COUNTED)

    async def find(self, user: str, organization: str, entry: str) -> Entry | None:
        """Return one entry of this reader."""
        row = await self._entries.find_one({"_id": entry, "user": user, "organizations": organization})
        return _entry(row) if row else None

    async def mark_read(self, user: str, organization: str, up_to: Entry, at: datetime, *, all_before: bool) -> None:
        """Mark one entry read, or it and everything before it; what was read keeps its time."""
        query: Document = {"user": user, "organizations": organization, "read_at": None}
        query |= {"sequence": {"$lte": up_to.sequence}} if all_before else {"_id": up_to.id}
        result = await self._entries.update_many(query, {"$set": {"read_at": at}})
        if result.modified_count:
            await self._counts.update_one({"_id": user}, {"$inc": {"reads": 1}})

    async def forget(self, session: Session, about: str) -> None:
        """Remove every entry that tells of an erased aggregate."""
        await self._entries.delete_many({"about": about}, session=session)


def _document(entry: Entry) -> Document:
    return {
        "_id": entry.id,
        "schema": SCHEMA,
        "user": entry.user,
        "sequence": entry.sequence,
        "organizations": list(entry.organizations),
        "kind": entry.kind,
        "link": entry.link,
        "at": entry.at,
        "read_at": entry.read_at,
    }


def _entry(row: Document) -> Entry:
    return Entry(
        row["_id"],
        row["user"],
        row["sequence"],
        tuple(row["organizations"]),
        row["kind"],
        row["link"],
        row["at"],
        row["read_at"],
    )
