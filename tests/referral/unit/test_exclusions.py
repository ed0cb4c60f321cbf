"""A person's secret list: what may stand on it, whom it shuts out, and what ends because of it."""

from datetime import timedelta

import pytest

from services.referral.domain import exclusions as module
from services.referral.domain.consent import Feedback
from services.referral.domain.emergency import Emergency, Kind
from services.referral.domain.exclusion_end import end_emergency, end_excluded
from services.referral.domain.exclusions import NOBODY, Exclusions
from services.referral.domain.party import NotFound, standpoint
from services.referral.domain.referral import SenderView
from services.referral.domain.taxonomy import Sector
from services.referral.domain.transitions import ENDED, SERVING, UNANSWERED, Fact, State
from tests.referral.builders import AT, LATER, a_draft, a_reader, a_referral


def excluding(*organizations: str, accounts: tuple[str, ...] = ()) -> Exclusions:
    return Exclusions(organizations=frozenset(organizations), accounts=frozenset(accounts))


@pytest.mark.parametrize(
    ("excluded", "out"),
    [
        (NOBODY, False),
        (excluding("shelter"), True),
        (excluding(accounts=("nadia",)), True),
        (excluding("elsewhere", accounts=("someone",)), False),
    ],
)
def test_whoever_is_excluded_is_no_party_to_anything(excluded, out):
    referral = a_referral(State.ACCEPTED, excluded=excluded)
    if out:
        with pytest.raises(NotFound):
            standpoint(referral, a_reader())
    else:
        assert standpoint(referral, a_reader()).role == "intake"


def test_an_account_of_the_sender_is_shut_out_like_any_other():
    referral = a_draft(excluded=excluding(accounts=("worker",)))
    with pytest.raises(NotFound):
        standpoint(referral, a_reader("community", "worker", "caseworker"))


def test_names_are_added_and_taken_off():
    whole = excluding("shelter").with_more(excluding("clinic", accounts=("karim",)), "community", "worker")
    assert whole == excluding("shelter", "clinic", accounts=("karim",))
    assert whole.without(excluding("clinic", "unknown", accounts=("karim",))) == excluding("shelter")


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        (excluding("community"), module.ExclusionOfOwnOrganization),
        (excluding(accounts=("worker",)), module.ExclusionOfOneself),
        (excluding(*map(str, range(module.MOST + 1))), module.TooManyExclusions),
    ],
)
def test_some_names_cannot_stand_on_the_list(more, refusal):
    with pytest.raises(refusal):
        NOBODY.with_more(more, "community", "worker")


@pytest.mark.parametrize("state", [State.DRAFT, *sorted(UNANSWERED), *sorted(SERVING)])
def test_a_referral_to_an_excluded_organisation_ends_and_gives_its_places_back(state):
    moved = end_excluded(a_referral(state, places_held=2), LATER)
    assert (moved.referral.state, moved.referral.view.word) == (State.CANCELLED, "cancelled")
    assert (moved.referral.places_held, moved.referral.reason) == (0, "persons-wish")
    assert Fact.PLACES_RELEASED in moved.facts


@pytest.mark.parametrize(
    ("sector", "feedback", "word"),
    [(Sector.COMMUNITY, Feedback.NONE, "cancelled"), (Sector.GOVERNMENT, Feedback.RECEIVED, "ended")],
)
def test_a_sender_who_may_not_tell_worlds_apart_reads_the_same_end_in_all_of_them(sector, feedback, word):
    read = SenderView(word="received", version=2, changed_at=AT)
    ends = [
        end_excluded(a_referral(state, view=read, sender_sector=sector, feedback=feedback), LATER)
        for state in (State.REQUESTED, State.ACCEPTED, State.FAILED)
    ]
    assert {end.referral.view for end in ends} == {SenderView(word=word, version=3, changed_at=LATER)}
    assert {end.told_sender for end in ends} == {True}
    assert all(Fact.CANCELLED in end.facts for end in ends)


def test_behind_a_word_that_says_it_is_over_it_ends_without_the_sender_learning_that_it_went_on():
    read = SenderView(word="withdrawn", version=2, changed_at=AT)
    moved = end_excluded(a_referral(State.IN_PROGRESS, view=read, places_held=1), LATER)
    assert (moved.referral.state, moved.referral.view, moved.told_sender) == (State.CANCELLED, read, False)
    assert Fact.PLACES_RELEASED in moved.facts


@pytest.mark.parametrize("state", sorted(ENDED))
def test_what_has_ended_stays_as_it_ended(state):
    referral = a_referral(state)
    assert end_excluded(referral, LATER).referral is referral


READING = {"kind": Kind.READING, "owner": "shelter", "acted_by": "nadia", "recipient": None}


@pytest.mark.parametrize(
    ("facts", "added", "ends"),
    [
        ({}, excluding("shelter"), True),
        ({}, excluding("elsewhere", accounts=("worker", "nadia")), False),
        (READING, excluding("shelter"), True),
        (READING, excluding(accounts=("nadia",)), True),
        (READING, excluding("elsewhere", accounts=("karim",)), False),
        ({"until": AT}, excluding("shelter"), False),
        ({"until": None}, excluding("shelter"), False),
        ({"ended_at": AT}, excluding("shelter"), False),
    ],
)
def test_what_someone_excluded_would_go_on_reading_in_an_emergency_ends_and_nothing_else(facts, added, ends):
    known = {"kind": Kind.DISCLOSURE, "owner": "community", "acted_by": "worker", "recipient": "shelter"}
    whole = {"id": "e1", "person": "p1", "at": AT, "recorded_at": AT, "until": LATER + timedelta(hours=1)}
    emergency = Emergency(**(whole | known | facts))
    after = end_emergency(emergency, added, LATER)
    assert (after is emergency) is not ends
    assert after.ended_at == (LATER if ends else emergency.ended_at)
