"""Consents: one open record a person, recipient and purpose; accepting and every change write the same document."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from kit.messages import Message
from kit.mongo import Database, Document, Session, VersionConflict, save_version
from kit.outbox import Outbox
from services.referral.domain.consent import Consent, ConsentState
from services.referral.domain.identifiers import ConsentId, OrganizationId, PersonId
from services.referral.domain.party import NotFound
from services.referral.domain.taxonomy import Purpose
from services.referral.store.records import Kept, Sealed, to_fields, to_kept

CONSENT = TypeAdapter(Consent)
_LINE = [("person", ASCENDING), ("recipient", ASCENDING), ("purpose", ASCENDING)]
_OPEN = [
    ConsentState.NOT_ASKED.value,
    ConsentState.DEFERRED.value,
    ConsentState.REFUSED.value,
    ConsentState.GRANTED.value,
]

INDEXES = {
    "consents": [
        # One answer at a time: withdrawing it leaves no other under which data could still flow.
        IndexModel(_LINE, unique=True, partialFilterExpression={"state": {"$in": _OPEN}}, name="one_open"),
        IndexModel([("person", ASCENDING), ("decided_at", ASCENDING)]),
    ]
}


class Consents:
    """Consent records; `evidence` is sealed under the person's key."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._rows = database["consents"]
        self._outbox = outbox

    async def by_id(self, session: Session | None, consent: ConsentId) -> Kept[Consent]:
        """Load a consent; raises `NotFound`."""
        row = await self._rows.find_one({"_id": consent}, session=session)
        if row is None:
            raise NotFound
        return to_kept(CONSENT, row)

    async def open_one(
        self, session: Session | None, person: PersonId, recipient: OrganizationId, purpose: Purpose
    ) -> Kept[Consent] | None:
        """Load the answer in force for a line: granted, refused or deferred."""
        query = {"person": person, "recipient": recipient, "purpose": purpose.value, "state": {"$in": _OPEN}}
        row = await self._rows.find_one(query, session=session)
        return to_kept(CONSENT, row) if row else None

    async def touch_live(self, session: Session, consent: ConsentId, at: datetime) -> Consent | None:
        """Write a live consent so that whoever ends it meanwhile collides with us; None where it is not live."""
        live: Document = {"_id": consent, "state": ConsentState.GRANTED.value, "until": {"$gt": at}}
        row = await self._rows.find_one_and_update(
            live, {"$inc": {"version": 1}}, session=session, return_document=ReturnDocument.AFTER
        )
        return to_kept(CONSENT, row).state if row else None

    async def save(
        self,
        session: Session,
        consent: Consent,
        sealed: Sealed,
        expected: int,
        told: int = 0,
        messages: Sequence[Message] = (),
        at: datetime | None = None,
    ) -> Kept[Consent]:
        """Write a consent with what it tells `at` an instant, after the `told` messages it told before.

        Raises `VersionConflict` where another answer was recorded meanwhile.
        """
        if messages and at is not None:
            told = await self._outbox.append(session, f"consent:{consent.id}", told, messages, at)
        fields = to_fields(CONSENT, consent) | {"sealed": dict(sealed), "told": told}
        try:
            await save_version(session, self._rows, fields, expected)
        except DuplicateKeyError as error:
            raise VersionConflict from error
        return Kept(consent, expected + 1, told, sealed)

    async def add_all(self, session: Session, consents: Sequence[Consent]) -> None:
        """Write many new consents at once, of which nothing is sealed and nobody told."""
        rows = [to_fields(CONSENT, consent) | {"sealed": {}, "told": 0, "version": 1} for consent in consents]
        await self._rows.insert_many(rows, session=session)

    async def of_persons(self, persons: Sequence[PersonId]) -> list[ConsentId]:
        """Return the consents of several persons, by id alone."""
        rows = self._rows.find({"person": {"$in": list(persons)}}, {"_id": 1})
        return [ConsentId(row["_id"]) async for row in rows]

    async def of_person(self, person: PersonId, session: Session | None = None) -> Sequence[Kept[Consent]]:
        """Return a person's consents, oldest first."""
        rows = self._rows.find({"person": person}, session=session).sort("decided_at", 1)
        return [to_kept(CONSENT, row) async for row in rows]
