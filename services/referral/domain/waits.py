"""What a referral waits for and until when: every timer is set from these dates, and judged by them when it fires."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from services.referral.domain.deadlines import (
    ASK_ESCALATES,
    ASK_EXPIRES,
    ASKED_AGAIN,
    IDLE_ESCALATES,
    IDLE_REMINDS,
    answer_by,
)
from services.referral.domain.outwards import is_end
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import Urgency
from services.referral.domain.transitions import State


class Wait(StrEnum):
    """What time may do to a referral; the name is its timer's kind."""

    REMINDER = "reminder"
    ESCALATION = "escalation"
    EXPIRY = "expiry"
    ARRIVAL = "arrival"


Dates = Mapping[str, datetime | None]

_NO_DATES: Dates = {"remind_at": None, "escalate_at": None, "expires_at": None}


def _for_an_answer(urgency: Urgency, at: datetime) -> Dates:
    by = answer_by(urgency, at)
    return {"remind_at": by.remind, "escalate_at": by.escalate, "expires_at": by.expire, "answer_from": at}


def on_the_list(urgency: Urgency, at: datetime) -> Dates:
    """Return the dates of someone on a waiting list: no deadline, until the receiver is asked again."""
    return {**_NO_DATES, "remind_at": at + ASKED_AGAIN[urgency]}


def once_asked(at: datetime) -> Dates:
    """Return the dates of an ask that waits for its answer."""
    return {"remind_at": None, "escalate_at": at + ASK_ESCALATES, "expires_at": at + ASK_EXPIRES}


def _idle(_: Urgency, at: datetime) -> Dates:
    return {"remind_at": at + IDLE_REMINDS, "escalate_at": at + IDLE_ESCALATES, "expires_at": None}


_BY_STATE: Mapping[State, Callable[[Urgency, datetime], Dates]] = {
    State.REQUESTED: _for_an_answer,
    State.UNDER_REVIEW: _for_an_answer,
    State.WAITLISTED: on_the_list,
    State.ACCEPTED: _idle,
    State.ON_HOLD: _idle,
}


def entering(before: State | None, after: State, urgency: Urgency, at: datetime) -> Dates:
    """Return the dates that a change of state sets or takes away; looking at a request leaves its deadline alone."""
    if before is after or (before, after) == (State.REQUESTED, State.UNDER_REVIEW):
        return {}
    return {**_NO_DATES, **(_BY_STATE[after](urgency, at) if after in _BY_STATE else {})}


def waits_of(referral: Referral) -> Mapping[Wait, datetime]:
    """Return what a referral waits for; what is not here has no timer, and one that fires all the same does nothing."""
    arrival = referral.handover_by if referral.state is State.ACCEPTED and referral.not_arrived_at is None else None
    dates = {
        Wait.REMINDER: referral.remind_at,
        Wait.ESCALATION: referral.escalate_at,
        Wait.EXPIRY: referral.expires_at,
        Wait.ARRIVAL: arrival,
    }
    if referral.veil is not None and not is_end(referral.view.word):
        dates |= {Wait.REMINDER: referral.veil.remind_at, Wait.EXPIRY: referral.veil.expires_at}
    return {wait: at for wait, at in dates.items() if at is not None}
