"""The delivery log: what became of each e-mail, with its reason, for thirty days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from pymongo import ASCENDING, DESCENDING, IndexModel

from kit.mongo import Database, Document, Session
from services.notifications.domain.delivery import TRANSITIONS, Plan, State, Step
from services.notifications.domain.kinds import Channel
from services.notifications.store.inbox import Entry

Position = tuple[datetime, str]
"""Where a page ends: the creation and the id of its last delivery."""

KEPT = timedelta(days=30)
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way out by one channel; `reason` is a code, `until` when it is too late to send it."""

    id: str
    entry: str
    user: str
    organizations: tuple[str, ...]
    kind: str
    channel: Channel
    state: State
    reason: str | None
    attempts: int
    due: datetime
    until: datetime
    created_at: datetime
    changed_at: datetime


class Deliveries:
    """Everybody's deliveries; states move as the domain's table says and no other way."""

    INDEXES: ClassVar[dict[str, list[IndexModel]]] = {
        "deliveries": [
            IndexModel(
                [("user", ASCENDING), ("organizations", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)]
            ),
            IndexModel(
                [("user", ASCENDING), ("due", ASCENDING)],
                name="held",
                partialFilterExpression={"state": State.HELD},
            ),
            IndexModel([("created_at", ASCENDING)], expireAfterSeconds=int(KEPT.total_seconds())),
        ]
    }

    def __init__(self, db: Database) -> None:
        self._deliveries = db["deliveries"]

    async def add(self, session: Session, entry: Entry, channel: Channel, plan: Plan, at: datetime) -> Delivery:
        """Log a delivery as it is planned, in the caller's transaction."""
        delivery = Delivery(
            id=f"{entry.id}:{channel}",
            entry=entry.id,
            user=entry.user,
            organizations=entry.organizations,
            kind=entry.kind,
            channel=channel,
            state=plan.state,
            reason=None,
            attempts=0,
            due=plan.due,
            until=plan.until,
            created_at=at,
            changed_at=at,
        )
        await self._deliveries.insert_one(_document(delivery), session=session)
        return delivery

    async def load(self, ids: Sequence[str]) -> list[Delivery]:
        """Return these deliveries, oldest first."""
        rows = self._deliveries.find({"_id": {"$in": list(ids)}}).sort("created_at", ASCENDING)
        return [_delivery(row) async for row in rows]

    async def held(self, session: Session, user: str) -> list[Delivery]:
        """Return what a person's quiet hours hold back, what is due first before the rest."""
        rows = self._deliveries.find({"user": user, "state": State.HELD}, session=session).sort("due", ASCENDING)
        return [_delivery(row) async for row in rows]

    async def hold_until(self, session: Session, user: str, due: datetime) -> None:
        """Move the end of what is held, because the person's quiet hours changed."""
        await self._deliveries.update_many({"user": user, "state": State.HELD}, {"$set": {"due": due}}, session=session)

    async def move(
        self, ids: Sequence[str], taken: Step, at: datetime, reason: str | None = None, session: Session | None = None
    ) -> None:
        """Take a step with those deliveries for which the table has it; the others stay where they are."""
        count = {"$inc": {"attempts": 1}} if taken in (Step.SEND, Step.STUMBLE, Step.REFUSE) else {}
        for to, origins in _arrivals(taken).items():
            change = {"$set": {"state": to, "reason": reason, "changed_at": at}, **count}
            guard = {"_id": {"$in": list(ids)}, "state": {"$in": origins}}
            await self._deliveries.update_many(guard, change, session=session)

    async def of(self, user: str, organization: str, before: Position | None, limit: int) -> list[Delivery]:
        """Return a reader's deliveries, newest first, after a position in that order."""
        query: Document = {"user": user, "organizations": organization}
        if before:
            at, name = before
            query["$or"] = [{"created_at": {"$lt": at}}, {"created_at": at, "_id": {"$lt": name}}]
        order = [("created_at", DESCENDING), ("_id", DESCENDING)]
        return [_delivery(row) async for row in self._deliveries.find(query).sort(order).limit(limit)]


def _arrivals(taken: Step) -> dict[State, list[State]]:
    """Return where the step leads, with the states it leads there from: one write each, so none is moved twice."""
    arrivals: dict[State, list[State]] = {}
    for (origin, step), to in TRANSITIONS.items():
        if step is taken:
            arrivals.setdefault(to, []).append(origin)
    return arrivals


def _document(delivery: Delivery) -> Document:
    fields = {name: getattr(delivery, name) for name in Delivery.__slots__ if name != "id"}
    return {"_id": delivery.id, "schema": SCHEMA, **fields, "organizations": list(delivery.organizations)}


def _delivery(row: Document) -> Delivery:
    return Delivery(
        id=row["_id"],
        entry=row["entry"],
        user=row["user"],
        organizations=tuple(row["organizations"]),
        kind=row["kind"],
        channel=Channel(row["channel"]),
        state=State(row["state"]),
        reason=row["reason"],
        attempts=row["attempts"],
        due=row["due"],
        until=row["until"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )
