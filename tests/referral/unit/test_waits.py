"""Which dates each state sets, and what time does once they are over."""

from datetime import timedelta
from itertools import product

import pytest

from services.referral.domain import moves
from services.referral.domain.consent import Feedback
from services.referral.domain.deadlines import ASKED_AGAIN, DEADLINES
from services.referral.domain.overdue import is_told, judge
from services.referral.domain.taxonomy import Urgency
from services.referral.domain.transitions import ENDED, Actor, Command, Fact, State
from services.referral.domain.waits import Wait, entering, waits_of
from tests.referral.builders import AT, a_consent, a_draft, a_referral

DAY = timedelta(days=1)


def _requested(**facts):
    return moves.request(a_draft(**facts), Actor.SENDER, a_consent(), AT).referral


def _accepted():
    return moves.accept(_requested(), Actor.RECEIVER, frozenset({"nadia"}), 1, AT).referral


@pytest.mark.parametrize("urgency", Urgency)
def test_a_request_escalates_between_its_reminder_and_its_end(urgency):
    delays = DEADLINES[urgency]
    assert delays.remind < delays.escalate < delays.expire
    assert delays.expire - delays.escalate > delays.escalate - delays.remind
    assert set(ASKED_AGAIN) == set(Urgency)


def test_looking_at_a_request_leaves_its_deadline_alone():
    reviewed = moves.move(_requested(), Command.REVIEW, Actor.RECEIVER, AT + timedelta(minutes=5)).referral
    assert waits_of(reviewed) == waits_of(_requested())
    assert set(waits_of(reviewed)) == {Wait.REMINDER, Wait.ESCALATION, Wait.EXPIRY}


def test_on_the_list_there_is_only_the_next_ask():
    listed = moves.move(_requested(), Command.WAITLIST, Actor.RECEIVER, AT).referral
    assert waits_of(listed) == {Wait.REMINDER: AT + timedelta(hours=12)}


def test_an_ask_made_late_has_its_seven_days_from_when_it_was_made():
    listed = moves.move(_requested(), Command.WAITLIST, Actor.RECEIVER, AT).referral
    late = AT + 3 * DAY
    asked = judge(listed, Wait.REMINDER, late)
    assert asked.facts == (Fact.REMINDED,)
    assert waits_of(asked.referral) == {Wait.ESCALATION: late + 3 * DAY, Wait.EXPIRY: late + 7 * DAY}
    kept = moves.keep_waiting(asked.referral, Actor.RECEIVER, late).referral
    assert waits_of(kept) == {Wait.REMINDER: late + timedelta(hours=12)}


@pytest.mark.parametrize("state", sorted({State.IN_PROGRESS, *ENDED}))
def test_what_is_under_way_or_over_waits_for_nothing(state):
    assert entering(State.ACCEPTED, state, Urgency.STANDARD, AT) == {
        "remind_at": None,
        "escalate_at": None,
        "expires_at": None,
    }


def test_an_acceptance_waits_for_an_arrival_and_is_not_forgotten():
    assert waits_of(_accepted()) == {
        Wait.ARRIVAL: AT + timedelta(hours=4),
        Wait.REMINDER: AT + 5 * DAY,
        Wait.ESCALATION: AT + 10 * DAY,
    }
    started = moves.move(_accepted(), Command.START, Actor.RECEIVER, AT).referral
    assert waits_of(started) == {}


@pytest.mark.parametrize(("state", "wait"), list(product(State, Wait)))
def test_a_timer_without_a_date_does_nothing_in_any_state(state, wait):
    assert judge(a_referral(state), wait, AT + 400 * DAY) is None


@pytest.mark.parametrize("wait", Wait)
def test_no_timer_does_anything_before_its_date_and_none_does_it_twice(wait):
    referral = _accepted() if wait is Wait.ARRIVAL else _requested()
    due = waits_of(referral)[wait]
    assert judge(referral, wait, due - timedelta(milliseconds=1)) is None
    done = judge(referral, wait, due)
    assert judge(done.referral, wait, due + DAY) is None


def test_what_has_expired_is_not_escalated_any_more():
    assert judge(_requested(), Wait.ESCALATION, AT + timedelta(hours=2)) is None
    assert judge(_requested(), Wait.ESCALATION, AT + timedelta(minutes=45)).facts == (Fact.ESCALATED,)


def test_nobody_arrived_is_said_once_and_the_place_is_kept():
    missed = judge(_accepted(), Wait.ARRIVAL, AT + timedelta(hours=4))
    assert missed.facts == (Fact.NOT_ARRIVED,)
    assert (missed.referral.state, missed.referral.places_held) == (State.ACCEPTED, 1)


def test_a_sender_may_know_of_its_end_and_of_a_reminder_that_no_acceptance_silences():
    assert [is_told(_requested(), wait) for wait in Wait] == [True, False, True, False]
    assert [is_told(a_referral(feedback=Feedback.NONE), wait) for wait in Wait] == [False, False, True, False]
    for state in (State.WAITLISTED, State.ACCEPTED, State.ON_HOLD):
        assert not is_told(a_referral(state), Wait.REMINDER)
