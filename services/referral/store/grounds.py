"""Recorded grounds: the facts sealed under the person's key; accepting under one and closing it write the same row."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from kit.messages import Message
from kit.mongo import Database, Document, Session, save_version
from kit.outbox import Outbox
from services.referral.domain.grounds import Ground
from services.referral.domain.identifiers import GroundId, OrganizationId, PersonId
from services.referral.domain.party import NotFound
from services.referral.store.records import Kept, Sealed, to_fields, to_kept

GROUND = TypeAdapter(Ground)

INDEXES = {
    "grounds": [
        IndexModel([("person", ASCENDING), ("at", ASCENDING)]),
        IndexModel([("owner", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)]),
    ]
}


class Grounds:
    """Grounds of every organisation; who may read one is decided after it is loaded."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._rows = database["grounds"]
        self._outbox = outbox

    async def by_id(self, session: Session | None, ground: GroundId) -> Kept[Ground]:
        """Load a ground; raises `NotFound`."""
        row = await self._rows.find_one({"_id": ground}, session=session)
        if row is None:
            raise NotFound
        return to_kept(GROUND, row)

    async def touch_open(self, session: Session, ground: GroundId) -> Ground | None:
        """Write an open ground so that whoever closes it meanwhile collides with us; None where it is closed."""
        row = await self._rows.find_one_and_update(
            {"_id": ground, "closed_at": None},
            {"$inc": {"version": 1}},
            session=session,
            return_document=ReturnDocument.AFTER,
        )
        return to_kept(GROUND, row).state if row else None

    async def save(
        self,
        session: Session,
        ground: Ground,
        messages: Sequence[Message],
        at: datetime,
        *,
        sealed: Sealed,
        kept: Kept[Ground] | None = None,
    ) -> Kept[Ground]:
        """Write a ground over the one loaded, or as a new one, with what it tells."""
        version, told = (kept.version, kept.told) if kept else (0, 0)
        told = await self._outbox.append(session, f"ground:{ground.id}", told, messages, at)
        row = {**to_fields(GROUND, ground), "told": told, "sealed": dict(sealed)}
        await save_version(session, self._rows, row, version)
        return Kept(ground, version + 1, told, sealed)

    async def open_to(
        self, session: Session, person: PersonId, organizations: frozenset[OrganizationId]
    ) -> list[Kept[Ground]]:
        """Return the open grounds about a person whose recipient is one of these organisations."""
        query = {"person": person, "recipient": {"$in": sorted(organizations)}, "closed_at": None}
        return [to_kept(GROUND, row) async for row in self._rows.find(query, session=session)]

    async def of_person(self, person: PersonId) -> Sequence[Kept[Ground]]:
        """Return what was recorded about a person, oldest first, nothing unsealed."""
        rows = self._rows.find({"person": person}, {"sealed": 0}).sort("at", 1)
        return [to_kept(GROUND, row) async for row in rows]

    async def of_persons(self, persons: Sequence[PersonId]) -> list[GroundId]:
        """Return the grounds about several persons, by id alone."""
        rows = self._rows.find({"person": {"$in": list(persons)}}, {"_id": 1})
        return [GroundId(row["_id"]) async for row in rows]

    async def page(self, wanted: Document, before: tuple[datetime, str] | None, limit: int) -> list[Kept[Ground]]:
        """Return grounds from the newest on, nothing of them unsealed."""
        query = dict(wanted)
        if before is not None:
            query["$or"] = [{"at": {"$lt": before[0]}}, {"at": before[0], "_id": {"$lt": before[1]}}]
        rows = self._rows.find(query, {"sealed": 0}).sort([("at", -1), ("_id", -1)]).limit(limit)
        return [to_kept(GROUND, row) async for row in rows]
