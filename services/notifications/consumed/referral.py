"""What notifications takes of referral's messages: whom a referral's party wants told, and which notice it becomes."""

from datetime import UTC, datetime
from typing import ClassVar

from kit.messages import Consumed, Subscription


class _AboutReferral(Consumed):
    """A referral's fact: who is to be told, in which of its two organisations."""

    referral_id: str
    sender_organization_id: str
    receiver_organization_id: str
    notify: tuple[str, ...]


class ReferralRequested(_AboutReferral):
    """A referral was addressed to the receiver."""

    subject: ClassVar[str] = "referral.requested.v1"
    urgent: bool = False


class ReferralReviewStarted(_AboutReferral):
    """The receiver looks at it."""

    subject: ClassVar[str] = "referral.review-started.v1"


class ReferralWaitlisted(_AboutReferral):
    """It waits for a place."""

    subject: ClassVar[str] = "referral.waitlisted.v1"


class ReferralReviewResumed(_AboutReferral):
    """It left the waiting list for review."""

    subject: ClassVar[str] = "referral.review-resumed.v1"


class ReferralAccepted(_AboutReferral):
    """The receiver accepted."""

    subject: ClassVar[str] = "referral.accepted.v1"


class ReferralAssigned(_AboutReferral):
    """They were named to meet the person."""

    subject: ClassVar[str] = "referral.assigned.v1"


class ReferralDeclined(_AboutReferral):
    """The receiver declined."""

    subject: ClassVar[str] = "referral.declined.v1"


class ReferralReminded(_AboutReferral):
    """It waits for someone."""

    subject: ClassVar[str] = "referral.reminded.v1"


class ReferralExpired(_AboutReferral):
    """It went unanswered; the sender is told."""

    subject: ClassVar[str] = "referral.expired.v1"


class ReferralCancelled(_AboutReferral):
    """One party cancelled it; the other is told."""

    subject: ClassVar[str] = "referral.cancelled.v1"


class ReferralWithdrawn(_AboutReferral):
    """Consent ended before acceptance; the sender is told."""

    subject: ClassVar[str] = "referral.withdrawn.v1"


class ReferralClosed(_AboutReferral):
    """It ended before or without the receiver; in neutral words, without reason."""

    subject: ClassVar[str] = "referral.closed.v1"


class ReferralSharingEnded(_AboutReferral):
    """Consent ended after acceptance: both workers learn that, never why."""

    subject: ClassVar[str] = "referral.sharing-ended.v1"


class ReferralHandoverArranged(_AboutReferral):
    """When and how the person comes is arranged."""

    subject: ClassVar[str] = "referral.handover-arranged.v1"


class ReferralStarted(_AboutReferral):
    """The service began."""

    subject: ClassVar[str] = "referral.started.v1"


class ReferralNotArrived(_AboutReferral):
    """The person did not arrive in time."""

    subject: ClassVar[str] = "referral.not-arrived.v1"


class ReferralEscalated(_AboutReferral):
    """It has waited too long."""

    subject: ClassVar[str] = "referral.escalated.v1"


class ReferralHeld(_AboutReferral):
    """The service is on hold."""

    subject: ClassVar[str] = "referral.held.v1"


class ReferralResumed(_AboutReferral):
    """The service goes on."""

    subject: ClassVar[str] = "referral.resumed.v1"


class ReferralCompleted(_AboutReferral):
    """The service is completed."""

    subject: ClassVar[str] = "referral.completed.v1"


class ReferralFailed(_AboutReferral):
    """The service ended otherwise."""

    subject: ClassVar[str] = "referral.failed.v1"


class ReferralVoidProposed(_AboutReferral):
    """One party says it was entered in error."""

    subject: ClassVar[str] = "referral.void-proposed.v1"


class ReferralVoided(_AboutReferral):
    """It was entered in error."""

    subject: ClassVar[str] = "referral.voided.v1"


class ReferralReassigned(_AboutReferral):
    """Another service takes over."""

    subject: ClassVar[str] = "referral.reassigned.v1"


class _AboutQuery(Consumed):
    """A fact of a capacity query, which is about nobody in particular."""

    query_id: str
    sender_organization_id: str
    receiver_organization_id: str
    notify: tuple[str, ...]


class CapacityAsked(_AboutQuery):
    """A service is asked whether it could help someone."""

    subject: ClassVar[str] = "referral.capacity-asked.v1"
    urgent: bool = False


class CapacityAnswered(_AboutQuery):
    """A service answered."""

    subject: ClassVar[str] = "referral.capacity-answered.v1"


class ConsentLapsing(Consumed):
    """A consent ends soon; only its owner's people are told."""

    subject: ClassVar[str] = "referral.consent-lapsing.v1"
    consent_id: str
    owner_organization_id: str
    notify: tuple[str, ...]


# Which notice a fact becomes. Whatever ends a referral reads the same, since not every reader may know how it ended;
# only that nobody answers, or that the answer is no, has words of its own: someone must act.
KIND_OF: dict[type[Consumed], str] = {
    ReferralRequested: "referral-requested",
    ReferralReviewStarted: "referral-review-started",
    ReferralWaitlisted: "referral-waitlisted",
    ReferralReviewResumed: "referral-review-started",
    ReferralAccepted: "referral-accepted",
    ReferralAssigned: "referral-assigned",
    ReferralDeclined: "referral-declined",
    ReferralReminded: "referral-reminded",
    ReferralExpired: "referral-expired",
    ReferralCancelled: "referral-ended",
    # The words of either end of consent are the same: not every sender may know that there was an acceptance.
    ReferralWithdrawn: "referral-sharing-ended",
    ReferralClosed: "referral-ended",
    ReferralSharingEnded: "referral-sharing-ended",
    ReferralHandoverArranged: "referral-handover-arranged",
    ReferralStarted: "referral-started",
    ReferralNotArrived: "referral-not-arrived",
    ReferralEscalated: "referral-escalated",
    ReferralHeld: "referral-held",
    ReferralResumed: "referral-resumed",
    ReferralCompleted: "referral-ended",
    ReferralFailed: "referral-ended",
    ReferralVoidProposed: "referral-void-proposed",
    ReferralVoided: "referral-ended",
    ReferralReassigned: "referral-reassigned",
    CapacityAsked: "capacity-asked",
    CapacityAnswered: "capacity-answered",
    ConsentLapsing: "consent-lapsing",
}
# What cannot wait for anybody's morning is a kind of its own.
URGENT_KIND_OF: dict[type[Consumed], str] = {
    ReferralRequested: "referral-requested-urgent",
    CapacityAsked: "capacity-asked-urgent",
}


def kind_of(fact: Consumed) -> str:
    """Return which notice a fact becomes."""
    urgent = getattr(fact, "urgent", False)
    return (URGENT_KIND_OF if urgent else KIND_OF)[type(fact)]


# The service's first day: what is older was told by other means.
FIRST_DAY = datetime(2026, 11, 1, tzinfo=UTC)
REFERRALS = Subscription(
    name="notifications-referrals",
    stream="REFERRAL",
    messages=tuple(KIND_OF),
    kind="reaction",
    since=FIRST_DAY,
)
