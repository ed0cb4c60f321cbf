"""Whether a service that counts its places has some left, and when others may learn it: never how many.

Of a confidential service the instant of a change would tell when somebody moved in or out. It is told at fixed hours
alone, and not before it has held for an hour.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.referral.domain.identifiers import OrganizationId, ServiceId


class Availability(StrEnum):
    """Whether any place is left."""

    NONE = "none"
    SOME = "some"


# Told at 0, 6, 12 and 18 h UTC: whoever needs a bed sooner asks by a capacity query, which is answered at once.
TOLD_EVERY = timedelta(hours=6)
HELD_BACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the directory says of a service's places."""

    organization: OrganizationId
    total: int
    confidential: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where a service stands, since when, and what others were told; `due` is when they may hear of a change."""

    id: ServiceId
    now: Availability = Availability.SOME
    since: datetime | None = None
    said: Availability = Availability.SOME
    due: datetime | None = None

    def turned(self, now: Availability, at: datetime) -> "Shown":
        """Follow the places; the same where nothing turned."""
        return self if now is self.now else replace(self, now=now, since=at)

    def tell(self) -> "Shown":
        """Tell others how it stands."""
        return replace(self, said=self.now, due=None)

    def may_be_said(self, at: datetime) -> bool:
        """Say whether its hour has come, and what stands now has stood long enough."""
        return self.due is not None and at >= self.due and (self.since is None or at >= self.since + HELD_BACK)


def availability_of(total: int, taken: int) -> Availability:
    """Return whether any place is left."""
    return Availability.NONE if taken >= total else Availability.SOME


def telling_after(at: datetime) -> datetime:
    """Return the next of the fixed hours that is far enough from an instant to say nothing of it."""
    earliest = at + HELD_BACK
    midnight = earliest.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + -(-(earliest - midnight) // TOLD_EVERY) * TOLD_EVERY
