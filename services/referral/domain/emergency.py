"""Serious danger: what one worker may do at once, and the review by others that must follow within a day."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.referral.domain.disclosure import Role
from services.referral.domain.errors import ReferralError
from services.referral.domain.grounds import Article
from services.referral.domain.identifiers import EmergencyId, OrganizationId, PersonId, ReferralId, UserId
from services.referral.domain.party import COORDINATOR, PRIVACY_OFFICER, NotFound, Reader, role_of
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import DataClass, Sector

COORDINATION = "coordination"

REVIEW_WITHIN = timedelta(hours=24)
RECALLED_EVERY = timedelta(hours=12)
# Long enough to bring help; whoever goes on helping asks for consent, or has a ground recorded.
TOLD_FOR = timedelta(hours=72)
READ_FOR = timedelta(hours=4)
# The first recall goes to the privacy officers, every later one to the coalition's coordination too.
_RECALLS_INSIDE = 1

# What someone able to help needs to find the person without harming them; nothing else is told in an emergency.
MINIMUM: frozenset[DataClass] = frozenset(
    {DataClass.IDENTITY, DataClass.SAFE_CONTACT, DataClass.CURRENT_LOCATION, DataClass.SAFETY}
)


class Kind(StrEnum):
    """What was done at once: told to a member, told outside the system, or read inside one's organisation."""

    DISCLOSURE = "disclosure"
    OUTSIDE = "outside"
    READING = "reading"


class Outsider(StrEnum):
    """Who was told outside the system; a report to youth protection is recorded apart."""

    EMERGENCY_SERVICES = "emergency-services"
    POLICE = "police"
    HEALTH_CARE = "health-care"
    CRISIS_LINE = "crisis-line"
    PERSON_IN_DANGER = "person-in-danger"
    OTHER_HELPER = "other-helper"


class OutsideChannel(StrEnum):
    """How it was told; the system itself transmitted nothing."""

    PHONE = "phone"
    IN_PERSON = "in-person"
    WRITING = "writing"


class ReadingReason(StrEnum):
    """Why a worker who is not assigned reads at once."""

    PERSON_IN_DANGER = "person-in-danger"
    OTHERS_IN_DANGER = "others-in-danger"
    PERSON_IS_HERE = "person-is-here"
    COLLEAGUE_UNREACHABLE = "colleague-unreachable"


class EndReason(StrEnum):
    """Why a reviewer ends it."""

    NO_SERIOUS_DANGER = "no-serious-danger"
    WRONG_RECIPIENT = "wrong-recipient"
    MORE_THAN_NEEDED = "more-than-needed"
    NO_LONGER_NEEDED = "no-longer-needed"
    ENTERED_IN_ERROR = "entered-in-error"


class Seat(StrEnum):
    """In which capacity someone reviews."""

    PRIVACY_OFFICER = "privacy-officer"
    COORDINATOR = "coordinator"
    COORDINATION = "coordination"


class Verdict(StrEnum):
    """What a reviewer finds."""

    APPROVE = "approve"
    END = "end"


class EmergencyByPersonAlone(ReferralError):
    """A person judges that there is serious danger; software does not."""

    code = "emergency.person-decides"


class EmergencyArticleUnfit(ReferralError):
    """This article lets nobody tell anything at once: only those on serious danger do."""

    code = "emergency.article-unfit"


class EmergencyBeyondMinimum(ReferralError):
    """In an emergency only what someone able to help needs is told."""

    code = "emergency.beyond-minimum"


class EmergencyNotYetDone(ReferralError):
    """What was told outside is recorded after it was told."""

    code = "emergency.not-yet-done"


class EmergencyNotNeeded(ReferralError):
    """One reads this already, by one's own part in it."""

    code = "emergency.not-needed"


class EmergencyOver(ReferralError):
    """Its time is over, or it was ended: nothing is read under it any more."""

    code = "emergency.over"


class ReviewOfOwnAct(ReferralError):
    """Whoever acted does not review it."""

    code = "emergency.own-act"


class ReviewDone(ReferralError):
    """It has been reviewed, or this reviewer has said their word."""

    code = "emergency.review-done"


