"""Persons: in clear only whose record it is and its mnemonic; every data class sealed apart."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.mongo import Database, Session, save_version
from services.referral.domain.identifiers import OrganizationId, PersonId
from services.referral.domain.party import NotFound
from services.referral.domain.person import Person
from services.referral.store.records import Kept, Sealed, to_fields, to_kept

_PERSON = TypeAdapter(Person)

INDEXES = {
    "persons": [
        IndexModel([("organization", ASCENDING), ("mnemonic", ASCENDING)], unique=True),
        IndexModel([("organization", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)]),
    ]
}


class MnemonicTaken(Exception):  # noqa: N818 - it reads as what happened
    """Another person of the organisation has this mnemonic: draw again."""


class People:
    """An organisation's persons; there is no way to ask for another organisation's."""

    def __init__(self, database: Database) -> None:
        self._rows = database["persons"]

    async def of(self, organization: OrganizationId, person: PersonId, session: Session | None = None) -> Kept[Person]:
        """Load a person of this organisation; raises `NotFound`, whether or not the person exists elsewhere."""
        row = await self._rows.find_one({"_id": person, "organization": organization}, session=session)
        if row is None:
            raise NotFound
        return to_kept(_PERSON, row)

    async def save(self, session: Session, person: Person, sealed: Sealed, expected: int) -> Kept[Person]:
        """Write a person; raises `MnemonicTaken`, or `VersionConflict` where it changed since it was loaded."""
        try:
            await save_version(session, self._rows, to_fields(_PERSON, person) | {"sealed": dict(sealed)}, expected)
        except DuplicateKeyError as error:
            raise MnemonicTaken from error
        return Kept(person, expected + 1, sealed=sealed)

    async def page(
        self, organization: OrganizationId, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Kept[Person]]:
        """Return persons from the newest on, nothing of them unsealed."""
        query: dict[str, Any] = {"organization": organization}
        if before is not None:
            query["$or"] = [
                {"created_at": {"$lt": before[0]}},
                {"created_at": before[0], "_id": {"$lt": before[1]}},
            ]
        rows = self._rows.find(query, {"sealed": 0}).sort([("created_at", -1), ("_id", -1)]).limit(limit)
        return [to_kept(_PERSON, row) async for row in rows]

    async def existing(self, persons: Sequence[PersonId]) -> frozenset[PersonId]:
        """Return those of the persons who are stored."""
        rows = await self._rows.find({"_id": {"$in": list(persons)}}, {"_id": 1}).to_list()
        return frozenset(PersonId(row["_id"]) for row in rows)
