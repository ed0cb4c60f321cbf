"""How long a referral may wait for an answer and for a handover, by urgency."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.referral.domain.taxonomy import Urgency


@dataclass(frozen=True, slots=True)
class Deadline:
    """Three delays, counted from the request (`remind`, `expire`) and from the acceptance (`handover`)."""

    remind: timedelta
    expire: timedelta
    handover: timedelta


# A bed tonight and the standard delays are the coalition's; the two between them are set so that the worker
# still has time to ask elsewhere on the same day, or in the same week.
DEADLINES: Mapping[Urgency, Deadline] = {
    Urgency.BED_TONIGHT: Deadline(timedelta(minutes=15), timedelta(hours=2), timedelta(hours=4)),
    Urgency.SAME_DAY: Deadline(timedelta(hours=1), timedelta(hours=8), timedelta(hours=24)),
    Urgency.WITHIN_WEEK: Deadline(timedelta(days=2), timedelta(days=7), timedelta(days=5)),
    Urgency.STANDARD: Deadline(timedelta(days=10), timedelta(days=30), timedelta(days=5)),
}


# What cannot wait for anybody's morning.
URGENT: frozenset[Urgency] = frozenset({Urgency.BED_TONIGHT, Urgency.SAME_DAY})


@dataclass(frozen=True, slots=True)
class AnswerBy:
    """When a request is recalled to those it waits for, and when it ends unanswered."""

    remind: datetime
    expire: datetime


def answer_by(urgency: Urgency, requested: datetime) -> AnswerBy:
    """Return the two instants that a request made at `requested` must meet."""
    delays = DEADLINES[urgency]
    return AnswerBy(requested + delays.remind, requested + delays.expire)


def handover_by(urgency: Urgency, accepted: datetime) -> datetime:
    """Return the instant by which the person should have arrived or been reached."""
    return accepted + DEADLINES[urgency].handover
