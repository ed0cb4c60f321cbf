"""What notifications takes of referral's messages on disclosure without consent, in a durable of its own.

An alarm about someone in danger must not queue behind the day's referrals.
"""

from datetime import UTC, datetime
from typing import ClassVar

from kit.messages import Consumed, Subscription


class GroundRecorded(Consumed):
    """A ground was recorded; the organisation's privacy officers are told."""

    subject: ClassVar[str] = "referral.ground-recorded.v1"
    ground_id: str
    organization_id: str
    notify: tuple[str, ...]


class _AboutEmergency(Consumed):
    """An emergency's fact: who is to be told, and in which organisation they are."""

    emergency_id: str
    told_organization_id: str
    notify: tuple[str, ...]


class EmergencyRecorded(_AboutEmergency):
    """A worker acted at once; it must be reviewed."""

    subject: ClassVar[str] = "referral.emergency-recorded.v1"


class EmergencyDisclosed(_AboutEmergency):
    """Their organisation was told of someone in danger."""

    subject: ClassVar[str] = "referral.emergency-disclosed.v1"


class EmergencyEscalated(_AboutEmergency):
    """Nobody reviewed it in time."""

    subject: ClassVar[str] = "referral.emergency-escalated.v1"


class EmergencyReviewed(_AboutEmergency):
    """It was reviewed and stands."""

    subject: ClassVar[str] = "referral.emergency-reviewed.v1"


class EmergencyEnded(_AboutEmergency):
    """It was ended."""

    subject: ClassVar[str] = "referral.emergency-ended.v1"


KIND_OF_ALARM: dict[type[Consumed], str] = {
    GroundRecorded: "ground-recorded",
    EmergencyRecorded: "emergency-to-review",
    EmergencyDisclosed: "emergency-received",
    EmergencyEscalated: "emergency-unreviewed",
    EmergencyReviewed: "emergency-reviewed",
    EmergencyEnded: "emergency-ended",
}

ALARMS = Subscription(
    name="notifications-alarms",
    stream="REFERRAL",
    messages=tuple(KIND_OF_ALARM),
    kind="reaction",
    since=datetime(2026, 11, 1, tzinfo=UTC),
)
