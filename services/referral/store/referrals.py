"""Referrals: the document guarded by its version, with its messages; the need and the outcome sealed in it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING, IndexModel

from kit.messages import Message
from kit.mongo import Collection, Database, Document, Session, save_version
from kit.outbox import Outbox
from kit.tasks import Gathered
from services.referral.domain.consent import Consent
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.grounds import Ground
from services.referral.domain.identifiers import GroundId, OrganizationId, PersonId, ReferralId, UserId
from services.referral.domain.outwards import is_end
from services.referral.domain.party import NotFound
from services.referral.domain.referral import Referral, Sharing
from services.referral.domain.taxonomy import Purpose
from services.referral.store.consents import CONSENT
from services.referral.store.exclusions import Pseudonyms
from services.referral.store.grounds import GROUND
from services.referral.store.records import Kept, Sealed, to_fields, to_kept

_REFERRAL = TypeAdapter(Referral)
_SENT = [("sender", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)]
_QUEUE = [("receiver", ASCENDING), ("expires_at", ASCENDING), ("_id", ASCENDING)]
_RECEIVED = [("receiver", ASCENDING), ("requested_at", DESCENDING), ("_id", DESCENDING)]

INDEXES = {
    "referrals": [
        # What an organisation opened for its own people it did not send: `source` sets it apart within the index.
        IndexModel([("source", ASCENDING), *_SENT]),
        IndexModel([("source", ASCENDING), ("sender_open", ASCENDING), *_SENT]),
        IndexModel(_RECEIVED),
        IndexModel([("receiver_open", ASCENDING), *_RECEIVED]),
        IndexModel([("assigned", ASCENDING), *_RECEIVED]),
        # Only what awaits an answer has an end to it: the index is as small as the queue.
        IndexModel(_QUEUE, partialFilterExpression={"expires_at": {"$type": "date"}}),
        IndexModel([("person", ASCENDING), ("receiver", ASCENDING), ("purpose", ASCENDING)]),
        IndexModel([("ground", ASCENDING)], partialFilterExpression={"ground": {"$gt": ""}}),
        IndexModel([("hidden_from", ASCENDING)], sparse=True),
        IndexModel([("linked_from", ASCENDING)], partialFilterExpression={"linked_from": {"$gt": ""}}),
        # Of a month, for its counts.
        IndexModel([("requested_at", ASCENDING)]),
        IndexModel([("ended_at", ASCENDING)]),
    ]
}


@dataclass(frozen=True, slots=True)
class Case:
    """A referral with what reading it needs: its consent or ground, and the person's sealed record."""

    kept: Kept[Referral]
    consent: Consent | None
    record: Sealed
    ground: Ground | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which referrals a page holds: one side's, open or not, those assigned to one worker; `reader` is who looks."""

    organization: OrganizationId
    sent: bool
    is_open: bool | None = None
    assigned: UserId | None = None
    reader: UserId | None = None


