"""Records that have served: when each is looked at, what there is about a person, and its going without a trace.

`TRACES` names every collection that is about a person. One that is not named here fails the test that looks for an
anonymised person everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING, IndexModel

from kit.messages import Message
from kit.mongo import Database, Document, Session
from kit.outbox import Outbox
from services.referral.domain.anonymity import Case
from services.referral.domain.consent import ConsentState
from services.referral.domain.identifiers import OrganizationId, PersonId
from services.referral.domain.retention import Life, RecordKind
from services.referral.domain.transitions import ENDED, State
from services.referral.published import ConsentErased, EmergencyErased, GroundErased, ReferralErased

INDEXES = {"erasures": [IndexModel([("off_stream", ASCENDING), ("at", ASCENDING)])]}
_SAID = {"data": "", "traceparent": ""}
_BATCH = 500
# A draft that nobody sent for years awaits nothing.
_OVER = frozenset(state.value for state in ENDED | {State.DRAFT})


@dataclass(frozen=True, slots=True)
class Trace:
    """A collection about persons: the instants at which something was done, and what it told on the bus."""

    collection: str
    instants: tuple[str, ...]
    noun: str | None = None
    erased: type[Message] | None = None


TRACES: tuple[Trace, ...] = (
    Trace("referrals", ("created_at", "requested_at", "accepted_at", "ended_at"), "referral", ReferralErased),
    Trace("consents", ("decided_at", "ended_at"), "consent", ConsentErased),
    Trace("grounds", ("at", "closed_at"), "ground", GroundErased),
    Trace("emergencies", ("recorded_at", "ended_at"), "emergency", EmergencyErased),
    Trace("youth_reports", ("recorded_at",)),
    Trace("referral_sets", ("created_at",)),
)
_TOLD_WITHOUT_CONSENT = ("grounds", "emergencies", "youth_reports")


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything there is about a person, as it is stored."""

    person: Document
    traces: Mapping[str, Sequence[Document]]

    @property
    def organization(self) -> OrganizationId:
        """Return whose record it is."""
        return OrganizationId(self.person["organization"])

    @property
    def parties(self) -> frozenset[OrganizationId]:
        """Return who has taken part: the owner, and whoever accepted."""
        accepted = {row["receiver"] for row in self.traces["referrals"] if row.get("accepted_at")}
        return frozenset({self.organization, *map(OrganizationId, accepted)})

    def life(self, at: datetime) -> Life:
        """Return what decides whether it is still needed at an instant."""
        done = [row.get(name) for trace in TRACES for row in self.traces[trace.collection] for name in trace.instants]
        live = any(row["state"] == ConsentState.GRANTED and row["until"] > at for row in self.traces["consents"])
        return Life(
            kind=self._kind(),
            last=max([self.person["created_at"], *(instant for instant in done if instant)]),
            in_use=live or any(row["state"] not in _OVER for row in self.traces["referrals"]),
            is_held=is_held(self.person),
        )

    def _kind(self) -> RecordKind:
        if any(self.traces[name] for name in _TOLD_WITHOUT_CONSENT):
            return RecordKind.WITHOUT_CONSENT
        if not self.traces["referrals"]:
            return RecordKind.ALONE
        return (
            RecordKind.SERVED
            if any(row.get("accepted_at") for row in self.traces["referrals"])
            else RecordKind.UNSERVED
        )


def is_held(person: Document) -> bool:
    """Say whether a legal hold stops a person's record from going."""
    return bool(person.get("hold"))


class Retention:
    """When records go, and what is left of them: cases in crowds, under ids of their own."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._db = database
        self._outbox = outbox

    async def undated(self, limit: int) -> list[PersonId]:
        """Return persons whose record was written since it was last looked at."""
        rows = self._db["persons"].find({"check_at": None}, {"_id": 1}).limit(limit)
        return [PersonId(row["_id"]) async for row in rows]

    async def ripe(self, before: datetime) -> list[PersonId]:
        """Return persons whose record is to be looked at."""
        rows = self._db["persons"].find({"check_at": {"$lt": before}}, {"_id": 1})
        return [PersonId(row["_id"]) async for row in rows]

    async def whole(self, person: PersonId, session: Session | None = None) -> Whole | None:
        """Return everything about a person; None where there is nobody any more."""
        row = await self._db["persons"].find_one({"_id": person}, session=session)
        if row is None:
            return None
        about = {"person": person}
        traces = {
            trace.collection: await self._db[trace.collection].find(about, session=session).to_list()
            for trace in TRACES
        }
        return Whole(row, traces)

    async def look_again(self, whole: Whole, at: datetime) -> None:
        """Note when a record is looked at next, unless it was written meanwhile."""
        same = {"_id": whole.person["_id"], "version": whole.person["version"]}
        await self._db["persons"].update_one(same, {"$set": {"check_at": at}})

    async def erase(self, session: Session, whole: Whole, at: datetime) -> list[str]:
        """Let everything about a person go, and tell whoever kept something; returns the ids that are no more."""
        gone = [whole.person["_id"]]
        for trace in TRACES:
            for row in whole.traces[trace.collection]:
                gone.append(row["_id"])
                if trace.erased:
                    await self._untell(session, trace, row, at)
            await self._db[trace.collection].delete_many({"person": whole.person["_id"]}, session=session)
        await self._db["persons"].delete_one({"_id": whole.person["_id"]}, session=session)
        return gone

    async def _untell(self, session: Session, trace: Trace, row: Document, at: datetime) -> None:
        """Make tombstones of what was told, which say neither what nor when, and tell that it is erased."""
        aggregate, erased = f"{trace.noun}:{row['_id']}", trace.erased
        if erased is None or not row.get("told"):
            return
        await self._outbox.erase(session, aggregate)
        bare = {"$set": {"subject": erased.subject, "at": at}}
        await self._db["outbox"].update_many({"aggregate": aggregate}, bare, session=session)
        message = erased.model_validate({f"{trace.noun}_id": row["_id"]})
        await self._outbox.append(session, aggregate, row["told"], [message], at)
        await self._db["erasures"].insert_one({"_id": aggregate, "at": at}, session=session)

    async def leave(self, session: Session, facts: Mapping[str, str], cases: Sequence[Case], *, told: bool) -> None:
        """Leave what a crowd has in common, each under a fresh id, in the order of those ids alone."""
        rows: list[dict[str, Any]] = [
            {"_id": str(uuid4()), "facts": dict(facts), "outcome": case.outcome if told else None} for case in cases
        ]
        await self._db["past_cases"].insert_many(sorted(rows, key=lambda row: row["_id"]), session=session)

    async def forget(self, session: Session, before: datetime) -> int:
        """Take the ids of the erased out of the outbox once everybody has been told; returns how many."""
        # Only what `ops` has taken off the stream: it finds there by the same name what it still has to delete.
        due = {"off_stream": True, "at": {"$lt": before}}
        rows = await self._db["erasures"].find(due, session=session).limit(_BATCH).to_list()
        waiting = {"aggregate": {"$in": [row["_id"] for row in rows]}, "pending": True}
        untold = set(await self._db["outbox"].distinct("aggregate", waiting, session=session))
        told = [row["_id"] for row in rows if row["_id"] not in untold]
        for aggregate in told:
            # A tombstone keeps its sequence under a name that leads nowhere.
            nameless = {"$set": {"aggregate": f"erased:{uuid4()}", "tombstone": True}, "$unset": _SAID}
            await self._db["outbox"].update_many({"aggregate": aggregate}, nameless, session=session)
        await self._db["erasures"].delete_many({"_id": {"$in": told}}, session=session)
        return len(told)
