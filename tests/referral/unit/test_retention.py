"""How long a record is kept: every regime and kind has its years and their source, and what is needed stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.referral.domain.capacity import Query
from services.referral.domain.coarse import case_of, outcome_of
from services.referral.domain.retention import SCHEDULE, Life, RecordKind, month_of
from services.referral.domain.taxonomy import AgeBand, Need, Regime
from services.referral.domain.transitions import State
from tests.referral.builders import AT, a_referral

LIFE = Life(kind=RecordKind.SERVED, last=AT, in_use=False, is_held=False)
PRIVATE = {Regime.PRIVATE}


def test_every_regime_and_kind_has_its_years_and_says_on_what_ground():
    assert set(SCHEDULE) == {(regime, kind) for regime in Regime for kind in RecordKind}
    assert all(keep.years >= 1 and keep.source for keep in SCHEDULE.values())


def test_the_longest_of_those_who_took_part_counts_and_the_unknown_is_the_longest():
    assert LIFE.kept_for(PRIVATE) == timedelta(days=3 * 366)
    assert LIFE.kept_for({*PRIVATE, Regime.PUBLIC}) == LIFE.kept_for(set()) == timedelta(days=5 * 366)


@pytest.mark.parametrize(("change", "served"), [({}, True), ({"in_use": True}, False), ({"is_held": True}, False)])
def test_what_is_in_use_or_held_has_not_served(change, served):
    life, after = replace(LIFE, **change), AT + timedelta(days=3 * 366, seconds=1)
    assert life.has_served(PRIVATE, after) is served
    assert not life.has_served(PRIVATE, after - timedelta(seconds=1))


def test_a_month_begins_at_its_first_midnight():
    assert month_of(AT) == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ({"shelter": "met", "detox": "not-met"}, "not-met"),
        ({"shelter": "met", "detox": "no-longer-needed"}, "met"),
        ({}, "completed"),
        (None, "completed"),
    ],
)
def test_a_case_has_the_least_good_of_its_outcomes_else_the_word_it_ended_with(outcomes, told):
    assert outcome_of(a_referral(State.COMPLETED), outcomes) == told


@pytest.mark.parametrize(
    ("need", "region", "told"),
    [
        (Need.DETOX, "06", "06"),
        (Need.DETOX, None, "any"),
        (Need.SHELTER, "06", "any"),
        (Need.SHELTER_TONIGHT, "06", "any"),
    ],
)
def test_a_case_never_tells_where_someone_is_sheltered(need, region, told):
    case = case_of(a_referral(State.DECLINED), Query(needs=(need,), region=region, age=AgeBand.ADULT), None, None)
    assert (case.facts["region"], case.facts["period"], case.organization) == (told, "2026-Q4", "community")
    assert "indigenous" not in str(case).lower()


@pytest.mark.parametrize(
    ("said", "told"),
    [("Feminine", "feminine"), ("TransgenderFeminine", "other-or-unknown"), (None, "other-or-unknown")],
)
def test_a_rare_gender_goes_with_those_not_known(said, told):
    query = Query(needs=(Need.DETOX,))
    assert case_of(a_referral(State.DECLINED, ended_at=AT), query, None, {"prs_Gender": said}).facts["gender"] == told
