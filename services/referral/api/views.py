"""Referrals as each party reads them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from kit.http import Page
from services.referral.api.capacity import QueryShown, query_shown
from services.referral.api.fields import View
from services.referral.api.handover import HandoverView, handover_shown
from services.referral.api.records import to_json
from services.referral.commands.moving import version_for
from services.referral.commands.reading import Seen
from services.referral.domain.deadlines import answer_by
from services.referral.domain.disclosure import Role
from services.referral.domain.moves import may_void
from services.referral.domain.outwards import RECEIVED, as_state, is_end, to_fhir, to_receiver
from services.referral.domain.party import Standpoint
from services.referral.domain.reasons import Outcome, Source
from services.referral.domain.referral import Referral, Sharing
from services.referral.domain.reveals import Facet
from services.referral.domain.taxonomy import DataClass, Need, Purpose, Urgency
from services.referral.domain.transitions import ENDED, TRANSITIONS, Actor, Command, State
from services.referral.domain.voiding import may_confirm, may_propose, proposed_by
from services.referral.store import Kept

# The moves that this API offers; the state table holds more.
OFFERED = (
    Command.REQUEST,
    Command.REVIEW,
    Command.WAITLIST,
    Command.RESUME_REVIEW,
    Command.KEEP_WAITING,
    Command.ACCEPT,
    Command.DECLINE,
    Command.ARRANGE_HANDOVER,
    Command.ASSIGN,
    Command.LOG_ATTEMPT,
    Command.START,
    Command.HOLD,
    Command.RESUME,
    Command.COMPLETE,
    Command.FAIL,
    Command.CANCEL,
    Command.VOID,
    Command.PROPOSE_VOID,
    Command.CONFIRM_VOID,
)


class FhirView(View):
    """FHIR R5 Task.status, and businessStatus where it says more."""

    status: str
    business_status: str | None = None


class LineView(View):
    """A referral in a list: nothing of the need or the person is unsealed for it."""

    id: str
    direction: str = Field(description="`sent` or `received`.", examples=["sent"])
    state: str = Field(examples=["requested"])
    fhir: FhirView
    sharing: str = Field(description="`live`, or `ended` once consent or the referral has ended; never why.")
    urgency: Urgency
    purpose: Purpose
    sender_organization_id: str
    receiver_organization_id: str
    service_id: str
    mnemonic: str | None = Field(default=None, description="The sender's own name for the person; null for a receiver.")
    source: Source | None = Field(default=None, description="How someone came whom nobody referred.")
    sent_at: datetime | None
    answer_by: datetime | None = Field(description="When an unanswered request ends; null on a waiting list.")
    changed_at: datetime
    allowed: tuple[Command, ...] = Field(description="The moves you can make now.")


class StatusView(LineView):
    """Where a referral stands after a move."""

    reason: str | None = Field(default=None, description="Of a decline.")
    alternatives: tuple[str, ...] = Field(default=(), description="Services the receiver offers instead.")
    handover_by: datetime | None = Field(default=None, description="For the receiver: when the person should be there.")
    handover: HandoverView | None = Field(default=None, description="When and how the person comes, where arranged.")
    not_arrived_at: datetime | None = Field(default=None, description="When nobody had come by the handover.")
    void_proposed_by: Literal["sender", "receiver"] | None = Field(
        default=None, description="Who said that it was entered in error; the other confirms."
    )
    assigned_user_ids: tuple[str, ...] | None = Field(default=None, description="For the receiver: who meets them.")


class WithheldView(View):
    """A class that is not shown, or not whole, and why; the same whether or not there is anything to show."""

    data_class: DataClass
    reason: str


class ReferralView(StatusView):
    """A referral as this party may read it at this instant."""

    person_id: str | None = Field(default=None, description="For the sender.")
    shares: tuple[DataClass, ...] | None = Field(
        default=None, description="For the sender: the classes it would share."
    )
    need: QueryShown | None = Field(default=None, description="Null once sharing or the referral has ended.")
    disclosed: dict[str, Any] | None = Field(default=None, description="For the receiver: the open classes.")
    withheld: tuple[WithheldView, ...] = Field(default=(), description="What is not shown, unless naming it reveals.")
    outcomes: dict[Need, Outcome] | None = Field(default=None, description="For a sender whom the person lets know.")
    needs_left: tuple[Need, ...] | None = Field(
        default=None, description="For the sender: the needs that stay open once it is over; null where it is not told."
    )
    linked_from: str | None = Field(default=None, description="For the sender: where the need stayed open before.")
    next_referral_ids: tuple[str, ...] | None = Field(
        default=None, description="For the sender: the referrals that took its needs further."
    )
    referral_set_id: str | None = Field(default=None, description="For the sender: the set it was sent with.")


class ReferralPage(Page[LineView]):
    """Referrals of one side, newest first."""


def word_of(referral: Referral, side: Standpoint) -> str:
    """Return the word in which this party reads the state."""
    return referral.view.word if side.actor is Actor.SENDER else to_receiver(referral.state)


def allowed(referral: Referral, side: Standpoint) -> tuple[Command, ...]:
    """Return the moves open to this party, judged from what it may know."""
    state = referral.state
    if side.role is Role.EMERGENCY:
        return ()
    if side.actor is Actor.SENDER:
        state = as_state(referral.view.word)
    offered = [command for command in OFFERED if (state, command, _mover(referral, side, command)) in TRANSITIONS]
    barred = {
        Command.VOID: not may_void(referral),
        Command.PROPOSE_VOID: not may_propose(referral, side.actor),
        Command.CONFIRM_VOID: not may_confirm(referral, side),
        Command.ASSIGN: not side.leads,
        Command.LOG_ATTEMPT: side.role is not Role.ASSIGNED,
    }
    return tuple(command for command in offered if not barred.get(command))


def _mover(referral: Referral, side: Standpoint, command: Command) -> Actor:
    """Return as whom this party makes a move: who opened it for their own person voids it as its sender would."""
    return Actor.SENDER if referral.is_own and command is Command.VOID else side.actor


def _line(referral: Referral, side: Standpoint) -> dict[str, Any]:
    """Return what a list says, field by field."""
    sender = side.actor is Actor.SENDER
    word = word_of(referral, side)
    fhir = to_fhir(word)
    changes = (referral.ended_at, referral.accepted_at, referral.requested_at, referral.created_at)
    latest = referral.view.changed_at if sender else next(at for at in changes if at)
    return {
        "id": referral.id,
        "direction": "sent" if sender else "received",
        "state": word,
        "fhir": FhirView(status=fhir.status, business_status=fhir.business),
        # Over is over: an end by consent must not read otherwise than any other.
        "sharing": (Sharing.ENDED if is_end(word) else referral.sharing).value,
        "urgency": referral.urgency,
        "purpose": referral.purpose,
        "sender_organization_id": referral.sender,
        "receiver_organization_id": referral.receiver,
        "service_id": referral.service,
        "mnemonic": referral.mnemonic if sender or referral.is_own else None,
        "source": referral.source,
        "sent_at": referral.requested_at,
        "answer_by": _answer_by(referral, word) if sender else referral.expires_at,
        "changed_at": latest,
        "allowed": allowed(referral, side),
    }


# On a waiting list there is none; and when the receiver is asked again is the receiver's affair.
_AWAITING = frozenset({State.REQUESTED.value, State.UNDER_REVIEW.value, RECEIVED})


def _answer_by(referral: Referral, word: str) -> datetime | None:
    """Return the deadline from the word a sender reads: what the word hides must not show in a date."""
    began = referral.requested_at if word == RECEIVED else referral.answer_from or referral.requested_at
    if word not in _AWAITING or began is None:
        return None
    return answer_by(referral.urgency, began).expire


def _status(referral: Referral, side: Standpoint, opened: frozenset[Facet] = frozenset()) -> dict[str, Any]:
    """Return what a move answers: a decline's reason to both, the handover as far as each may know it."""
    declined = word_of(referral, side) == State.DECLINED
    serving = side.actor is Actor.RECEIVER and referral.accepted_at is not None and referral.state not in ENDED
    return _line(referral, side) | {
        **handover_shown(referral, side, opened),
        "reason": referral.reason if declined else None,
        "alternatives": referral.alternatives if declined else (),
        "handover_by": referral.handover_by if serving else None,
        "void_proposed_by": proposed_by(referral, side.actor),
        "assigned_user_ids": tuple(sorted(referral.assigned)) if serving else None,
    }


