"""Persons: in clear only whose record it is and its mnemonic; every data class sealed apart."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from kit.mongo import Database, Document, Session, save_version
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.identifiers import OrganizationId, PersonId, UserId
from services.referral.domain.party import NotFound, Reader
from services.referral.domain.person import Person
from services.referral.store.exclusions import Pseudonyms
from services.referral.store.records import Kept, Sealed, to_fields, to_kept

_PERSON = TypeAdapter(Person)

INDEXES = {
    "persons": [
        IndexModel([("organization", ASCENDING), ("mnemonic", ASCENDING)], unique=True),
        IndexModel([("organization", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("hidden_from", ASCENDING)], sparse=True),
        # Not sparse: it is also how a record without its place in the index of names is found.
        IndexModel([("names", ASCENDING), ("organization", ASCENDING)]),
        # Whatever writes a record takes its date away, and so has it looked at again.
        IndexModel([("check_at", ASCENDING)]),
    ]
}


class MnemonicTaken(Exception):  # noqa: N818 - it reads as what happened
    """Another person of the organisation has this mnemonic: draw again."""


class People:
    """An organisation's persons; there is no way to ask for another organisation's."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms) -> None:
        self._rows = database["persons"]
        self._pseudonyms = pseudonyms

    def _kept(self, row: Document) -> Kept[Person]:
        return to_kept(_PERSON, {**row, "excluded": self._pseudonyms.read(row)})

    async def of(self, reader: Reader, person: PersonId, session: Session | None = None) -> Kept[Person]:
        """Load a person of the reader's organisation; raises `NotFound` where there is none, or none for them."""
        query = {"_id": person, "organization": reader.organization}
        row = await self._rows.find_one(query | self._seen_by(reader), session=session)
        if row is None:
            raise NotFound
        return self._kept(row)

    async def seen_by(self, reader: Reader, person: PersonId, session: Session | None = None) -> Kept[Person]:
        """Load the person a record is about, of whatever organisation; raises `NotFound` to whom they exclude."""
        row = await self._rows.find_one({"_id": person} | self._seen_by(reader), session=session)
        if row is None:
            raise NotFound
        return self._kept(row)

    async def behind(self, person: PersonId, session: Session | None = None) -> Kept[Person]:
        """Load the person a record is about, for whom that record is judged already; raises `NotFound`."""
        row = await self._rows.find_one({"_id": person}, session=session)
        if row is None:
            raise NotFound
        return self._kept(row)

    async def hold(self, session: Session, person: PersonId) -> Kept[Person]:
        """Load a person and write the document, so that whoever changes their exclusions meanwhile collides."""
        row = await self._rows.find_one_and_update(
            {"_id": person}, {"$inc": {"held": 1}}, session=session, return_document=ReturnDocument.AFTER
        )
        if row is None:
            raise NotFound
        return self._kept(row)

    async def hold_for(self, session: Session, reader: Reader, person: PersonId) -> Kept[Person]:
        """Hold a person for someone who acts on them; raises `NotFound` to whom they exclude by now."""
        kept = await self.hold(session, person)
        if kept.state.excluded.shuts_out(reader.organization, reader.user):
            raise NotFound
        return kept

    async def exclude(self, session: Session, person: PersonId, excluded: Exclusions) -> None:
        """Write whom a person excludes; the record's version counts the record alone."""
        fields = self._pseudonyms.fields(excluded)
        change = {"$set": fields} if fields else {"$unset": {"hidden_from": ""}}
        await self._rows.update_one({"_id": person}, change, session=session)

    async def hidden(self, organization: OrganizationId, user: UserId) -> list[PersonId]:
        """Return the persons of whom someone is to find nothing."""
        query = {"hidden_from": {"$in": self._pseudonyms.any_of(organization, user)}}
        return [PersonId(row["_id"]) async for row in self._rows.find(query, {"_id": 1})]

    def _seen_by(self, reader: Reader) -> Document:
        return self._pseudonyms.visible_to(reader.organization, reader.user)

    async def save(
        self, session: Session, person: Person, sealed: Sealed, expected: int, names: Sequence[bytes] = ()
    ) -> Kept[Person]:
        """Write a person; raises `MnemonicTaken`, or `VersionConflict` where it changed since it was loaded.

        Without `names` it is found by name again once the sweep has come by.
        """
        placed = {"names": list(names)} if names else {}
        try:
            await save_version(session, self._rows, self._document(person, sealed) | placed, expected)
        except DuplicateKeyError as error:
            raise MnemonicTaken from error
        return Kept(person, expected + 1, sealed=sealed)

    async def add_all(self, session: Session, persons: Sequence[tuple[Person, Sealed]]) -> None:
        """Write many new persons at once; raises where any is there already."""
        rows = [{**self._document(person, sealed), "version": 1} for person, sealed in persons]
        await self._rows.insert_many(rows, session=session)

    async def mnemonics(self, organization: OrganizationId) -> frozenset[str]:
        """Return the mnemonics an organisation has given."""
        rows = self._rows.find({"organization": organization}, {"_id": 0, "mnemonic": 1})
        return frozenset([row["mnemonic"] async for row in rows])

    def _document(self, person: Person, sealed: Sealed) -> Document:
        fields = to_fields(_PERSON, person)
        del fields["excluded"]
        return fields | self._pseudonyms.fields(person.excluded) | {"sealed": dict(sealed)}

    async def page(self, reader: Reader, before: tuple[datetime, str] | None, limit: int) -> Sequence[Kept[Person]]:
        """Return the reader's organisation's persons from the newest on, nothing of them unsealed."""
        query: dict[str, Any] = {"organization": reader.organization, **self._seen_by(reader)}
        if before is not None:
            query["$or"] = [
                {"created_at": {"$lt": before[0]}},
                {"created_at": before[0], "_id": {"$lt": before[1]}},
            ]
        rows = self._rows.find(query, {"sealed": 0}).sort([("created_at", -1), ("_id", -1)]).limit(limit)
        return [self._kept(row) for row in await rows.to_list()]

    async def named(self, reader: Reader, names: Sequence[bytes], limit: int) -> list[Kept[Person]]:
        """Return the reader's organisation's persons who may bear all these indexed names, with what is sealed."""
        query = {"names": {"$all": list(names)}, "organization": reader.organization, **self._seen_by(reader)}
        return [self._kept(row) async for row in self._rows.find(query).limit(limit)]

    async def unnamed(self, limit: int) -> list[Kept[Person]]:
        """Return persons who have no place in the index of names yet."""
        return [self._kept(row) async for row in self._rows.find({"names": None}).limit(limit)]

    async def name(self, person: PersonId, version: int, names: Sequence[bytes]) -> None:
        """Put a person in the index of names, unless the record changed meanwhile: it is then for the next sweep."""
        await self._rows.update_one({"_id": person, "version": version}, {"$set": {"names": list(names)}})

    async def existing(self, persons: Sequence[PersonId]) -> frozenset[PersonId]:
        """Return those of the persons who are stored."""
        rows = await self._rows.find({"_id": {"$in": list(persons)}}, {"_id": 1}).to_list()
        return frozenset(PersonId(row["_id"]) for row in rows)
