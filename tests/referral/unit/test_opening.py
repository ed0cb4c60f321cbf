"""A referral opened by its receiver has no sender to tell, no consent to end it, and every deadline."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.referral.domain import moves
from services.referral.domain.disclosure import Role
from services.referral.domain.opening import open_own
from services.referral.domain.party import NotFound, Standpoint, standpoint
from services.referral.domain.reasons import Source
from services.referral.domain.taxonomy import Sector
from services.referral.domain.transitions import Actor, Fact, State
from services.referral.domain.voiding import confirm, may_confirm, may_propose, propose_void
from services.referral.domain.waits import Wait, waits_of
from tests.referral.builders import AT, LATER, a_draft, a_reader

NADIA = Standpoint(Actor.RECEIVER, Role.INTAKE, user="nadia")
CLAIRE = Standpoint(Actor.RECEIVER, Role.COORDINATOR, user="claire")


def own(**changes):
    base = a_draft()
    names = ("id", "person", "mnemonic", "service", "service_needs", "urgency", "purpose", "party_size")
    facts = {name: getattr(base, name) for name in names}
    sides = {"sender": "shelter", "receiver": "shelter"}
    sectors = {"sender_sector": Sector.COMMUNITY, "receiver_sector": Sector.COMMUNITY}
    made = {"created_by": "nadia", "created_at": AT, "classes": frozenset(), "source": Source.WALK_IN}
    return open_own(**(facts | sides | sectors | made | changes))


def accepted(**changes):
    return moves.accept(own(**changes).referral, Actor.RECEIVER, frozenset({"nadia"}), 1, LATER).referral


def test_it_is_under_review_at_once_with_its_deadlines():
    made = own()
    assert (made.facts, made.told_sender, made.referral.state) == ((Fact.OPENED,), False, State.UNDER_REVIEW)
    assert waits_of(made.referral)[Wait.EXPIRY] == AT + timedelta(hours=2)


def test_its_own_people_are_its_receiver_and_never_its_sender():
    made = own().referral
    assert standpoint(made, a_reader("shelter", "nadia", "intake")) == NADIA
    for stranger in (a_reader("shelter", "other", "caseworker"), a_reader("community", "worker", "coordinator")):
        with pytest.raises(NotFound):
            standpoint(made, stranger)


def test_no_move_tells_a_sender_and_no_consent_ends_it():
    referral = own().referral
    assert accepted().view == referral.view
    assert moves.end_consent(referral, LATER).referral is referral


@pytest.mark.parametrize("sector", [Sector.COMMUNITY, Sector.LAW_ENFORCEMENT])
def test_a_void_takes_one_before_acceptance_and_two_colleagues_after(sector):
    sectors = {"sender_sector": sector, "receiver_sector": sector}
    early = own(**sectors).referral
    assert moves.void(early, Actor.RECEIVER, LATER).referral.state is State.ENTERED_IN_ERROR
    late = accepted(**sectors)
    assert may_propose(late, Actor.RECEIVER)
    assert not may_confirm(late, CLAIRE)
    proposed = propose_void(late, NADIA, LATER).referral
    assert not may_confirm(proposed, NADIA)
    with pytest.raises(moves.VoidNeedsTwo):
        confirm(proposed, NADIA, LATER)
    assert may_confirm(proposed, CLAIRE)
    assert confirm(proposed, CLAIRE, LATER).referral.state is State.ENTERED_IN_ERROR


def test_between_two_parties_the_other_party_confirms():
    sent = replace(accepted(), source=None, sender="community")
    proposed = propose_void(sent, NADIA, LATER).referral
    with pytest.raises(moves.VoidNeedsTwo):
        confirm(proposed, CLAIRE, LATER)
    assert confirm(proposed, Standpoint(Actor.SENDER), LATER).referral.state is State.ENTERED_IN_ERROR
