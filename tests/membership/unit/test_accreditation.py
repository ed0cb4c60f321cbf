from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.membership.domain.accreditation import (
    LONGEST,
    BusinessNumberMalformed,
    EndOutOfBounds,
    EvidenceInFuture,
    ReferencesMissing,
    accreditation,
    business_number,
)
from tests.membership.builders import AT, evidence

TOMORROW = date(2026, 11, 25)
ONE, TWO = evidence().references


@pytest.mark.parametrize("text", ["1166000001", "88 3100 0042", "2260000001", "3360000001"])
def test_an_enterprise_number_is_ten_digits_of_a_known_kind(text):
    assert business_number(text) == text.replace(" ", "")


@pytest.mark.parametrize("text", ["", "116600000", "11660000011", "4466000001", "1166OOOOO1", "1166-00000"])
def test_anything_else_is_no_enterprise_number(text):
    with pytest.raises(BusinessNumberMalformed):
        business_number(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"information_agreement_signed_on": TOMORROW},
        {"training_completed_on": TOMORROW},
        {"vetting_attested_on": TOMORROW},
        {"references": (ONE, replace(TWO, checked_on=TOMORROW))},
    ],
)
def test_nothing_can_have_happened_tomorrow(changes):
    with pytest.raises(EvidenceInFuture):
        accreditation(evidence(**changes), "board-1", AT + timedelta(days=9), AT)


@pytest.mark.parametrize(
    "references",
    [(), (ONE,), (ONE, ONE), (ONE, replace(TWO, name="CAM LEE")), (ONE, replace(TWO, organization="ABRI SUD"))],
)
def test_two_people_of_two_organisations_answer_for_it(references):
    with pytest.raises(ReferencesMissing):
        accreditation(evidence(references=references), "board-1", AT + timedelta(days=9), AT)


@pytest.mark.parametrize("until", [AT, AT - timedelta(days=1), AT + LONGEST + timedelta(seconds=1)])
def test_an_accreditation_has_an_end_within_two_years(until):
    with pytest.raises(EndOutOfBounds):
        accreditation(evidence(), "board-1", until, AT)


def test_complete_evidence_accredits_until_the_end():
    given = accreditation(evidence(), "board-1", AT + LONGEST, AT)
    assert (given.given_by, given.given_at, given.until, given.live(AT)) == ("board-1", AT, AT + LONGEST, True)
