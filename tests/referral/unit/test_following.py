"""Which needs stay open once a referral is over, as far as its sender may know."""

import pytest

from services.referral.domain.following import NothingLeftOpen, needs_left, needs_to_carry
from services.referral.domain.outwards import OVER, RECEIVED, as_state
from services.referral.domain.reasons import Outcome
from services.referral.domain.taxonomy import Need
from services.referral.domain.transitions import State

NEEDS = (Need.SHELTER, Need.TRANSPORT)
WHOLE = {State.DECLINED, State.EXPIRED, State.FAILED}


@pytest.mark.parametrize("state", sorted(set(State) - {State.COMPLETED}))
def test_an_end_without_the_service_leaves_every_need_open_and_no_other_word_any(state):
    assert needs_left(state.value, NEEDS, None) == (NEEDS if state in WHOLE else ())


@pytest.mark.parametrize(
    ("outcome", "stays"),
    [(Outcome.MET, False), (Outcome.PARTLY_MET, True), (Outcome.NOT_MET, True), (Outcome.NO_LONGER_NEEDED, False)],
)
def test_once_completed_the_outcome_says_it(outcome, stays):
    outcomes = {Need.SHELTER.value: outcome.value, Need.TRANSPORT.value: Outcome.MET.value}
    assert needs_left(State.COMPLETED.value, NEEDS, outcomes) == ((Need.SHELTER,) if stays else ())


def test_a_need_that_the_receiver_was_never_shown_stays_open():
    assert needs_left(State.COMPLETED.value, NEEDS, {Need.SHELTER.value: "met"}) == (Need.TRANSPORT,)
    assert needs_left(State.COMPLETED.value, NEEDS, None) == NEEDS


def test_whoever_reads_only_that_it_is_over_does_not_know():
    assert needs_left(OVER, NEEDS, None) is None
    assert needs_left(RECEIVED, NEEDS, None) == ()
    assert [as_state(word) for word in (RECEIVED, OVER, "draft")] == ["requested", "completed", "draft"]


@pytest.mark.parametrize(
    ("left", "wanted", "carried"),
    [
        (NEEDS, frozenset(), NEEDS),
        (NEEDS, frozenset({Need.TRANSPORT}), (Need.TRANSPORT,)),
        (None, frozenset({Need.SHELTER}), (Need.SHELTER,)),
        (None, frozenset(), NEEDS),
    ],
)
def test_a_linked_referral_asks_for_what_stays_open_or_some_of_it(left, wanted, carried):
    assert needs_to_carry(left, NEEDS, wanted) == carried


@pytest.mark.parametrize(
    ("left", "wanted"),
    [((), frozenset()), ((Need.SHELTER,), frozenset({Need.TRANSPORT})), (None, frozenset({Need.FOOD_CLOTHING}))],
)
def test_what_does_not_stay_open_is_not_taken_further(left, wanted):
    with pytest.raises(NothingLeftOpen):
        needs_to_carry(left, NEEDS, wanted)
