"""The life of one e-mail, as a table; every pair of state and step, legal or not, is tested."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.notifications.domain.errors import NotificationsError
from services.notifications.domain.kinds import Channel, Kind
from services.notifications.domain.preferences import Preferences

# Nobody is told by e-mail today of what they could act on yesterday.
LONGEST_WAIT: Final = timedelta(hours=24)


class State(StrEnum):
    """Where a delivery stands."""

    HELD = "held"
    WAITING = "waiting"
    RETRYING = "retrying"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"
    EXPIRED = "expired"


class Step(StrEnum):
    """What may happen to a delivery."""

    RELEASE = "release"  # quiet hours are over
    SEND = "send"  # the mail server took it
    STUMBLE = "stumble"  # it, or what it needs, does not answer now
    REFUSE = "refuse"  # it can never succeed
    DROP = "drop"  # nobody may or wants to receive it any more
    EXPIRE = "expire"  # it is older than a day


class DeliveryOver(NotificationsError):  # noqa: N818 - it reads as what happened
    """The delivery has ended, or has not begun: this step does not follow."""

    code = "notifications.delivery-over"


_DUE: Final = (State.WAITING, State.RETRYING)

TRANSITIONS: Final[Mapping[tuple[State, Step], State]] = {
    (State.HELD, Step.RELEASE): State.WAITING,
    (State.HELD, Step.DROP): State.DROPPED,
    (State.HELD, Step.EXPIRE): State.EXPIRED,
    **{(state, Step.SEND): State.SENT for state in _DUE},
    **{(state, Step.STUMBLE): State.RETRYING for state in _DUE},
    **{(state, Step.REFUSE): State.FAILED for state in _DUE},
    **{(state, Step.DROP): State.DROPPED for state in _DUE},
    **{(state, Step.EXPIRE): State.EXPIRED for state in _DUE},
}


def step(state: State, taken: Step) -> State:
    """Return the next state, or raise `DeliveryOver`."""
    try:
        return TRANSITIONS[state, taken]
    except KeyError:
        raise DeliveryOver from None


def as_of(state: State, until: datetime, now: datetime) -> State:
    """Return the state as it stands at `now`: what was not sent in time has expired, whoever has written it down."""
    if now >= until and (state, Step.EXPIRE) in TRANSITIONS:
        return step(state, Step.EXPIRE)
    return state


@dataclass(frozen=True, slots=True)
class Plan:
    """How a notice leaves: at once, or when the reader's quiet hours end; `until` is when it is too late."""

    state: State
    due: datetime
    until: datetime


def plan(kind: Kind, preferences: Preferences, happened: datetime, now: datetime) -> Plan | None:
    """Decide about the e-mail of a notice; None where the reader wants none."""
    until = happened + LONGEST_WAIT
    if not preferences.wants(kind, Channel.EMAIL):
        return None
    if now >= until:
        return Plan(State.EXPIRED, now, until)
    quiet = preferences.quiet
    if kind.alarm or quiet is None or not quiet.covers(now):
        return Plan(State.WAITING, now, until)
    return Plan(State.HELD, quiet.end_after(now), until)