class ReviewWithoutReason(ReferralError):
    """Ending an emergency takes a coded reason, approving it none."""

    code = "emergency.reason-misplaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One reviewer's word."""

    by: UserId
    seat: Seat
    verdict: Verdict
    at: datetime
    reason: EndReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """One act in serious danger, `owner` the organisation whose worker acted; its facts are sealed apart.

    `until` is how long it opens anything; `reviewed_at` is when nobody's word is awaited any more.
    """

    id: EmergencyId
    kind: Kind
    owner: OrganizationId
    person: PersonId
    acted_by: UserId
    at: datetime
    recorded_at: datetime
    article: str | None = None
    classes: frozenset[DataClass] = frozenset()
    recipient: OrganizationId | None = None
    recipient_sector: Sector | None = None
    outsider: Outsider | None = None
    channel: OutsideChannel | None = None
    referral: ReferralId | None = None
    reason: ReadingReason | None = None
    until: datetime | None = None
    recall_at: datetime | None = None
    recalls: int = 0
    with_coordination: bool = False
    reviews: tuple[Review, ...] = ()
    reviewed_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def review_by(self) -> datetime:
        """Return when the review should be done."""
        return self.recorded_at + REVIEW_WITHIN

    def opens(self, at: datetime) -> bool:
        """Say whether anything is read under it at that instant; the clock decides, not a timer."""
        return self.ended_at is None and self.until is not None and at < self.until

    def end(self, at: datetime) -> "Emergency":
        """End what it opens; what has ended stays as it ended."""
        return self if self.ended_at else replace(self, ended_at=at)


_OPEN_FOR: Mapping[Kind, timedelta | None] = {Kind.DISCLOSURE: TOLD_FOR, Kind.READING: READ_FOR, Kind.OUTSIDE: None}


def begin(emergency: Emergency, reviewers: frozenset[UserId]) -> Emergency:
    """Start its clocks; where nobody else inside could review it, the coalition's coordination does."""
    window = _OPEN_FOR[emergency.kind]
    return replace(
        emergency,
        until=emergency.recorded_at + window if window else None,
        recall_at=emergency.recorded_at + REVIEW_WITHIN,
        with_coordination=not reviewers - {emergency.acted_by},
    )


def check_article(article: Article) -> None:
    """Raise `EmergencyArticleUnfit` for an article that is not about serious danger."""
    if not article.emergency:
        raise EmergencyArticleUnfit


def check_minimum(classes: frozenset[DataClass]) -> None:
    """Raise `EmergencyBeyondMinimum` where more would be told than someone able to help needs."""
    if not classes or classes - MINIMUM:
        raise EmergencyBeyondMinimum


def check_done(at: datetime, now: datetime) -> None:
    """Raise `EmergencyNotYetDone` for a time to come."""
    if at > now:
        raise EmergencyNotYetDone


def check_unassigned(referral: Referral, reader: Reader) -> None:
    """Raise the named refusal unless this worker has no part in a referral received there, and is not excluded."""
    if referral.excluded.shuts_out(reader.organization, reader.user):
        raise NotFound
    if reader.organization == referral.sender and not referral.is_own:
        raise EmergencyNotNeeded
    if reader.organization != referral.receiver or not referral.was_sent:
        raise NotFound
    if role_of(referral, reader) is not Role.OTHER:
        raise EmergencyNotNeeded


def seat_of(emergency: Emergency, reader: Reader, coalition: OrganizationId | None) -> Seat:
    """Return in which capacity someone may see and review it, or raise `NotFound`."""
    if reader.organization == emergency.owner:
        if PRIVACY_OFFICER in reader.roles:
            return Seat.PRIVACY_OFFICER
        if COORDINATOR in reader.roles:
            return Seat.COORDINATOR
    elif reader.organization == coalition and COORDINATION in reader.roles and emergency.with_coordination:
        return Seat.COORDINATION
    raise NotFound


def review(emergency: Emergency, said: Review, officers: frozenset[UserId]) -> Emergency:
    """Add a reviewer's word; `officers` are the privacy officers there, whose word is awaited where there are any."""
    if said.by == emergency.acted_by:
        raise ReviewOfOwnAct
    if emergency.reviewed_at or any(said.by == each.by for each in emergency.reviews):
        raise ReviewDone
    if (said.verdict is Verdict.END) != (said.reason is not None):
        raise ReviewWithoutReason
    after = replace(emergency, reviews=(*emergency.reviews, said))
    if said.verdict is Verdict.END:
        return replace(after.end(said.at), reviewed_at=said.at, recall_at=None)
    if said.seat is Seat.COORDINATOR and officers - {emergency.acted_by, said.by}:
        return after
    return replace(after, reviewed_at=said.at, recall_at=None)


def recall(emergency: Emergency, officers: frozenset[UserId], at: datetime) -> Emergency:
    """Recall an unreviewed emergency, again and again; from the second time on with the coordination."""
    awaited = officers - {emergency.acted_by}
    alone = emergency.recalls >= _RECALLS_INSIDE or not awaited
    return replace(
        emergency,
        recalls=emergency.recalls + 1,
        recall_at=at + RECALLED_EVERY,
        with_coordination=emergency.with_coordination or alone,
    )
