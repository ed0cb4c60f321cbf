"""Deadlines, places, grounds, safe contact, mnemonics and who is a party."""

from datetime import timedelta
from itertools import product

import pytest

from services.referral.domain import contact, grounds, place
from services.referral.domain.contact import Channel, SafeContact
from services.referral.domain.deadlines import DEADLINES, answer_by, handover_by
from services.referral.domain.disclosure import Role
from services.referral.domain.grounds import ARTICLES, check_ground
from services.referral.domain.identifiers import ReferralId
from services.referral.domain.party import NotFound, Standpoint, check_works, standpoint
from services.referral.domain.person import MNEMONICS, NUMBERS, WORDS, mnemonic
from services.referral.domain.place import Places
from services.referral.domain.taxonomy import PERSONAL, DataClass, Regime, Urgency
from services.referral.domain.transitions import Actor, State
from tests.referral.builders import AT, IDENTITY, a_draft, a_ground, a_reader, a_referral

DELAYS = {
    "bed-tonight": (timedelta(minutes=15), timedelta(hours=2), timedelta(hours=4)),
    "same-day": (timedelta(hours=1), timedelta(hours=8), timedelta(hours=24)),
    "within-week": (timedelta(days=2), timedelta(days=7), timedelta(days=5)),
    "standard": (timedelta(days=10), timedelta(days=30), timedelta(days=5)),
}


@pytest.mark.parametrize("urgency", Urgency)
def test_deadlines_come_from_the_urgency_and_a_reminder_comes_before_the_end(urgency):
    remind, expire, handover = DELAYS[urgency]
    by = answer_by(urgency, AT)
    assert (by.remind, by.expire, handover_by(urgency, AT)) == (AT + remind, AT + expire, AT + handover)
    assert by.remind < by.expire
    assert set(DEADLINES) == set(Urgency)


def test_places_are_taken_for_a_whole_party_or_not_at_all():
    free = Places("s1", 3, {})
    two = free.take("r1", 2)
    assert two.taken == 2
    with pytest.raises(place.NoPlaceLeft):
        two.take("r2", 2)
    full = two.take("r2", 1)
    with pytest.raises(place.NoPlaceLeft):
        full.take("r3", 1)
    assert full.release("r1").take("r3", 2).taken == 3


def test_taking_again_for_the_same_referral_counts_once():
    assert Places("s1", 2, {}).take("r1", 2).take("r1", 2).taken == 2


def test_a_total_lowered_below_what_is_held_takes_from_nobody():
    held = Places("s1", 1, {ReferralId("r1"): 1, ReferralId("r2"): 1})
    with pytest.raises(place.NoPlaceLeft):
        held.take("r3", 1)
    assert held.release("r1").taken == 1
    assert held.release("unknown").taken == 2


def test_a_service_that_does_not_count_holds_nothing():
    assert Places("s1", None, {}).take("r1", 20).taken == 0


REGIMES = {
    "p-39.1-18-6": "private",
    "p-39.1-18-7": "private",
    "p-39.1-18.1": "private",
    "a-2.1-59.1": "public",
    "r-22.1-74": "health",
    "p-34.1-35.4": "private public health",
    "p-34.1-39": "private public health",
    "p-34.1-39.1": "private public health",
    "p-34.1-72.8": "private public health",
    "court-order": "private public health",
}


def test_the_list_of_grounds_is_closed():
    assert set(ARTICLES) == set(REGIMES)


@pytest.mark.parametrize(("article", "regime"), list(product(REGIMES, Regime)))
def test_a_ground_belongs_to_the_regimes_its_law_governs(article, regime):
    if regime in REGIMES[article].split():
        assert check_ground(article, regime, IDENTITY) is ARTICLES[article]
    else:
        with pytest.raises(grounds.GroundNotInRegime):
            check_ground(article, regime, IDENTITY)


def test_a_ground_is_in_the_list_and_opens_something():
    with pytest.raises(grounds.GroundUnknown):
        check_ground("because", Regime.PRIVATE, IDENTITY)
    with pytest.raises(grounds.GroundOpensNothing):
        check_ground("court-order", Regime.PRIVATE, frozenset({DataClass.AGGREGATES}))


@pytest.mark.parametrize(("article", "named"), [("court-order", IDENTITY), ("p-39.1-18.1", frozenset())])
def test_only_a_court_order_names_what_the_table_closes(article, named):
    ground = a_ground(article=article, recipient="police")
    assert ground.names == named
    assert ground.covers("p1", "police")
    assert not ground.covers("p1", "other")
    assert not ground.covers("p2", "police")
    assert ARTICLES["court-order"].names == PERSONAL


def test_a_safe_contact_can_be_made_and_made_only_where_it_is_safe():
    phone = SafeContact(channel=Channel.PHONE, address="555-0100", sms=True, email=False)
    assert [phone.permits(channel) for channel in (Channel.PHONE, Channel.SMS, Channel.EMAIL, Channel.IN_PERSON)] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(contact.SafeContactWithoutAddress):
        SafeContact(channel=Channel.SMS)
    with pytest.raises(contact.SafeContactWithAddress):
        SafeContact(channel=Channel.PERSON_CALLS_US, address="555-0100")
    assert not SafeContact(channel=Channel.PERSON_CALLS_US).permits(Channel.PHONE)
    assert SafeContact(channel=Channel.THROUGH_WORKER).address is None


def test_mnemonics_are_many_and_each_its_own():
    assert len(WORDS) * len(NUMBERS) == MNEMONICS
    assert len(set(WORDS)) == len(WORDS)
    assert len({mnemonic(draw) for draw in range(MNEMONICS)}) == MNEMONICS
    assert mnemonic(17) == "Érable 27"
    assert mnemonic(MNEMONICS) == mnemonic(0)


@pytest.mark.parametrize(
    ("organization", "user", "roles", "expected"),
    [
        ("community", "worker", ["caseworker"], Standpoint(Actor.SENDER)),
        ("community", "other", ["coordinator"], Standpoint(Actor.SENDER)),
        ("community", "officer", ["privacy-officer"], None),
        ("shelter", "nadia", ["intake"], Standpoint(Actor.RECEIVER, Role.INTAKE)),
        ("shelter", "paul", ["caseworker"], Standpoint(Actor.RECEIVER, Role.ASSIGNED)),
        ("shelter", "paul", ["privacy-officer"], None),
        ("shelter", "other", ["caseworker"], None),
        ("shelter", "claire", ["coordinator"], Standpoint(Actor.RECEIVER, Role.COORDINATOR)),
        ("shelter", "officer", ["privacy-officer"], None),
        ("police", "agent", ["intake", "coordinator"], None),
    ],
)
def test_only_those_who_must_know_find_a_referral(organization, user, roles, expected):
    accepted = a_referral(State.ACCEPTED, assigned=frozenset({"paul"}))
    reader = a_reader(organization, user, *roles)
    if expected is None:
        with pytest.raises(NotFound):
            standpoint(accepted, reader)
    else:
        assert standpoint(accepted, reader) == expected


def test_a_privacy_officer_does_not_work_with_people():
    check_works(a_reader("community", "worker", "caseworker"))
    with pytest.raises(NotFound):
        check_works(a_reader("community", "officer", "privacy-officer"))


def test_a_draft_does_not_exist_for_its_receiver():
    with pytest.raises(NotFound):
        standpoint(a_draft(), a_reader())
