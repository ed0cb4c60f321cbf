"""A report to youth protection: made by phone or in writing, outside referrals; that it was made, and nothing of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.referral.domain.identifiers import OrganizationId, PersonId, UserId, YouthReportId
from services.referral.domain.party import COORDINATOR, PRIVACY_OFFICER, NotFound, Reader


class ReportChannel(StrEnum):
    """How it was made."""

    PHONE = "phone"
    WRITING = "writing"


class Way(StrEnum):
    """The ways by which a person, a parent or another organisation could come to learn of it."""

    PERSONS_VIEW = "persons-view"
    PARENTAL_ACCESS = "parental-access"
    EXPORTS = "exports"
    PLANS = "plans"


# Who reported a child is confidential by law (P-34.1, s. 44), and a guardian may be the trafficker.
EVERY_WAY: frozenset[Way] = frozenset(Way)


@dataclass(frozen=True, slots=True, kw_only=True)
class YouthReport:
    """When and how it was made; the receipt is sealed apart, what was said is written nowhere."""

    id: YouthReportId
    owner: OrganizationId
    person: PersonId
    channel: ReportChannel
    at: datetime
    reported_by: UserId
    recorded_at: datetime
    hidden_from: frozenset[Way] = EVERY_WAY

    def check_read_by(self, reader: Reader) -> None:
        """Raise `NotFound` to all but whoever reported, their coordinators and their privacy officers."""
        inside = reader.organization == self.owner
        if not inside or not (reader.user == self.reported_by or oversees(reader)):
            raise NotFound


def oversees(reader: Reader) -> bool:
    """Say whether someone reads every report of their organisation."""
    return bool(reader.roles & {COORDINATOR, PRIVACY_OFFICER})
