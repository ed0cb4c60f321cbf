"""Capacity queries: what was asked in codes, and each service's answer; dropped on schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from kit.messages import Message
from kit.mongo import Collection, Database, Session, save_version
from kit.outbox import Outbox
from services.referral.domain.capacity import Answer, Query
from services.referral.domain.identifiers import OrganizationId, QueryId, ServiceId, UserId
from services.referral.domain.party import NotFound
from services.referral.store.records import Kept, to_fields, to_kept

KEPT_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One service asked, and what it answered."""

    service: ServiceId
    organization: OrganizationId
    answer: Answer | None = None
    information: tuple[str, ...] = ()
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query as it was sent: coarsened, linked to nobody."""

    id: QueryId
    organization: OrganizationId
    asked_by: UserId
    asked_at: datetime
    until: datetime
    query: Query
    lines: tuple[Line, ...]
    not_asked: tuple[ServiceId, ...] = ()
    asked_organizations: tuple[OrganizationId, ...] = ()

    def line(self, service: ServiceId, organization: OrganizationId) -> Line:
        """Return the line of a service of this organisation; raises `NotFound`."""
        for line in self.lines:
            if (line.service, line.organization) == (service, organization):
                return line
        raise NotFound


_ASKED = TypeAdapter(Asked)

INDEXES = {
    "queries": [
        IndexModel([("organization", ASCENDING), ("asked_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("asked_organizations", ASCENDING), ("asked_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("asked_at", ASCENDING)], expireAfterSeconds=int(KEPT_FOR.total_seconds())),
    ],
    "asked_rates": [IndexModel([("at", ASCENDING)], expireAfterSeconds=2 * 3600)],
}


class Queries:
    """Queries and how often each worker asks."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._rows: Collection = database["queries"]
        self._rates = database["asked_rates"]
        self._outbox = outbox

    async def by_id(self, query: QueryId, session: Session | None = None) -> Kept[Asked]:
        """Load a query; raises `NotFound`."""
        row = await self._rows.find_one({"_id": query}, session=session)
        if row is None:
            raise NotFound
        return to_kept(_ASKED, row)

    async def save(
        self, session: Session, asked: Asked, messages: Sequence[Message], at: datetime, kept: Kept[Asked] | None = None
    ) -> Kept[Asked]:
        """Write a query over the one loaded, or as a new one, and what it tells."""
        version, told = (kept.version, kept.told) if kept else (0, 0)
        told = await self._outbox.append(session, f"capacity-query:{asked.id}", told, messages, at)
        await save_version(session, self._rows, to_fields(_ASKED, asked) | {"told": told}, version)
        return Kept(asked, version + 1, told)

    async def count_this_hour(self, session: Session, user: UserId, at: datetime, what: str = "") -> int:
        """Count this query, or other act, among the worker's of the clock hour; returns how many came before it."""
        key = f"{what}{user}|{at:%Y-%m-%dT%H}"
        update = {"$inc": {"asked": 1}, "$setOnInsert": {"at": at}}
        row = await self._rates.find_one_and_update(
            {"_id": key}, update, upsert=True, return_document=ReturnDocument.AFTER, session=session
        )
        return int(row["asked"]) - 1 if row else 0

    async def page(
        self, field: str, organization: OrganizationId, before: tuple[datetime, str] | None, limit: int
    ) -> list[Kept[Asked]]:
        """Return queries from the newest on, asked by (`organization`) or of (`asked_organizations`) one."""
        query: dict[str, Any] = {field: organization}
        if before is not None:
            query["$or"] = [{"asked_at": {"$lt": before[0]}}, {"asked_at": before[0], "_id": {"$lt": before[1]}}]
        rows = self._rows.find(query).sort([("asked_at", -1), ("_id", -1)]).limit(limit)
        return [to_kept(_ASKED, row) async for row in rows]
