"""What is told of disclosure without consent, to those who must know or review it."""

from typing import ClassVar

from kit.messages import Message


class GroundRecorded(Message):
    """A ground was recorded on which data are told without consent; the privacy officers are told."""

    subject: ClassVar[str] = "referral.ground-recorded.v1"
    ground_id: str
    organization_id: str
    notify: tuple[str, ...]


class _OfEmergency(Message):
    emergency_id: str
    organization_id: str
    told_organization_id: str
    notify: tuple[str, ...]


class EmergencyRecorded(_OfEmergency):
    """A worker acted at once in serious danger; those who must review it are told."""

    subject: ClassVar[str] = "referral.emergency-recorded.v1"


class EmergencyDisclosed(_OfEmergency):
    """A member's intake was told of a person in serious danger, and comes to read."""

    subject: ClassVar[str] = "referral.emergency-disclosed.v1"


class EmergencyEscalated(_OfEmergency):
    """Nobody has reviewed it in time."""

    subject: ClassVar[str] = "referral.emergency-escalated.v1"


class EmergencyReviewed(_OfEmergency):
    """It was reviewed and stands; whoever acted is told."""

    subject: ClassVar[str] = "referral.emergency-reviewed.v1"


class EmergencyEnded(_OfEmergency):
    """It was ended: nothing is read under it any more."""

    subject: ClassVar[str] = "referral.emergency-ended.v1"
