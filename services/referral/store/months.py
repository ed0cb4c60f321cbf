"""Which months were counted: one row a month, written with what is told, so that a month is told once."""

from datetime import UTC, datetime

from kit.mongo import Database, Session
from kit.outbox import Outbox
from services.referral.published import MonthlyCounted


class Months:
    """The months counted so far."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._rows = database["counted_months"]
        self._outbox = outbox

    async def last(self) -> datetime | None:
        """Return the beginning of the last month that was counted."""
        row = await self._rows.find_one(sort=[("_id", -1)])
        return datetime.strptime(row["_id"], "%Y-%m").replace(tzinfo=UTC) if row else None

    async def tell(self, session: Session, counted: MonthlyCounted, at: datetime) -> None:
        """Tell a month's counts; raises `DuplicateKeyError` where they were told meanwhile."""
        await self._rows.insert_one({"_id": counted.month, "at": at}, session=session)
        await self._outbox.append(session, f"month:{counted.month}", 0, [counted], at)
