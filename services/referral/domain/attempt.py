"""Attempts to reach a person, made by people and never by the system; whether each kept to the safe contact."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.referral.domain.contact import Channel, SafeContact
from services.referral.domain.disclosure import Role
from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import UserId
from services.referral.domain.moves import Moved, move
from services.referral.domain.party import Standpoint
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import Command


class Result(StrEnum):
    """What came of an attempt; none says anything about the person's life."""

    REACHED = "reached"
    NO_ANSWER = "no-answer"
    MESSAGE_LEFT = "message-left"
    SOMEONE_ELSE = "someone-else"
    OUT_OF_SERVICE = "out-of-service"
    ASKED_TO_STOP = "asked-to-stop"


# Whoever spoke with us was reachable: attempts are counted anew from there.
_SPOKE = frozenset({Result.REACHED, Result.ASKED_TO_STOP})


class NotAssigned(ReferralError):
    """Whoever meets the person contacts them, and nobody else."""

    code = "referral.not-assigned"


class ContactOutsideSafe(ReferralError):
    """The attempt did not keep to the safe contact, and nobody confirmed that it was meant."""

    code = "referral.contact-outside-safe"


class AttemptTimeInvalid(ReferralError):
    """An attempt was made between the acceptance and now."""

    code = "referral.attempt-time-invalid"


class AttemptAlreadyLogged(ReferralError):
    """There is an attempt of that very time: three entries of one call are not three calls."""

    code = "referral.attempt-already-logged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a worker says of an attempt; the system cannot read the hours, so they say whether they kept to them."""

    at: datetime
    channel: Channel
    result: Result
    within_hours: bool
    confirmed_outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt as it is kept; `inside` says that channel, hours and voicemail were safe."""

    at: datetime
    channel: Channel
    result: Result
    inside: bool
    by: UserId


def keeps_to(safe: SafeContact | None, made: Made) -> bool:
    """Say whether an attempt kept to the safe contact; one that may not be read permits nothing."""
    if safe is None or not made.within_hours or not safe.permits(made.channel):
        return False
    voicemail = made.channel is Channel.PHONE and made.result is Result.MESSAGE_LEFT
    return safe.voicemail is True or not voicemail


def weigh(earlier: Sequence[Attempt], safe: SafeContact | None, made: Made, by: UserId) -> tuple[Attempt, ...]:
    """Return every attempt in the order of time, this one among them, or raise the refusal that stops the worker."""
    if any(attempt.at == made.at for attempt in earlier):
        raise AttemptAlreadyLogged
    inside = keeps_to(safe, made)
    if not inside and not made.confirmed_outside:
        raise ContactOutsideSafe
    fresh = Attempt(at=made.at, channel=made.channel, result=made.result, inside=inside, by=by)
    return tuple(sorted((*earlier, fresh), key=lambda attempt: attempt.at))


def count_safe(attempts: Sequence[Attempt]) -> int:
    """Count the attempts inside the safe contact since the person was last spoken with."""
    count = 0
    for attempt in attempts:
        count = 0 if attempt.result in _SPOKE else count + attempt.inside
    return count


def check_attempt(referral: Referral, side: Standpoint, made: Made, at: datetime) -> None:
    """Raise the named refusal unless this worker, at this instant, may log an attempt of that time."""
    move(referral, Command.LOG_ATTEMPT, side.actor, at)
    if side.role is not Role.ASSIGNED:
        raise NotAssigned
    if referral.accepted_at is None or not referral.accepted_at <= made.at <= at:
        raise AttemptTimeInvalid


def log_attempts(referral: Referral, side: Standpoint, attempts: Sequence[Attempt], at: datetime) -> Moved:
    """Keep how many attempts there were, and how many were safe; it tells nobody anything."""
    return move(
        referral, Command.LOG_ATTEMPT, side.actor, at, attempts=len(attempts), safe_attempts=count_safe(attempts)
    )
