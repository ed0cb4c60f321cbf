"""One referral: one person, one receiving organisation, and what each party may read of where it stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.referral.domain.consent import Feedback
from services.referral.domain.disclosure import Stage
from services.referral.domain.exclusions import NOBODY, Exclusions
from services.referral.domain.handover import Handover
from services.referral.domain.identifiers import (
    ConsentId,
    GroundId,
    OrganizationId,
    PersonId,
    QueryId,
    ReferralId,
    ReferralSetId,
    ServiceId,
    UserId,
)
from services.referral.domain.reasons import Source
from services.referral.domain.taxonomy import DataClass, Need, Purpose, Sector, Urgency
from services.referral.domain.transitions import ENDED, SERVING, UNANSWERED, Actor, State

# Police and government senders read only that it was delivered, or that it is over.
TERSE_SENDERS: frozenset[Sector] = frozenset({Sector.LAW_ENFORCEMENT, Sector.GOVERNMENT})


class Sharing(StrEnum):
    """Whether personal data may flow to the receiver."""

    LIVE = "live"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderView:
    """What the sender reads: kept apart from the true state, so that nothing else can be told from it."""

    word: str
    version: int
    changed_at: datetime
    handover: Handover | None = None
    not_arrived_at: datetime | None = None
    void_proposed_by: Actor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Veil:
    """What a sender is still shown of a lost race that would tell it of another's acceptance: a request unanswered."""

    remind_at: datetime | None
    expires_at: datetime
    unseen: int = 0  # how often it was lifted a little: a receiver's version counts none of that


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """The referral's own facts; what is said of the person is sealed beside it and never here."""

    id: ReferralId
    person: PersonId
    mnemonic: str  # the sender's name for the person, never shown to anybody else
    sender: OrganizationId
    sender_sector: Sector
    receiver: OrganizationId
    receiver_sector: Sector
    service: ServiceId
    service_needs: frozenset[Need]
    created_by: UserId
    created_at: datetime
    urgency: Urgency
    purpose: Purpose
    classes: frozenset[DataClass]
    party_size: int
    state: State
    view: SenderView
    sharing: Sharing = Sharing.LIVE
    feedback: Feedback = Feedback.RECEIVED
    consent: ConsentId | None = None
    consent_until: datetime | None = None
    ground: GroundId | None = None
    query: QueryId | None = None
    source: Source | None = None
    requested_at: datetime | None = None
    remind_at: datetime | None = None
    expires_at: datetime | None = None
    escalate_at: datetime | None = None
    answer_from: datetime | None = None  # when the deadline began that the last word before acceptance goes with
    accepted_at: datetime | None = None
    handover_by: datetime | None = None
    handover: Handover | None = None
    not_arrived_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None
    alternatives: tuple[ServiceId, ...] = ()
    assigned: frozenset[UserId] = frozenset()
    places_held: int = 0
    attempts: int = 0
    safe_attempts: int = 0  # since the person was last spoken with; each attempt itself is sealed
    reminded: bool = False
    read_once_at: datetime | None = None
    void_proposed_by: Actor | None = None
    excluded: Exclusions = NOBODY  # who finds nothing of it, as the person's list has it
    void_proposer: UserId | None = None
    sent_with: ReferralSetId | None = None  # others were asked for the same need
    linked_from: ReferralId | None = None  # the need stayed open there
    veil: Veil | None = None

    @property
    def is_open(self) -> bool:
        """Say whether it awaits anything."""
        return self.state not in ENDED

    @property
    def is_own(self) -> bool:
        """Say whether the receiver opened it for a person of its own record: there is no other organisation in it."""
        return self.source is not None

    @property
    def is_untold(self) -> bool:
        """Say whether its sender may not learn whether it was accepted: a consent of its own, and a rule for some."""
        return self.feedback is Feedback.NONE or self.sender_sector in TERSE_SENDERS

    @property
    def was_sent(self) -> bool:
        """Say whether the receiver ever had it."""
        return self.requested_at is not None

    def shares(self, at: datetime) -> bool:
        """Say whether data may flow at that instant, as far as the referral knows: the clock may be ahead of it."""
        return self.sharing is Sharing.LIVE and (self.consent_until is None or at < self.consent_until)

    def stage(self, consent_live: bool) -> Stage:  # noqa: FBT001 - one fact, named at its only call
        """Return how far it has come for its receiver, given whether the consent is live at this instant."""
        if self.state in UNANSWERED:
            return Stage.BEFORE if consent_live else Stage.ENDED
        if self.state in SERVING:
            return Stage.ACCEPTED if consent_live and self.sharing is Sharing.LIVE else Stage.DARK
        return Stage.ENDED
