"""Who may change who meets the person."""

import pytest

from services.referral.domain.assignment import AssigningNotYours, assign
from services.referral.domain.consent import Feedback
from services.referral.domain.disclosure import Role
from services.referral.domain.party import Standpoint
from services.referral.domain.transitions import SERVING, Actor, Fact
from tests.referral.builders import LATER, a_referral

PAUL = frozenset({"paul"})


@pytest.mark.parametrize("state", sorted(SERVING))
def test_intake_and_coordinators_entrust_the_person_to_others(state):
    referral = a_referral(state, assigned=frozenset({"nadia"}), feedback=Feedback.OUTCOME)
    moved = assign(referral, Standpoint(Actor.RECEIVER, Role.ASSIGNED, leads=True), PAUL, LATER)
    assert (moved.facts, moved.referral.assigned, moved.told_sender) == ((Fact.ASSIGNED,), PAUL, False)
    with pytest.raises(AssigningNotYours):
        assign(referral, Standpoint(Actor.RECEIVER, Role.ASSIGNED), PAUL, LATER)
