"""Each organisation's standing: what was given and taken, by the sequence of membership's messages alone."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kit.marks import Marks
from kit.mongo import Database, Document, Session
from services.referral.consumed import REVOCATIONS
from services.referral.domain.identifiers import OrganizationId


class Title(StrEnum):
    """What an organisation may hold; freedom is held until a suspension takes it."""

    MEMBERSHIP = "membership"
    FREEDOM = "freedom"
    ACCREDITATION = "accreditation"


@dataclass(frozen=True, slots=True)
class Standing:
    """What an organisation may do now."""

    may_refer: bool
    may_continue: bool


_NONE = Standing(may_refer=False, may_continue=False)


class Standings:
    """Titles by organisation. The highest sequence wins, so what comes late or swapped changes nothing."""

    def __init__(self, database: Database) -> None:
        self._rows = database["standings"]
        self._revocations = Marks(database, REVOCATIONS.name)

    async def give(
        self, session: Session, organization: str, title: Title, sequence: int, until: datetime | None
    ) -> None:
        """Give a title, unless something newer was given."""
        newer = {"$gt": [sequence, {"$ifNull": [f"${title}.on", 0]}]}
        fields = {"on": sequence, "until": until, "off": {"$ifNull": [f"${title}.off", 0]}}
        pipeline = [{"$set": {title.value: {"$cond": [newer, fields, f"${title}"]}}}]
        await self._rows.update_one({"_id": organization}, pipeline, upsert=True, session=session)

    async def take(self, session: Session, organization: str, title: Title, sequence: int) -> None:
        """Take a title away; a grant with a lower sequence changes nothing afterwards."""
        await self._rows.update_one(
            {"_id": organization}, {"$max": {f"{title}.off": sequence}}, upsert=True, session=session
        )

    async def of(self, organization: OrganizationId, at: datetime, session: Session | None = None) -> Standing:
        """Return what an organisation may do; one whose revocation is parked may do nothing."""
        if await self._revocations.is_parked(f"organization:{organization}"):
            return _NONE
        row = await self._rows.find_one({"_id": organization}, session=session)
        return _read(row, at) if row else _NONE


def _read(row: Document, at: datetime) -> Standing:
    free = _balance(row, Title.FREEDOM) >= 0
    until = row.get(Title.ACCREDITATION, {}).get("until")
    accredited = _balance(row, Title.ACCREDITATION) > 0 and until is not None and at < until
    member = _balance(row, Title.MEMBERSHIP) > 0
    return Standing(may_refer=free and member and accredited, may_continue=free)


def _balance(row: Document, title: Title) -> int:
    """Return how far the last grant is ahead of the last revocation."""
    held = row.get(title, {})
    return int(held.get("on", 0)) - int(held.get("off", 0))