def line_view(kept: Kept[Referral], side: Standpoint) -> LineView:
    """Return a referral as a line of a list."""
    return LineView(**_line(kept.state, side))


def status_view(kept: Kept[Referral], side: Standpoint) -> StatusView:
    """Return where a referral stands."""
    return StatusView(**_status(kept.state, side))


def referral_view(seen: Seen) -> ReferralView:
    """Return a referral as one party reads it."""
    referral, side = seen.kept.state, seen.side
    sender = side.actor is Actor.SENDER
    owner = sender or referral.is_own
    disclosed = seen.disclosed
    return ReferralView(
        **_status(referral, side, seen.opened),
        person_id=referral.person if owner else None,
        shares=tuple(name for name in DataClass if name in referral.classes) if sender else None,
        need=query_shown(seen.need) if seen.need else None,
        disclosed=to_json(disclosed.fields) if disclosed else None,
        withheld=tuple(
            WithheldView(data_class=each.data_class, reason=each.reason)
            for each in (disclosed.withheld if disclosed else ())
        ),
        outcomes=seen.outcomes,
        needs_left=seen.needs_left if owner else None,
        linked_from=referral.linked_from if owner else None,
        next_referral_ids=seen.following if owner else None,
        referral_set_id=referral.sent_with if owner else None,
    )


def version_of(seen: Seen) -> int:
    """Return the version this party reads."""
    return version_for(seen.kept, seen.side)
