"""Ages: a birth date decides, and two that disagree are refused."""

from datetime import UTC, datetime

import pytest

from services.referral.domain.age import AgeContradicted, age_said, check_age
from services.referral.domain.taxonomy import AgeBand

NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("born", "band"),
    [
        ("2012-11-25", AgeBand.UNDER_14),
        ("2012-11-24", AgeBand.FROM_14_TO_17),
        ("2008-11-25", AgeBand.FROM_14_TO_17),
        ("2008-11-24", AgeBand.ADULT),
        ("1950-01-01", AgeBand.ADULT),
        ("2026-11-25", AgeBand.UNKNOWN),
    ],
)
def test_a_birth_date_says_the_band(born, band):
    assert age_said({"prs_Birthdate": born}, NOON) is band


def test_a_birthday_comes_at_midnight_in_quebec():
    assert age_said({"prs_Birthdate": "2008-11-24"}, datetime(2026, 11, 24, 4, 59, tzinfo=UTC)) is AgeBand.FROM_14_TO_17
    assert age_said({"prs_Birthdate": "2008-11-24"}, datetime(2026, 11, 24, 5, 0, tzinfo=UTC)) is AgeBand.ADULT


def test_the_birth_date_grows_older_and_the_band_once_given_does_not():
    identity = {"prs_Birthdate": "2008-12-01", "age_band": "14-17"}
    assert age_said(identity, NOON) is AgeBand.FROM_14_TO_17
    assert age_said(identity, datetime(2026, 12, 2, 12, tzinfo=UTC)) is AgeBand.ADULT


@pytest.mark.parametrize(("identity", "band"), [({"age_band": "adult"}, AgeBand.ADULT), ({}, AgeBand.UNKNOWN)])
def test_without_a_birth_date_the_band_given_counts(identity, band):
    assert age_said(identity, NOON) is band


@pytest.mark.parametrize("band", ["under-14", "adult"])
def test_a_band_that_the_birth_date_contradicts_is_refused(band):
    with pytest.raises(AgeContradicted):
        check_age({"prs_Birthdate": "2010-01-01", "age_band": band}, NOON)


@pytest.mark.parametrize(
    "identity",
    [
        None,
        {},
        {"age_band": "adult"},
        {"prs_Birthdate": "2010-01-01"},
        {"prs_Birthdate": "2010-01-01", "age_band": "14-17"},
        {"prs_Birthdate": "2010-01-01", "age_band": "unknown"},
    ],
)
def test_what_does_not_contradict_itself_is_taken(identity):
    check_age(identity, NOON)
