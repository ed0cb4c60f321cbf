"""What was done at once in serious danger, and its reviews; the facts sealed under the person's key."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING, IndexModel

from kit.messages import Message
from kit.mongo import Database, Document, Session, save_version
from kit.outbox import Outbox
from services.referral.domain.emergency import Emergency
from services.referral.domain.identifiers import EmergencyId, PersonId
from services.referral.domain.party import NotFound
from services.referral.store.records import Kept, Sealed, to_fields, to_kept

_EMERGENCY = TypeAdapter(Emergency)
_NEWEST = [("at", DESCENDING), ("_id", DESCENDING)]
_OF_COORDINATION = {"with_coordination": True}

INDEXES = {
    "emergencies": [
        IndexModel([("owner", ASCENDING), *_NEWEST]),
        IndexModel([("person", ASCENDING)]),
        IndexModel([("recipient", ASCENDING), *_NEWEST], partialFilterExpression={"recipient": {"$gt": ""}}),
        IndexModel([("with_coordination", ASCENDING), *_NEWEST], partialFilterExpression=_OF_COORDINATION),
    ]
}


class Emergencies:
    """Emergencies of every organisation; who may read one is decided after it is loaded."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._rows = database["emergencies"]
        self._outbox = outbox

    async def by_id(self, session: Session | None, emergency: EmergencyId) -> Kept[Emergency]:
        """Load an emergency; raises `NotFound`."""
        row = await self._rows.find_one({"_id": emergency}, session=session)
        if row is None:
            raise NotFound
        return to_kept(_EMERGENCY, row)

    async def save(
        self,
        session: Session,
        emergency: Emergency,
        messages: Sequence[Message],
        at: datetime,
        *,
        sealed: Sealed,
        kept: Kept[Emergency] | None = None,
    ) -> Kept[Emergency]:
        """Write an emergency over the one loaded, or as a new one, with what it tells."""
        version, told = (kept.version, kept.told) if kept else (0, 0)
        told = await self._outbox.append(session, f"emergency:{emergency.id}", told, messages, at)
        row = {**to_fields(_EMERGENCY, emergency), "told": told, "sealed": dict(sealed)}
        await save_version(session, self._rows, row, version)
        return Kept(emergency, version + 1, told, sealed)

    async def about(self, session: Session, person: PersonId) -> list[Kept[Emergency]]:
        """Return everything done at once about a person, in whatever organisation."""
        return [to_kept(_EMERGENCY, row) async for row in self._rows.find({"person": person}, session=session)]

    async def of_persons(self, persons: Sequence[PersonId]) -> list[EmergencyId]:
        """Return the emergencies about several persons, by id alone."""
        rows = self._rows.find({"person": {"$in": list(persons)}}, {"_id": 1})
        return [EmergencyId(row["_id"]) async for row in rows]

    async def page(self, wanted: Document, before: tuple[datetime, str] | None, limit: int) -> list[Kept[Emergency]]:
        """Return emergencies from the newest on, nothing of them unsealed."""
        query = dict(wanted)
        if before is not None:
            query["$or"] = [{"at": {"$lt": before[0]}}, {"at": before[0], "_id": {"$lt": before[1]}}]
        rows = self._rows.find(query, {"sealed": 0}).sort(_NEWEST).limit(limit)
        return [to_kept(_EMERGENCY, row) async for row in rows]
