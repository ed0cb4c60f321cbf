"""What time does to a referral, judged by the referral's own dates: a timer may be late, early or fire twice."""

from collections.abc import Callable, Mapping
from datetime import datetime

from services.referral.domain.arrival import miss_arrival
from services.referral.domain.moves import Moved, move, remind
from services.referral.domain.race import lift
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import SENDERS_WAIT, Actor, Command, State
from services.referral.domain.waits import Wait, once_asked, waits_of


def judge(referral: Referral, wait: Wait, at: datetime) -> Moved | None:
    """Return what a wait that is over brings about; None where it is not over, or nothing waits any more."""
    due = waits_of(referral).get(wait)
    if due is None or at < due:
        return None
    if referral.veil is not None:
        return lift(referral, referral.veil, at)
    return _RULES[wait](referral, at)


def is_told(referral: Referral, wait: Wait) -> bool:
    """Say whether the sender may know that a wait was over: its end always; else nothing that an acceptance changes."""
    if wait is Wait.EXPIRY:
        return True
    waits = referral.state in SENDERS_WAIT or referral.veil is not None
    return wait is Wait.REMINDER and waits and not referral.is_untold


def _recall(referral: Referral, at: datetime) -> Moved:
    """Remind whoever it waits for; on a waiting list that is to ask, and the answer has a deadline."""
    if referral.state is State.WAITLISTED:
        return move(referral, Command.REMIND, Actor.TIMER, at, reminded=True, **once_asked(at))
    return remind(referral, at)


def _escalate(referral: Referral, at: datetime) -> Moved | None:
    """Tell the coordinators; what has expired meanwhile is past their help."""
    if referral.expires_at is not None and at >= referral.expires_at:
        return None
    return move(referral, Command.ESCALATE, Actor.TIMER, at, escalate_at=None)


def _expire(referral: Referral, at: datetime) -> Moved:
    return move(referral, Command.EXPIRE, Actor.TIMER, at)


_RULES: Mapping[Wait, Callable[[Referral, datetime], Moved | None]] = {
    Wait.REMINDER: _recall,
    Wait.ESCALATION: _escalate,
    Wait.EXPIRY: _expire,
    Wait.ARRIVAL: miss_arrival,
}
