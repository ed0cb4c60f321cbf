"""Serious danger: what may be told at once, for how long, who reviews, and how long it is recalled."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.referral.domain import emergency as module
from services.referral.domain.disclosure_tables import CELLS
from services.referral.domain.emergency import (
    MINIMUM,
    Emergency,
    EndReason,
    Kind,
    Review,
    Seat,
    Verdict,
    begin,
    check_article,
    check_done,
    check_minimum,
    check_unassigned,
    recall,
    review,
    seat_of,
)
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.grounds import ARTICLES
from services.referral.domain.party import NotFound
from services.referral.domain.reasons import Source
from services.referral.domain.taxonomy import DataClass, Sector
from services.referral.domain.transitions import State
from tests.referral.builders import AT, IDENTITY, LATER, a_draft, a_reader, a_referral

OFFICERS = frozenset({"officer"})


def an_emergency(**changes) -> Emergency:
    facts = {
        "id": "e1",
        "kind": Kind.DISCLOSURE,
        "owner": "community",
        "person": "p1",
        "acted_by": "worker",
        "at": AT,
        "recorded_at": AT,
        "article": "p-39.1-18-7",
        "classes": MINIMUM,
        "recipient": "shelter",
    }
    return Emergency(**(facts | changes))


def said(by="officer", seat=Seat.PRIVACY_OFFICER, verdict=Verdict.APPROVE, reason=None, at=LATER) -> Review:
    return Review(by=by, seat=seat, verdict=verdict, at=at, reason=reason)


def test_what_helps_is_told_and_nothing_else():
    assert {name.value for name in MINIMUM} == {"identity", "safe-contact", "current-location", "safety"}
    for classes in (MINIMUM, frozenset({DataClass.CURRENT_LOCATION})):
        check_minimum(classes)
    for classes in (frozenset(), MINIMUM | {DataClass.HEALTH}):
        with pytest.raises(module.EmergencyBeyondMinimum):
            check_minimum(classes)


@pytest.mark.parametrize("sector", Sector)
def test_the_whole_minimum_may_be_told_on_a_ground_to_every_sector_but_government(sector):
    assert all(CELLS[name][sector].ground for name in MINIMUM) is (sector is not Sector.GOVERNMENT)


@pytest.mark.parametrize("code", ARTICLES)
def test_only_articles_on_serious_danger_let_one_act_at_once(code):
    if code in {"p-39.1-18-7", "p-39.1-18.1", "a-2.1-59.1", "r-22.1-74"}:
        check_article(ARTICLES[code])
    else:
        with pytest.raises(module.EmergencyArticleUnfit):
            check_article(ARTICLES[code])


def test_what_was_told_outside_lies_in_the_past():
    check_done(AT, AT)
    with pytest.raises(module.EmergencyNotYetDone):
        check_done(LATER, AT)


@pytest.mark.parametrize(("kind", "hours"), [(Kind.DISCLOSURE, 72), (Kind.READING, 4), (Kind.OUTSIDE, None)], ids=str)
def test_each_kind_opens_for_its_own_time_by_the_clock(kind, hours):
    begun = begin(an_emergency(kind=kind), OFFICERS)
    assert begun.recall_at == begun.review_by == AT + timedelta(hours=24)
    if hours is None:
        assert (begun.until, begun.opens(AT)) == (None, False)
        return
    until = AT + timedelta(hours=hours)
    assert (begun.until, begun.opens(AT), begun.opens(until)) == (until, True, False)
    ended = begun.end(AT)
    assert (ended.opens(AT), ended.end(LATER)) == (False, ended)


@pytest.mark.parametrize(
    ("reviewers", "alone"), [(set(), True), ({"worker"}, True), ({"worker", "claire"}, False), ({"officer"}, False)]
)
def test_where_nobody_else_inside_could_review_the_coordination_does(reviewers, alone):
    assert begin(an_emergency(), frozenset(reviewers)).with_coordination is alone


@pytest.mark.parametrize(
    ("organization", "roles", "with_coordination", "seat"),
    [
        ("community", ["privacy-officer"], False, Seat.PRIVACY_OFFICER),
        ("community", ["coordinator", "privacy-officer"], False, Seat.PRIVACY_OFFICER),
        ("community", ["coordinator"], False, Seat.COORDINATOR),
        ("community", ["caseworker"], False, None),
        ("community", ["coordination"], True, None),
        ("coalition", ["coordination"], True, Seat.COORDINATION),
        ("coalition", ["coordination"], False, None),
        ("coalition", ["board"], True, None),
        ("shelter", ["coordinator"], True, None),
        ("shelter", ["coordination"], True, None),
    ],
)
def test_who_reviews_and_from_which_seat(organization, roles, with_coordination, seat):
    found = an_emergency(with_coordination=with_coordination)
    reader = a_reader(organization, "someone", *roles)
    if seat is None:
        with pytest.raises(NotFound):
            seat_of(found, reader, "coalition")
    else:
        assert seat_of(found, reader, "coalition") is seat


def test_nobody_sits_for_a_coalition_that_is_not_known():
    with pytest.raises(NotFound):
        seat_of(an_emergency(with_coordination=True), a_reader("x", "y", "coordination"), None)


@pytest.mark.parametrize("seat", [Seat.PRIVACY_OFFICER, Seat.COORDINATION])
def test_a_privacy_officers_word_or_the_coordinations_completes_the_review(seat):
    done = review(begin(an_emergency(), OFFICERS), said(seat=seat), OFFICERS)
    assert (done.reviewed_at, done.recall_at, done.ended_at) == (LATER, None, None)
    assert done.opens(LATER)


def test_a_coordinators_approval_awaits_the_privacy_officer_where_there_is_one():
    begun = begin(an_emergency(), OFFICERS | {"claire"})
    first = review(begun, said("claire", Seat.COORDINATOR), OFFICERS)
    assert (first.reviewed_at, first.recall_at) == (None, begun.recall_at)
    second = review(first, said(), OFFICERS)
    assert (second.reviewed_at, len(second.reviews)) == (LATER, 2)
    for nobody_else in (frozenset(), frozenset({"worker"}), frozenset({"claire"})):
        assert review(begun, said("claire", Seat.COORDINATOR), nobody_else).reviewed_at == LATER


@pytest.mark.parametrize("seat", Seat)
def test_anybodys_end_takes_effect_at_once(seat):
    begun = begin(an_emergency(), OFFICERS)
    ended = review(begun, said(seat=seat, verdict=Verdict.END, reason=EndReason.MORE_THAN_NEEDED), OFFICERS)
    assert (ended.ended_at, ended.reviewed_at, ended.recall_at, ended.opens(LATER)) == (LATER, LATER, None, False)


def test_an_end_says_why_and_an_approval_does_not():
    begun = begin(an_emergency(), OFFICERS)
    for word in (said(verdict=Verdict.END), said(reason=EndReason.WRONG_RECIPIENT)):
        with pytest.raises(module.ReviewWithoutReason):
            review(begun, word, OFFICERS)


def test_nobody_reviews_their_own_act_and_nobody_twice():
    begun = begin(an_emergency(), OFFICERS)
    with pytest.raises(module.ReviewOfOwnAct):
        review(begun, said("worker"), OFFICERS)
    first = review(begun, said("claire", Seat.COORDINATOR), OFFICERS)
    with pytest.raises(module.ReviewDone):
        review(first, said("claire", Seat.COORDINATOR), OFFICERS)
    with pytest.raises(module.ReviewDone):
        review(review(begun, said(), OFFICERS), said("other"), OFFICERS)


def test_what_is_not_reviewed_is_recalled_again_and_again_and_soon_with_the_coordination():
    found = begin(an_emergency(), OFFICERS)
    seen = []
    for _ in range(4):
        found = recall(found, OFFICERS, found.recall_at)
        seen.append((found.recalls, found.with_coordination, found.recall_at - AT))
    hours = [timedelta(hours=count) for count in (36, 48, 60, 72)]
    assert seen == list(zip([1, 2, 3, 4], [False, True, True, True], hours, strict=True))


def test_without_any_other_privacy_officer_the_first_recall_is_for_the_coordination_too():
    found = begin(an_emergency(), frozenset({"claire"}))
    assert recall(found, frozenset({"worker"}), LATER).with_coordination
    assert recall(replace(found, with_coordination=True), OFFICERS, LATER).with_coordination


@pytest.mark.parametrize(
    ("organization", "user", "roles", "refusal"),
    [
        ("shelter", "other", ["caseworker"], None),
        ("shelter", "paul", ["caseworker"], module.EmergencyNotNeeded),
        ("shelter", "nadia", ["intake"], module.EmergencyNotNeeded),
        ("shelter", "claire", ["coordinator"], module.EmergencyNotNeeded),
        ("community", "worker", ["caseworker"], module.EmergencyNotNeeded),
        ("police", "agent", ["caseworker"], NotFound),
    ],
)
def test_an_emergency_reading_is_for_a_worker_of_the_receiver_with_no_part_in_it(organization, user, roles, refusal):
    accepted = a_referral(State.ACCEPTED, assigned=frozenset({"paul"}))
    reader = a_reader(organization, user, *roles)
    if refusal is None:
        check_unassigned(accepted, reader)
    else:
        with pytest.raises(refusal):
            check_unassigned(accepted, reader)


@pytest.mark.parametrize(
    "excluded", [Exclusions(organizations=frozenset({"shelter"})), Exclusions(accounts=frozenset({"other"}))]
)
def test_whoever_the_person_excludes_reads_nothing_whatever_the_danger(excluded):
    with pytest.raises(NotFound):
        check_unassigned(a_referral(State.ACCEPTED, excluded=excluded), a_reader("shelter", "other", "caseworker"))


def test_what_ones_organisation_opened_itself_is_read_in_danger_like_what_it_received():
    own = a_referral(State.ACCEPTED, sender="shelter", source=Source.CALL, assigned=frozenset({"paul"}))
    check_unassigned(own, a_reader("shelter", "other", "caseworker"))
    with pytest.raises(module.EmergencyNotNeeded):
        check_unassigned(own, a_reader("shelter", "paul", "caseworker"))


def test_a_draft_is_read_by_nobody_else_whatever_the_danger():
    with pytest.raises(NotFound):
        check_unassigned(a_draft(), a_reader("shelter", "other", "caseworker"))
    assert IDENTITY < MINIMUM
