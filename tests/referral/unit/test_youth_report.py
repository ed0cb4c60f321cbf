"""A report to youth protection: hidden every way, and read by three parties alone."""

import pytest

from services.referral.domain.party import NotFound
from services.referral.domain.youth_report import ReportChannel, YouthReport, oversees
from tests.referral.builders import AT, a_reader

REPORT = YouthReport(
    id="y1", owner="community", person="p1", channel=ReportChannel.PHONE, at=AT, reported_by="worker", recorded_at=AT
)


def test_it_is_hidden_from_the_person_from_parents_from_exports_and_from_plans():
    assert {way.value for way in REPORT.hidden_from} == {"persons-view", "parental-access", "exports", "plans"}


@pytest.mark.parametrize(
    ("organization", "user", "roles", "found"),
    [
        ("community", "worker", ["caseworker"], True),
        ("community", "claire", ["coordinator"], True),
        ("community", "officer", ["privacy-officer"], True),
        ("community", "other", ["caseworker", "intake"], False),
        ("shelter", "worker", ["caseworker"], False),
        ("shelter", "claire", ["coordinator"], False),
    ],
)
def test_only_the_reporter_their_coordinator_and_their_privacy_officer_read_it(organization, user, roles, found):
    reader = a_reader(organization, user, *roles)
    if found:
        REPORT.check_read_by(reader)
    else:
        with pytest.raises(NotFound):
            REPORT.check_read_by(reader)
    assert oversees(reader) is bool({"coordinator", "privacy-officer"} & set(roles))