class Referrals:
    """Referrals of every organisation; who may read one is decided after it is loaded."""

    def __init__(self, database: Database, outbox: Outbox, pseudonyms: Pseudonyms) -> None:
        self._rows: Collection = database["referrals"]
        self._outbox = outbox
        self._pseudonyms = pseudonyms
        self._asked: Gathered[ReferralId, Document | None] = Gathered(self._cases)

    def _kept(self, row: Document) -> Kept[Referral]:
        return to_kept(_REFERRAL, {**row, "excluded": self._pseudonyms.read(row)})

    async def by_id(self, session: Session | None, referral: ReferralId) -> Kept[Referral]:
        """Load a referral; raises `NotFound`."""
        row = await self._rows.find_one({"_id": referral}, session=session)
        if row is None:
            raise NotFound
        return self._kept(row)

    async def case(self, referral: ReferralId) -> Case:
        """Load a referral with its consent and its person's sealed record, in one round trip; raises `NotFound`."""
        row = await self._asked.ask(referral)
        if row is None:
            raise NotFound
        consent = to_kept(CONSENT, row["_consent"][0]).state if row["_consent"] else None
        record = row["_person"][0].get("sealed", {}) if row["_person"] else {}
        ground = to_kept(GROUND, row["_ground"][0]).state if row["_ground"] else None
        return Case(self._kept(row), consent, record, ground)

    async def _cases(self, referrals: Sequence[ReferralId]) -> list[Document | None]:
        # The consent is looked up after the referral, never before: what it says now is what counts.
        pipeline: list[Document] = [
            {"$match": {"_id": {"$in": list(referrals)}}},
            {"$lookup": {"from": "consents", "localField": "consent", "foreignField": "_id", "as": "_consent"}},
            {"$lookup": {"from": "grounds", "localField": "ground", "foreignField": "_id", "as": "_ground"}},
            {"$lookup": {"from": "persons", "localField": "person", "foreignField": "_id", "as": "_person"}},
        ]
        found = {row["_id"]: row for row in await (await self._rows.aggregate(pipeline)).to_list()}
        return [found.get(referral) for referral in referrals]

    async def save(
        self,
        session: Session,
        referral: Referral,
        messages: Sequence[Message],
        at: datetime,
        kept: Kept[Referral] | None = None,
        sealed: Mapping[str, bytes] | None = None,
    ) -> Kept[Referral]:
        """Write a referral over the one loaded, or as a new one, with what it tells and what is sealed anew."""
        version, told, before = (kept.version, kept.told, kept.sealed) if kept else (0, 0, {})
        told = await self._outbox.append(session, f"referral:{referral.id}", told, messages, at)
        whole = {**before, **(sealed or {})}
        await save_version(session, self._rows, self._document(referral, told, whole), version)
        return Kept(referral, version + 1, told, whole)

    async def add_all(self, session: Session, referrals: Sequence[tuple[Referral, Sealed]]) -> None:
        """Write many new referrals at once, of which nobody is told."""
        rows = [{**self._document(referral, 0, sealed), "version": 1} for referral, sealed in referrals]
        await self._rows.insert_many(rows, session=session)

    async def under_consent(
        self, session: Session, person: PersonId, recipient: OrganizationId, purpose: Purpose
    ) -> list[Kept[Referral]]:
        """Return every referral that a line of consent concerns."""
        query = {"person": person, "receiver": recipient, "purpose": purpose.value}
        return [self._kept(row) async for row in self._rows.find(query, session=session)]

    async def to_organizations(
        self, session: Session, person: PersonId, organizations: frozenset[OrganizationId]
    ) -> list[Kept[Referral]]:
        """Return every referral of a person to these organisations, drafts and ended ones too."""
        query = {"person": person, "receiver": {"$in": sorted(organizations)}}
        return [self._kept(row) async for row in self._rows.find(query, session=session)]

    async def goes_on(self, session: Session, person: PersonId, receiver: OrganizationId, but: ReferralId) -> bool:
        """Say whether the sender reads another referral of a person to an organisation as sharing and not over."""
        query: Document = {"person": person, "receiver": receiver, "source": None, "sender_open": True}
        query |= {"sharing": Sharing.LIVE.value, "requested_at": {"$type": "date"}, "_id": {"$ne": but}}
        return await self._rows.find_one(query, {"_id": 1}, session=session) is not None

    async def following(self, referral: ReferralId) -> list[ReferralId]:
        """Return the referrals drafted for needs that stayed open in one, oldest first."""
        rows = self._rows.find({"linked_from": referral}, {"created_at": 1})
        found = sorted([row async for row in rows], key=lambda row: row["created_at"])
        return [ReferralId(row["_id"]) for row in found]

    async def exclude(self, session: Session, person: PersonId, excluded: Exclusions) -> None:
        """Hide every referral of a person from the excluded, and take them off those who meet the person.

        No version moves: nothing changes for anybody else, and a move made meanwhile collides all the same.
        """
        fields = self._pseudonyms.fields(excluded)
        change: Document = {"$set": fields} if fields else {"$unset": {"hidden_from": ""}}
        change["$pull"] = {"assigned": {"$in": sorted(excluded.accounts)}}
        await self._rows.update_many({"person": person}, change, session=session)

    async def hidden(self, organization: OrganizationId, user: UserId) -> list[ReferralId]:
        """Return the referrals of which someone is to find nothing."""
        query = {"hidden_from": {"$in": self._pseudonyms.any_of(organization, user)}}
        return [ReferralId(row["_id"]) async for row in self._rows.find(query, {"_id": 1})]

    async def under_ground(self, session: Session, ground: GroundId) -> list[Kept[Referral]]:
        """Return every referral that a ground carries."""
        return [self._kept(row) async for row in self._rows.find({"ground": ground}, session=session)]

    async def first_request(self) -> datetime | None:
        """Return when the first of all referrals still here was requested."""
        query = {"requested_at": {"$type": "date"}}
        row = await self._rows.find_one(query, {"requested_at": 1}, sort=[("requested_at", 1)])
        return row["requested_at"] if row else None

    async def between(self, instant: str, since: datetime, until: datetime) -> AsyncIterator[Kept[Referral]]:
        """Give every referral of which this instant (`requested_at`, `ended_at`) lies in a span, in its order."""
        span = {instant: {"$gte": since, "$lt": until}}
        async for row in self._rows.find(span).sort(instant, 1):
            yield self._kept(row)

    async def page(self, wanted: Wanted, before: tuple[datetime, str] | None, limit: int) -> list[Kept[Referral]]:
        """Return referrals from the newest on; a receiver's by when they were sent, a draft never among them."""
        side, at = ("sender", "created_at") if wanted.sent else ("receiver", "requested_at")
        query: Document = {side: wanted.organization, at: {"$type": "date"}}
        query |= self._pseudonyms.visible_to(wanted.organization, wanted.reader)
        if wanted.sent:
            query["source"] = None
        if wanted.is_open is not None:
            query[f"{side}_open"] = wanted.is_open
        if wanted.assigned is not None:
            query["assigned"] = wanted.assigned
        if before is not None:
            query["$or"] = [{at: {"$lt": before[0]}}, {at: before[0], "_id": {"$lt": before[1]}}]
        rows = self._rows.find(query, {"sealed": 0}).sort([(at, -1), ("_id", -1)]).limit(limit)
        return [self._kept(row) for row in await rows.to_list()]

    async def queue(
        self, receiver: OrganizationId, reader: UserId, after: tuple[datetime, str] | None, limit: int
    ) -> list[Kept[Referral]]:
        """Return what ends unless a receiver answers, as one of its people may see it, the most pressing first."""
        query: Document = {"receiver": receiver, "expires_at": {"$type": "date"}}
        query |= self._pseudonyms.visible_to(receiver, reader)
        if after is not None:
            query["$or"] = [{"expires_at": {"$gt": after[0]}}, {"expires_at": after[0], "_id": {"$gt": after[1]}}]
        rows = self._rows.find(query, {"sealed": 0}).sort([("expires_at", 1), ("_id", 1)]).limit(limit)
        return [self._kept(row) for row in await rows.to_list()]

    def _document(self, referral: Referral, told: int, sealed: Mapping[str, Any]) -> Document:
        """Return the document; whether it is open is kept for each side as that side reads it."""
        sides = {"sender_open": not is_end(referral.view.word), "receiver_open": referral.is_open}
        fields = to_fields(_REFERRAL, referral)
        del fields["excluded"]
        hidden = self._pseudonyms.fields(referral.excluded)
        return {**fields, **hidden, **sides, "told": told, "sealed": dict(sealed)}
