"""What notifications takes of referral's erasures: every entry about what is no more goes."""

from datetime import UTC, datetime
from typing import ClassVar

from kit.messages import Consumed, Subscription


class ReferralErased(Consumed):
    """A referral is no more."""

    subject: ClassVar[str] = "referral.referral-erased.v1"


class ConsentErased(Consumed):
    """A consent is no more."""

    subject: ClassVar[str] = "referral.consent-erased.v1"


class GroundErased(Consumed):
    """A recorded ground is no more."""

    subject: ClassVar[str] = "referral.ground-erased.v1"


class EmergencyErased(Consumed):
    """What was done in serious danger is no more."""

    subject: ClassVar[str] = "referral.emergency-erased.v1"


ERASURES = Subscription(
    name="notifications-erasures",
    stream="REFERRAL",
    messages=(ReferralErased, ConsentErased, GroundErased, EmergencyErased),
    kind="reaction",
    since=datetime(2026, 11, 1, tzinfo=UTC),
)
