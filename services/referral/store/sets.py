"""Sets of referrals sent for one need: whoever accepts writes the set, so that two who accept at once collide."""

from collections.abc import Sequence

from pydantic import TypeAdapter
from pymongo import ASCENDING, IndexModel, ReturnDocument

from kit.mongo import Collection, Database, Session, save_version
from services.referral.domain.identifiers import PersonId, ReferralSetId
from services.referral.domain.party import NotFound
from services.referral.domain.race import ReferralSet
from services.referral.store.records import Kept, to_fields, to_kept

_SET = TypeAdapter(ReferralSet)

INDEXES = {"referral_sets": [IndexModel([("person", ASCENDING)])]}


class Sets:
    """Which referrals were sent together, and which of them has the need alone."""

    def __init__(self, database: Database) -> None:
        self._rows: Collection = database["referral_sets"]

    async def by_id(self, found: ReferralSetId, session: Session | None = None) -> Kept[ReferralSet]:
        """Load a set; raises `NotFound`."""
        row = await self._rows.find_one({"_id": found}, session=session)
        if row is None:
            raise NotFound
        return to_kept(_SET, row)

    async def touch(self, session: Session, found: ReferralSetId) -> Kept[ReferralSet]:
        """Load a set and write it, so that an acceptance and whatever must not pass it collide."""
        row = await self._rows.find_one_and_update(
            {"_id": found}, {"$inc": {"version": 1}}, session=session, return_document=ReturnDocument.AFTER
        )
        if row is None:
            raise NotFound
        return to_kept(_SET, row)

    async def save(self, session: Session, fresh: ReferralSet, expected: int = 0) -> None:
        """Write a set over the version loaded, or as a new one."""
        await save_version(session, self._rows, to_fields(_SET, fresh), expected)

    async def of_persons(self, persons: Sequence[PersonId]) -> list[ReferralSetId]:
        """Return the sets of several persons, by id alone."""
        rows = self._rows.find({"person": {"$in": list(persons)}}, {"_id": 1})
        return [ReferralSetId(row["_id"]) async for row in rows]
