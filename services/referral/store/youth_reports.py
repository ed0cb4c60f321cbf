"""Reports to youth protection: the receipt sealed under the person's key; nothing of them is ever told on the bus."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from pymongo import ASCENDING, DESCENDING, IndexModel

from kit.mongo import Database, Document, Session, save_version
from services.referral.domain.identifiers import PersonId, YouthReportId
from services.referral.domain.party import NotFound
from services.referral.domain.youth_report import YouthReport
from services.referral.store.records import Kept, Sealed, to_fields, to_kept

_REPORT = TypeAdapter(YouthReport)
_NEWEST = [("recorded_at", DESCENDING), ("_id", DESCENDING)]

INDEXES = {
    "youth_reports": [
        IndexModel([("owner", ASCENDING), *_NEWEST]),
        IndexModel([("person", ASCENDING), *_NEWEST]),
    ]
}


class YouthReports:
    """Reports of every organisation; who may read one is decided after it is loaded."""

    def __init__(self, database: Database) -> None:
        self._rows = database["youth_reports"]

    async def by_id(self, report: YouthReportId) -> Kept[YouthReport]:
        """Load a report; raises `NotFound`."""
        row = await self._rows.find_one({"_id": report})
        if row is None:
            raise NotFound
        return to_kept(_REPORT, row)

    async def add(self, session: Session, report: YouthReport, sealed: Sealed) -> Kept[YouthReport]:
        """Write a new report; none is ever changed."""
        await save_version(session, self._rows, to_fields(_REPORT, report) | {"sealed": dict(sealed)}, 0)
        return Kept(report, 1, sealed=sealed)

    async def of_persons(self, persons: Sequence[PersonId]) -> list[YouthReportId]:
        """Return the reports about several persons, by id alone."""
        rows = self._rows.find({"person": {"$in": list(persons)}}, {"_id": 1})
        return [YouthReportId(row["_id"]) async for row in rows]

    async def page(self, wanted: Document, before: tuple[datetime, str] | None, limit: int) -> list[Kept[YouthReport]]:
        """Return reports from the newest on, nothing of them unsealed."""
        query = dict(wanted)
        if before is not None:
            at, identity = before
            query["$or"] = [{"recorded_at": {"$lt": at}}, {"recorded_at": at, "_id": {"$lt": identity}}]
        rows = self._rows.find(query, {"sealed": 0}).sort(_NEWEST).limit(limit)
        return [to_kept(_REPORT, row) async for row in rows]
