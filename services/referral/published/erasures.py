"""What is told when nothing of a record is left: whoever kept something under its id lets it go."""

from typing import ClassVar

from kit.messages import Message


class ReferralErased(Message):
    """A referral is no more."""

    subject: ClassVar[str] = "referral.referral-erased.v1"
    referral_id: str


class ConsentErased(Message):
    """A consent is no more."""

    subject: ClassVar[str] = "referral.consent-erased.v1"
    consent_id: str


class GroundErased(Message):
    """A recorded ground is no more."""

    subject: ClassVar[str] = "referral.ground-erased.v1"
    ground_id: str


class EmergencyErased(Message):
    """What was done at once in serious danger is no more."""

    subject: ClassVar[str] = "referral.emergency-erased.v1"
    emergency_id: str
