"""Which attempts keep to the safe contact, and how many count."""

from datetime import timedelta

import pytest

from services.referral.domain import attempt
from services.referral.domain.attempt import Made, Result, check_attempt, count_safe, keeps_to, log_attempts, weigh
from services.referral.domain.contact import Channel, SafeContact
from services.referral.domain.disclosure import Role
from services.referral.domain.party import Standpoint
from services.referral.domain.transitions import Actor, ReferralNotAccepted, State
from tests.referral.builders import AT, LATER, a_referral

PHONE = SafeContact(channel=Channel.PHONE, address="555-0100")
ASSIGNED = Standpoint(Actor.RECEIVER, Role.ASSIGNED)


def made(minutes: int = 1, **changes):
    facts = {
        "at": AT + timedelta(minutes=minutes),
        "channel": Channel.PHONE,
        "result": Result.NO_ANSWER,
        "within_hours": True,
    }
    return Made(**(facts | changes))


def log(*every: Made):
    found = ()
    for one in every:
        found = weigh(found, PHONE, one, "nadia")
    return found


@pytest.mark.parametrize(
    ("safe", "tried", "inside"),
    [
        (PHONE, made(), True),
        (PHONE, made(within_hours=False), False),
        (PHONE, made(channel=Channel.SMS), False),
        (PHONE, made(result=Result.MESSAGE_LEFT), False),
        (SafeContact(channel=Channel.PHONE, address="1", voicemail=True), made(result=Result.MESSAGE_LEFT), True),
        (SafeContact(channel=Channel.PERSON_CALLS_US), made(), False),
        (SafeContact(channel=Channel.PERSON_CALLS_US), made(channel=Channel.PERSON_CALLS_US), True),
        (None, made(), False),
    ],
)
def test_an_attempt_keeps_to_channel_hours_and_voicemail_or_needs_confirming(safe, tried, inside):
    assert keeps_to(safe, tried) is inside
    if not inside:
        with pytest.raises(attempt.ContactOutsideSafe):
            weigh((), safe, tried, "nadia")


@pytest.mark.parametrize("spoke", [Result.REACHED, Result.ASKED_TO_STOP])
def test_attempts_count_from_when_the_person_was_last_spoken_with_in_the_order_of_time(spoke):
    spoken = made(3, result=spoke)
    assert count_safe(log(made(1), made(2), spoken, made(4))) == 1
    assert count_safe(log(made(4), made(2), made(1), spoken)) == 1
    assert count_safe(log(made(1), made(2, within_hours=False, confirmed_outside=True), made(4))) == 2


def test_one_call_is_one_attempt():
    with pytest.raises(attempt.AttemptAlreadyLogged):
        log(made(1), made(1, result=Result.SOMEONE_ELSE))


def test_an_attempt_is_logged_by_whoever_meets_the_person_while_they_are_served():
    accepted = a_referral(State.ACCEPTED)
    check_attempt(accepted, ASSIGNED, made(), LATER)
    with pytest.raises(attempt.NotAssigned):
        check_attempt(accepted, Standpoint(Actor.RECEIVER, Role.INTAKE), made(), LATER)
    for minutes in (-1, 61):
        with pytest.raises(attempt.AttemptTimeInvalid):
            check_attempt(accepted, ASSIGNED, made(minutes), LATER)
    with pytest.raises(ReferralNotAccepted):
        check_attempt(a_referral(), ASSIGNED, made(), LATER)


def test_logging_keeps_the_counts_and_tells_nobody():
    moved = log_attempts(a_referral(State.ACCEPTED), ASSIGNED, log(made(1), made(2)), LATER)
    assert (moved.facts, moved.told_sender) == ((), False)
    assert (moved.referral.attempts, moved.referral.safe_attempts) == (2, 2)
