"""The state table of a referral, as data: (state, command, actor) -> next state and what is told."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.referral.domain.errors import ReferralError


class State(StrEnum):
    """Where a referral stands, in the terms of FHIR Task (`outwards.py` gives its codes)."""

    DRAFT = "draft"
    REQUESTED = "requested"
    UNDER_REVIEW = "under-review"
    WAITLISTED = "waitlisted"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    FAILED = "failed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    ENTERED_IN_ERROR = "entered-in-error"


class Command(StrEnum):
    """What one may try to do to a referral."""

    DRAFT = "draft"
    OPEN = "open"
    REQUEST = "request"
    ISSUE_SHEET = "issue-sheet"
    REVIEW = "review"
    WAITLIST = "waitlist"
    RESUME_REVIEW = "resume-review"
    KEEP_WAITING = "keep-waiting"
    ACCEPT = "accept"
    DECLINE = "decline"
    REMIND = "remind"
    EXPIRE = "expire"
    LOSE = "lose"
    WITHDRAW = "withdraw"
    END_SHARING = "end-sharing"
    ARRANGE_HANDOVER = "arrange-handover"
    ASSIGN = "assign"
    LOG_ATTEMPT = "log-attempt"
    START = "start"
    MISS_ARRIVAL = "miss-arrival"
    ESCALATE = "escalate"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"
    VOID = "void"
    PROPOSE_VOID = "propose-void"
    CONFIRM_VOID = "confirm-void"
    REASSIGN = "reassign"


class Actor(StrEnum):
    """Who moves it: a party, time, the end of a consent, or another referral that was accepted first."""

    SENDER = "sender"
    SENDER_ALONE = "sender-alone"  # its receiver is no member: nothing is transmitted
    RECEIVER = "receiver"
    TIMER = "timer"
    CONSENT = "consent"
    RACE = "race"
    COORDINATION = "coordination"


class Fact(StrEnum):
    """What happened; the message is `referral.<fact>.v1`."""

    DRAFTED = "drafted"
    OPENED = "opened"
    REQUESTED = "requested"
    SHEET_ISSUED = "sheet-issued"
    REVIEW_STARTED = "review-started"
    WAITLISTED = "waitlisted"
    REVIEW_RESUMED = "review-resumed"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    PLACES_TAKEN = "places-taken"
    PLACES_RELEASED = "places-released"
    DECLINED = "declined"
    REMINDED = "reminded"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    SHARING_ENDED = "sharing-ended"
    HANDOVER_ARRANGED = "handover-arranged"
    STARTED = "started"
    NOT_ARRIVED = "not-arrived"
    ESCALATED = "escalated"
    HELD = "held"
    RESUMED = "resumed"
    COMPLETED = "completed"
    FAILED = "failed"
    VOID_PROPOSED = "void-proposed"
    VOIDED = "voided"
    REASSIGNED = "reassigned"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: `to` is None where the state stays; None among `origins` is a referral not yet made."""

    origins: tuple[State | None, ...]
    command: Command
    actors: tuple[Actor, ...]
    to: State | None
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What one legal move leads to."""

    to: State
    facts: tuple[Fact, ...]


Key = tuple[State | None, Command, Actor]

_WAITING = (State.REQUESTED, State.UNDER_REVIEW)
_UNANSWERED = (*_WAITING, State.WAITLISTED)
_OPEN_BEFORE = (State.DRAFT, *_UNANSWERED)
_SERVING = (State.ACCEPTED, State.IN_PROGRESS, State.ON_HOLD)
_NEVER_ACCEPTED = (*_OPEN_BEFORE, State.DECLINED, State.EXPIRED, State.WITHDRAWN, State.CANCELLED)
_ONCE_ACCEPTED = (*_SERVING, State.COMPLETED, State.FAILED, State.CANCELLED)
_SHEET = (State.DRAFT, State.IN_PROGRESS)
_SHEET_KNOWN = (*_SHEET, State.COMPLETED, State.FAILED, State.CANCELLED)
_SENDER = (Actor.SENDER,)
_ALONE = (Actor.SENDER_ALONE,)
_RECEIVER = (Actor.RECEIVER,)
_TIMER = (Actor.TIMER,)
_PARTIES = (Actor.SENDER, Actor.RECEIVER)
_TAKEN = (Fact.ACCEPTED, Fact.ASSIGNED, Fact.PLACES_TAKEN)

ROWS: tuple[Row, ...] = (
    Row((None,), Command.DRAFT, (Actor.SENDER, Actor.SENDER_ALONE), State.DRAFT, (Fact.DRAFTED,)),
    Row((None,), Command.OPEN, _RECEIVER, State.UNDER_REVIEW, (Fact.OPENED,)),
    Row((State.DRAFT,), Command.REQUEST, _SENDER, State.REQUESTED, (Fact.REQUESTED,)),
    Row((State.DRAFT,), Command.ISSUE_SHEET, _ALONE, State.IN_PROGRESS, (Fact.SHEET_ISSUED,)),
    Row((State.IN_PROGRESS,), Command.COMPLETE, _ALONE, State.COMPLETED, (Fact.COMPLETED,)),
    Row((State.IN_PROGRESS,), Command.FAIL, _ALONE, State.FAILED, (Fact.FAILED,)),
    Row((State.REQUESTED,), Command.REVIEW, _RECEIVER, State.UNDER_REVIEW, (Fact.REVIEW_STARTED,)),
    Row(_WAITING, Command.WAITLIST, _RECEIVER, State.WAITLISTED, (Fact.WAITLISTED,)),
    Row((State.WAITLISTED,), Command.RESUME_REVIEW, _RECEIVER, State.UNDER_REVIEW, (Fact.REVIEW_RESUMED,)),
    Row((State.WAITLISTED,), Command.KEEP_WAITING, _RECEIVER, None, ()),
    Row(_UNANSWERED, Command.ACCEPT, _RECEIVER, State.ACCEPTED, _TAKEN),
    Row(_UNANSWERED, Command.DECLINE, _RECEIVER, State.DECLINED, (Fact.DECLINED,)),
    Row(_UNANSWERED, Command.REMIND, _TIMER, None, (Fact.REMINDED,)),
    Row(_UNANSWERED, Command.ESCALATE, _TIMER, None, (Fact.ESCALATED,)),
    Row(_UNANSWERED, Command.EXPIRE, _TIMER, State.EXPIRED, (Fact.EXPIRED, Fact.CLOSED)),
    Row(_OPEN_BEFORE, Command.LOSE, (Actor.RACE,), State.CANCELLED, (Fact.CANCELLED, Fact.CLOSED)),
    Row(_OPEN_BEFORE, Command.WITHDRAW, (Actor.CONSENT,), State.WITHDRAWN, (Fact.WITHDRAWN, Fact.CLOSED)),
    Row((State.WITHDRAWN,), Command.WITHDRAW, (Actor.CONSENT,), None, ()),
    Row(_SERVING, Command.END_SHARING, (Actor.CONSENT,), None, (Fact.SHARING_ENDED,)),
    Row((State.ACCEPTED,), Command.ARRANGE_HANDOVER, _RECEIVER, None, (Fact.HANDOVER_ARRANGED,)),
    Row((State.ACCEPTED,), Command.START, _RECEIVER, State.IN_PROGRESS, (Fact.STARTED,)),
    Row((State.ACCEPTED,), Command.MISS_ARRIVAL, _TIMER, None, (Fact.NOT_ARRIVED,)),
    Row((State.ACCEPTED, State.ON_HOLD), Command.REMIND, _TIMER, None, (Fact.REMINDED,)),
    Row((State.ACCEPTED, State.ON_HOLD), Command.ESCALATE, _TIMER, None, (Fact.ESCALATED,)),
    Row(_SERVING, Command.LOG_ATTEMPT, _RECEIVER, None, ()),
    Row(_SERVING, Command.ASSIGN, _RECEIVER, None, (Fact.ASSIGNED,)),
    Row((State.IN_PROGRESS,), Command.HOLD, _RECEIVER, State.ON_HOLD, (Fact.HELD,)),
    Row((State.ON_HOLD,), Command.RESUME, _RECEIVER, State.IN_PROGRESS, (Fact.RESUMED,)),
    Row(_SERVING, Command.COMPLETE, _RECEIVER, State.COMPLETED, (Fact.COMPLETED,)),
    Row(_SERVING, Command.FAIL, _RECEIVER, State.FAILED, (Fact.FAILED,)),
    Row((State.DRAFT,), Command.CANCEL, _SENDER, State.CANCELLED, (Fact.CANCELLED,)),
    Row(_SHEET, Command.CANCEL, _ALONE, State.CANCELLED, (Fact.CANCELLED,)),
    Row((*_UNANSWERED, *_SERVING), Command.CANCEL, _PARTIES, State.CANCELLED, (Fact.CANCELLED, Fact.CLOSED)),
    Row(_NEVER_ACCEPTED, Command.VOID, _SENDER, State.ENTERED_IN_ERROR, (Fact.VOIDED,)),
    Row(_SHEET_KNOWN, Command.VOID, _ALONE, State.ENTERED_IN_ERROR, (Fact.VOIDED,)),
    Row(_ONCE_ACCEPTED, Command.PROPOSE_VOID, _PARTIES, None, (Fact.VOID_PROPOSED,)),
    # A sender who may not know whether it was accepted takes the same way whether or not it was.
    Row(_UNANSWERED, Command.PROPOSE_VOID, _SENDER, None, (Fact.VOID_PROPOSED,)),
    Row(_UNANSWERED, Command.CONFIRM_VOID, _RECEIVER, State.ENTERED_IN_ERROR, (Fact.VOIDED,)),
    Row(_ONCE_ACCEPTED, Command.CONFIRM_VOID, _PARTIES, State.ENTERED_IN_ERROR, (Fact.VOIDED,)),
    Row(_SERVING, Command.REASSIGN, (Actor.SENDER, Actor.COORDINATION), None, (Fact.REASSIGNED,)),
)

# Until a request is answered its sender hears that it waits; what the receiver does with it later is the receiver's.
SENDERS_WAIT: frozenset[State] = frozenset(_WAITING)
UNANSWERED: frozenset[State] = frozenset(_UNANSWERED)
SERVING: frozenset[State] = frozenset(_SERVING)
BEFORE_ACCEPTANCE: frozenset[State] = frozenset(_OPEN_BEFORE)
ENDED: frozenset[State] = frozenset(State) - BEFORE_ACCEPTANCE - SERVING


def tabulate(rows: tuple[Row, ...]) -> dict[Key, Step]:
    """Spread the rows into one entry for each (state, command, actor)."""
    return {
        (origin, row.command, actor): Step(row.to or origin or State.DRAFT, row.facts)
        for row in rows
        for origin in row.origins
        for actor in row.actors
    }


TRANSITIONS: Mapping[Key, Step] = tabulate(ROWS)


class MoveRefused(ReferralError):
    """The table has no such move; `command` is what was tried."""

    command: "Command | None" = None


class NotYourMove(MoveRefused):
    """The other party, or time, makes this move; not the one who tried."""

    code = "referral.not-your-move"


class ReferralNotMade(MoveRefused):
    """A move on a referral that does not exist yet."""

    code = "referral.not-made"


class ReferralAlreadyMade(MoveRefused):
    """Drafting or opening what is there already."""

    code = "referral.already-made"


class ReferralNotSent(MoveRefused):
    """The referral is still a draft."""

    code = "referral.not-sent"


class ReferralNotAccepted(MoveRefused):
    """The referral awaits an answer."""

    code = "referral.not-accepted"


class ReferralWaitlisted(MoveRefused):
    """The referral is on a waiting list."""

    code = "referral.waitlisted"


class ReferralAlreadyAccepted(MoveRefused):
    """The referral is accepted."""

    code = "referral.already-accepted"


class ReferralAlreadyStarted(MoveRefused):
    """The service is under way."""

    code = "referral.already-started"


class ReferralOnHold(MoveRefused):
    """The service is on hold."""

    code = "referral.on-hold"


class ReferralClosed(MoveRefused):
    """The referral has ended; the word is the same whatever ended it, so that it tells no reason."""

    code = "referral.closed"


REFUSALS: Mapping[State | None, type[MoveRefused]] = {
    None: ReferralNotMade,
    State.DRAFT: ReferralNotSent,
    State.REQUESTED: ReferralNotAccepted,
    State.UNDER_REVIEW: ReferralNotAccepted,
    State.WAITLISTED: ReferralWaitlisted,
    State.ACCEPTED: ReferralAlreadyAccepted,
    State.IN_PROGRESS: ReferralAlreadyStarted,
    State.ON_HOLD: ReferralOnHold,
} | dict.fromkeys(ENDED, ReferralClosed)


def step(state: State | None, command: Command, actor: Actor, table: Mapping[Key, Step] = TRANSITIONS) -> Step:
    """Find the legal move, or raise the refusal that says where the referral stands."""
    found = table.get((state, command, actor))
    if found is None:
        refusal = _refusal(state, command, table)
        refusal.command = command
        raise refusal
    return found


def _refusal(state: State | None, command: Command, table: Mapping[Key, Step]) -> MoveRefused:
    """Name what stands in the way: the wrong mover first, then the state."""
    if any((state, command, other) in table for other in Actor):
        return NotYourMove()
    if state is not None and (None, command, Actor.SENDER) in table:
        return ReferralAlreadyMade()
    return REFUSALS[state]()
