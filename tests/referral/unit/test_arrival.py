"""What a handover says, and to whom a missed one is told."""

from datetime import timedelta

import pytest

from services.referral.domain import handover
from services.referral.domain.arrival import arrange, arranged_at_once, miss_arrival
from services.referral.domain.consent import Feedback
from services.referral.domain.handover import PLACES, Escort, Handover, Place, Way, check_handover
from services.referral.domain.moves import accept
from services.referral.domain.referral import SenderView, Sharing
from services.referral.domain.reveals import Facet
from services.referral.domain.taxonomy import DataClass, Sector
from services.referral.domain.transitions import Actor, Fact, State
from services.referral.domain.waits import Wait, waits_of
from tests.referral.builders import AT, LATER, a_referral

LOCATION = frozenset({Facet(DataClass.CURRENT_LOCATION)})


RECEIVED = SenderView(word="received", version=3, changed_at=AT)


def stated(**changes):
    facts = {"at": LATER, "way": Way.TAXI, "escort": Escort.NONE, "place": Place.AT_SERVICE}
    return Handover(**(facts | changes))


def test_every_place_says_what_it_reveals():
    assert set(PLACES) == set(Place)


@pytest.mark.parametrize("place", [None, *Place])
def test_a_place_is_read_where_what_it_reveals_is_open(place):
    arranged = stated(place=place)
    assert arranged.place_for(LOCATION) is place
    secret = place in {Place.AT_SENDER, Place.WHERE_THE_PERSON_IS}
    assert arranged.place_for(frozenset()) is (None if secret else place)
    check_handover(arranged, LOCATION, AT)
    if secret:
        with pytest.raises(handover.HandoverPlaceWithheld):
            check_handover(arranged, frozenset(), AT)


@pytest.mark.parametrize("at", [AT - timedelta(hours=1), AT, AT + timedelta(days=31)])
def test_a_handover_is_to_come_within_thirty_days(at):
    with pytest.raises(handover.HandoverTimeInvalid):
        check_handover(stated(at=at), LOCATION, AT)


def test_its_time_is_the_one_by_which_someone_should_be_there():
    accepted = accept(a_referral(), Actor.RECEIVER, frozenset({"nadia"}), 0, AT)
    at_once = arranged_at_once(accepted, stated(), AT).referral
    assert (at_once.handover_by, waits_of(at_once)[Wait.ARRIVAL]) == (LATER, LATER)
    assert at_once.view.handover == stated()
    moved = arrange(at_once, Actor.RECEIVER, stated(at=LATER + timedelta(hours=1)), AT)
    assert moved.facts == (Fact.HANDOVER_ARRANGED,)
    assert moved.told_sender
    assert waits_of(moved.referral)[Wait.ARRIVAL] == LATER + timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, True),
        ({"feedback": Feedback.NONE}, False),
        ({"sender_sector": Sector.LAW_ENFORCEMENT, "view": RECEIVED}, False),
        ({"sharing": Sharing.ENDED}, False),
        ({"consent_until": LATER}, False),
    ],
)
def test_a_sender_hears_of_a_missed_arrival_only_where_it_reads_of_the_acceptance(changes, told):
    referral = a_referral(State.ACCEPTED, handover_by=LATER, **changes)
    missed = miss_arrival(referral, LATER)
    assert missed.told_sender is told
    assert (missed.referral.not_arrived_at, missed.referral.view.not_arrived_at) == (LATER, LATER if told else None)
    assert (missed.referral.view == referral.view) is not told
