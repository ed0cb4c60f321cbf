"""What is told of a referral, and to whom; a receiver learns of an end that was not its own by `closed`, always."""

from collections.abc import Mapping
from typing import ClassVar

from kit.messages import Message
from services.referral.domain.transitions import Fact


class _OfReferral(Message):
    referral_id: str
    sender_organization_id: str
    receiver_organization_id: str
    notify: tuple[str, ...]


class Drafted(Message):
    """A referral is being prepared; for whom is nobody's business yet."""

    subject: ClassVar[str] = "referral.drafted.v1"
    referral_id: str
    sender_organization_id: str


class Opened(_OfReferral):
    """A receiver opened a referral itself: someone walked in or called."""

    subject: ClassVar[str] = "referral.opened.v1"


class SheetIssued(Message):
    """A neutral sheet was given for a service outside the coalition; nothing was transmitted."""

    subject: ClassVar[str] = "referral.sheet-issued.v1"
    referral_id: str
    sender_organization_id: str


class Requested(_OfReferral):
    """It was sent to a receiver's intake; `urgent` lets no quiet hours hold the word back."""

    subject: ClassVar[str] = "referral.requested.v1"
    urgent: bool = False


class ReviewStarted(_OfReferral):
    """The receiver looks at it."""

    subject: ClassVar[str] = "referral.review-started.v1"


class Waitlisted(_OfReferral):
    """It waits for a place."""

    subject: ClassVar[str] = "referral.waitlisted.v1"


class ReviewResumed(_OfReferral):
    """It left the waiting list for review."""

    subject: ClassVar[str] = "referral.review-resumed.v1"


class Accepted(_OfReferral):
    """The receiver accepted."""

    subject: ClassVar[str] = "referral.accepted.v1"


class Assigned(_OfReferral):
    """Workers of the receiver were named to meet the person; they are told."""

    subject: ClassVar[str] = "referral.assigned.v1"


class PlacesTaken(_OfReferral):
    """Counted places of a service are held."""

    subject: ClassVar[str] = "referral.places-taken.v1"
    service_id: str
    places: int


class PlacesReleased(_OfReferral):
    """The places it held are free again."""

    subject: ClassVar[str] = "referral.places-released.v1"
    service_id: str
    places: int


class Declined(_OfReferral):
    """The receiver declined."""

    subject: ClassVar[str] = "referral.declined.v1"


class Reminded(_OfReferral):
    """It waits for somebody: an answer, a beginning, a going on."""

    subject: ClassVar[str] = "referral.reminded.v1"


class Expired(_OfReferral):
    """It went unanswered; the sender is told."""

    subject: ClassVar[str] = "referral.expired.v1"


class Cancelled(_OfReferral):
    """It was cancelled; a sender who did not do it is told, as far as the person lets it."""

    subject: ClassVar[str] = "referral.cancelled.v1"


class Withdrawn(_OfReferral):
    """Consent ended before acceptance; the sender is told."""

    subject: ClassVar[str] = "referral.withdrawn.v1"


class Closed(_OfReferral):
    """It ended without the receiver, who is told in one neutral word."""

    subject: ClassVar[str] = "referral.closed.v1"


class SharingEnded(_OfReferral):
    """Consent ended after acceptance; both workers learn that, never why."""

    subject: ClassVar[str] = "referral.sharing-ended.v1"


class HandoverArranged(_OfReferral):
    """When and how the person comes is arranged, or changed; who may read it comes and reads."""

    subject: ClassVar[str] = "referral.handover-arranged.v1"


class Started(_OfReferral):
    """The service began."""

    subject: ClassVar[str] = "referral.started.v1"


class NotArrived(_OfReferral):
    """The person did not arrive in time."""

    subject: ClassVar[str] = "referral.not-arrived.v1"


class Escalated(_OfReferral):
    """It has waited too long."""

    subject: ClassVar[str] = "referral.escalated.v1"


class Held(_OfReferral):
    """The service is on hold."""

    subject: ClassVar[str] = "referral.held.v1"


class Resumed(_OfReferral):
    """The service goes on."""

    subject: ClassVar[str] = "referral.resumed.v1"


class Completed(_OfReferral):
    """The service is completed."""

    subject: ClassVar[str] = "referral.completed.v1"


class Failed(_OfReferral):
    """The service came to nothing."""

    subject: ClassVar[str] = "referral.failed.v1"


class VoidProposed(_OfReferral):
    """One party says that it was entered in error."""

    subject: ClassVar[str] = "referral.void-proposed.v1"


class Voided(_OfReferral):
    """It was entered in error."""

    subject: ClassVar[str] = "referral.voided.v1"


class Reassigned(_OfReferral):
    """Another receiver takes over."""

    subject: ClassVar[str] = "referral.reassigned.v1"


# What tells a fact to both parties' people: the fields are the same.
TELLING: Mapping[Fact, type[_OfReferral]] = {
    Fact.OPENED: Opened,
    Fact.REQUESTED: Requested,
    Fact.REVIEW_STARTED: ReviewStarted,
    Fact.WAITLISTED: Waitlisted,
    Fact.REVIEW_RESUMED: ReviewResumed,
    Fact.ACCEPTED: Accepted,
    Fact.ASSIGNED: Assigned,
    Fact.DECLINED: Declined,
    Fact.REMINDED: Reminded,
    Fact.EXPIRED: Expired,
    Fact.CANCELLED: Cancelled,
    Fact.WITHDRAWN: Withdrawn,
    Fact.CLOSED: Closed,
    Fact.SHARING_ENDED: SharingEnded,
    Fact.HANDOVER_ARRANGED: HandoverArranged,
    Fact.STARTED: Started,
    Fact.NOT_ARRIVED: NotArrived,
    Fact.ESCALATED: Escalated,
    Fact.HELD: Held,
    Fact.RESUMED: Resumed,
    Fact.COMPLETED: Completed,
    Fact.FAILED: Failed,
    Fact.VOID_PROPOSED: VoidProposed,
    Fact.VOIDED: Voided,
    Fact.REASSIGNED: Reassigned,
}
PLACES: Mapping[Fact, type[PlacesTaken] | type[PlacesReleased]] = {
    Fact.PLACES_TAKEN: PlacesTaken,
    Fact.PLACES_RELEASED: PlacesReleased,
}
PREPARING: Mapping[Fact, type[Drafted] | type[SheetIssued]] = {
    Fact.DRAFTED: Drafted,
    Fact.SHEET_ISSUED: SheetIssued,
}
