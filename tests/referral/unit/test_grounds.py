"""Grounds: how far each reaches, what they carry, and what their closing ends."""

from itertools import product

import pytest

from services.referral.domain import grounds
from services.referral.domain.carrying import end_ground, request_on_ground
from services.referral.domain.consent import ConsentAdultToYouthProtection, Feedback
from services.referral.domain.grounds import ARTICLES, check_reach
from services.referral.domain.moves import end_consent
from services.referral.domain.referral import Sharing
from services.referral.domain.taxonomy import PERSONAL, AgeBand, DataClass, Sector
from services.referral.domain.transitions import Actor, Fact, NotYourMove, State
from tests.referral.builders import AT, IDENTITY, LATER, a_draft, a_ground, a_referral
from tests.referral.unit.disclosure_walk import WORDS

CARRIED = {"ground": "g1", "consent": None}


def reach(article, sector, age, classes):
    """The refusal, if any, of a ground for one recipient."""
    try:
        check_reach(ARTICLES[article], sector, age, classes)
    except grounds.ReferralError as refusal:
        return type(refusal)
    return None


@pytest.mark.parametrize(
    ("article", "sector", "data_class"), list(product(["p-39.1-18.1", "court-order"], Sector, sorted(PERSONAL)))
)
def test_a_ground_is_recorded_only_where_the_table_lets_it_open_something(article, sector, data_class):
    word = WORDS[data_class, sector]
    expected = None if word.endswith("L") or article == "court-order" else grounds.GroundBeyondTable
    if word == "never":
        expected = grounds.GroundOpensNever
    assert reach(article, sector, AgeBand.UNKNOWN, frozenset({data_class})) is expected


def test_one_class_too_many_refuses_them_all():
    classes = IDENTITY | {DataClass.EXPLOITATION}
    assert reach("p-39.1-18.1", Sector.COMMUNITY, AgeBand.ADULT, classes) is grounds.GroundBeyondTable


@pytest.mark.parametrize("article", ARTICLES)
def test_nothing_of_an_adult_goes_to_youth_protection_and_a_childrens_law_is_about_children(article):
    assert reach(article, Sector.YOUTH_PROTECTION, AgeBand.ADULT, IDENTITY) is ConsentAdultToYouthProtection
    about_an_adult = grounds.GroundForMinorsOnly if article.startswith("p-34.1") else None
    assert reach(article, Sector.COMMUNITY, AgeBand.ADULT, IDENTITY) is about_an_adult
    for age in (AgeBand.UNDER_14, AgeBand.FROM_14_TO_17, AgeBand.UNKNOWN):
        assert reach(article, Sector.YOUTH_PROTECTION, age, IDENTITY) is None


def test_a_ground_carries_its_person_recipient_and_classes_alone_while_it_is_open():
    ground = a_ground()
    ground.check_carries("p1", "shelter", IDENTITY)
    for person, recipient in (("p2", "shelter"), ("p1", "police")):
        with pytest.raises(grounds.GroundNotOpen):
            ground.check_carries(person, recipient, IDENTITY)
    with pytest.raises(grounds.GroundTooNarrow):
        ground.check_carries("p1", "shelter", IDENTITY | {DataClass.SAFETY})
    closed = ground.close(AT)
    assert (ground.is_open, closed.is_open, closed.close(LATER)) == (True, False, closed)
    with pytest.raises(grounds.GroundNotOpen):
        closed.check_carries("p1", "shelter", IDENTITY)


def test_a_request_under_a_ground_has_the_deadlines_and_the_default_feedback():
    moved = request_on_ground(a_draft(), Actor.SENDER, a_ground(), AT)
    sent = moved.referral
    assert (sent.state, sent.ground, sent.consent, sent.consent_until) == (State.REQUESTED, "g1", None, None)
    assert (sent.feedback, sent.requested_at) == (Feedback.RECEIVED, AT)
    assert AT < sent.remind_at < sent.expires_at
    assert moved.facts == (Fact.REQUESTED,)
    with pytest.raises(NotYourMove):
        request_on_ground(a_draft(), Actor.RECEIVER, a_ground(), AT)


@pytest.mark.parametrize("state", [State.REQUESTED, State.UNDER_REVIEW, State.WAITLISTED])
def test_closing_a_ground_before_acceptance_ends_what_it_carried_and_a_consents_end_does_not(state):
    carried = a_referral(state, **CARRIED)
    assert end_consent(carried, LATER).referral is carried
    ended = end_ground(carried, LATER)
    assert (ended.referral.state, ended.referral.ground) == (State.WITHDRAWN, "g1")
    assert ended.facts == (Fact.WITHDRAWN, Fact.CLOSED)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.IN_PROGRESS, State.ON_HOLD])
def test_closing_a_ground_after_acceptance_ends_the_sharing_alone_and_once(state):
    carried = a_referral(state, places_held=1, **CARRIED)
    ended = end_ground(carried, LATER)
    assert (ended.referral.state, ended.referral.sharing, ended.referral.places_held) == (state, Sharing.ENDED, 1)
    assert ended.facts == (Fact.SHARING_ENDED,)
    assert end_ground(ended.referral, LATER).facts == ()


@pytest.mark.parametrize("state", [State.COMPLETED, State.DECLINED, State.EXPIRED])
def test_closing_a_ground_changes_nothing_of_what_has_ended(state):
    over = a_referral(state, **CARRIED)
    assert end_ground(over, LATER).referral == over
