"""How long a referral may wait: for an answer, on a waiting list, for a handover, on hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.referral.domain.taxonomy import Urgency


@dataclass(frozen=True, slots=True)
class Deadline:
    """Delays counted from the request (`remind`, `expire`, `escalate`) and from the acceptance (`handover`)."""

    remind: timedelta
    expire: timedelta
    handover: timedelta
    escalate: timedelta


# A bed tonight and the standard delays are the coalition's; the two between them are set so that the worker
# still has time to ask elsewhere on the same day, or in the same week. A coordinator hears of a request that the
# reminder did not move while there is still more time left to answer than has gone by since the reminder.
DEADLINES: Mapping[Urgency, Deadline] = {
    Urgency.BED_TONIGHT: Deadline(timedelta(minutes=15), timedelta(hours=2), timedelta(hours=4), timedelta(minutes=45)),
    Urgency.SAME_DAY: Deadline(timedelta(hours=1), timedelta(hours=8), timedelta(hours=24), timedelta(hours=3)),
    Urgency.WITHIN_WEEK: Deadline(timedelta(days=2), timedelta(days=7), timedelta(days=5), timedelta(days=4)),
    Urgency.STANDARD: Deadline(timedelta(days=10), timedelta(days=30), timedelta(days=5), timedelta(days=18)),
}


# What cannot wait for anybody's morning.
URGENT: frozenset[Urgency] = frozenset({Urgency.BED_TONIGHT, Urgency.SAME_DAY})


@dataclass(frozen=True, slots=True)
class AnswerBy:
    """When a request is recalled to those it waits for, to their coordinators, and when it ends unanswered."""

    remind: datetime
    expire: datetime
    escalate: datetime


def answer_by(urgency: Urgency, requested: datetime) -> AnswerBy:
    """Return the three instants that a request made at `requested` must meet."""
    delays = DEADLINES[urgency]
    return AnswerBy(requested + delays.remind, requested + delays.expire, requested + delays.escalate)


def handover_by(urgency: Urgency, accepted: datetime) -> datetime:
    """Return the instant by which the person should have arrived or been reached."""
    return accepted + DEADLINES[urgency].handover


# How often a receiver is asked whether someone still waits on its list; a bed for tonight is asked about twice a day.
ASKED_AGAIN: Mapping[Urgency, timedelta] = {
    Urgency.BED_TONIGHT: timedelta(hours=12),
    Urgency.SAME_DAY: timedelta(days=1),
    Urgency.WITHIN_WEEK: timedelta(days=3),
    Urgency.STANDARD: timedelta(days=14),
}
# Counted from the asking, whenever it was made: its coordinators hear of it, then it ends.
ASK_ESCALATES = timedelta(days=3)
ASK_EXPIRES = timedelta(days=7)

# Accepted and not begun, or on hold: the worker is reminded, then the coordinators hear of it.
IDLE_REMINDS = timedelta(days=5)
IDLE_ESCALATES = timedelta(days=10)
