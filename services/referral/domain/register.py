"""What an organisation told, or read, without consent: one line an act, in codes, for its privacy officers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.referral.domain.emergency import Emergency
from services.referral.domain.grounds import Ground
from services.referral.domain.identifiers import OrganizationId, UserId
from services.referral.domain.taxonomy import DataClass


class Entered(StrEnum):
    """The kinds of line."""

    GROUND = "ground"
    DISCLOSURE = "disclosure"
    OUTSIDE = "outside"
    READING = "reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One act without consent; a ground awaits no review."""

    id: str
    kind: Entered
    at: datetime
    by: UserId
    classes: frozenset[DataClass]
    article: str | None
    recipient: OrganizationId | None
    outsider: str | None = None
    channel: str | None = None
    reading_reason: str | None = None
    review_by: datetime | None = None
    reviewed_at: datetime | None = None
    ended_at: datetime | None = None


def of_ground(ground: Ground) -> Line:
    """Return the line of a ground; whoever decided stands for it."""
    return Line(
        id=ground.id,
        kind=Entered.GROUND,
        at=ground.at,
        by=ground.decided_by,
        classes=ground.classes,
        article=ground.article,
        recipient=ground.recipient,
        ended_at=ground.closed_at,
    )


def of_emergency(emergency: Emergency) -> Line:
    """Return the line of what was done at once."""
    return Line(
        id=emergency.id,
        kind=Entered(emergency.kind.value),
        at=emergency.at,
        by=emergency.acted_by,
        classes=emergency.classes,
        article=emergency.article,
        recipient=emergency.recipient,
        outsider=emergency.outsider,
        channel=emergency.channel,
        reading_reason=emergency.reason,
        review_by=emergency.review_by,
        reviewed_at=emergency.reviewed_at,
        ended_at=emergency.ended_at,
    )


def newest_first(lines: list[Line]) -> list[Line]:
    """Return lines from the newest on, in one order for both kinds of record."""
    return sorted(lines, key=lambda line: (line.at, line.id), reverse=True)
