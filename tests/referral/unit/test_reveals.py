"""What each code gives away, written out once more: taking any row out must be noticed."""

import pytest

from services.referral.domain.capacity import Query
from services.referral.domain.consent import ConsentNotTheirs, GivenBy, check_evidence
from services.referral.domain.disclosure import Reading, Role, Stage, told_once_accepted
from services.referral.domain.disclosure_tables import LEGAL_CLINIC, PROVIDER_NEEDS, SERVICE_NEEDS
from services.referral.domain.reveals import HOW_MANY, LANGUAGES, NEEDS, QUERY_FIELDS, Facet, Part, of_code
from services.referral.domain.taxonomy import PERSONAL, AgeBand, DataClass, Need, Purpose, Sector
from tests.referral.builders import evidence

REVEALED_BY_NEEDS = """
shelter-tonight      |
shelter              |
food-clothing        |
health-care          | health
mental-health        | health
legal-advice         | legal
legal-representation | legal
immigration-help     | immigration
compensation         | exploitation:type
police-complaint     | exploitation:type
labour-standards     | exploitation:type
interpretation       |
transport            |
employment           |
education            |
child-protection     | household
income-support       |
peer-support         |
safety-planning      | safety
document-replacement | immigration
detox                | health
"""
REVEALED_BY_FIELDS = """
needs          |
urgency        |
region         |
age            |
eligibility    |
party_size     | household:count
children       | household
accessibility  | practical-needs
duration       |
areas_to_avoid | safety
language       |
"""
# From every nation's languages in Quebec, one whose code is its own and one whose group is coarser.
INDIGENOUS = "abe aaq alq atj cre crj crl crk csw cwd iku ike ikt mic moe nsk moh oji ojb ojs ojw otw ciw pqm wdt wyn"
PLAIN = "fra eng spa ara por zho hat tgl que ron ben yor ukr"


def _rows(text: str) -> dict[str, frozenset[Facet]]:
    found = {}
    for line in text.strip().splitlines():
        name, told = (part.strip() for part in line.split("|"))
        found[name] = frozenset(_facet(word) for word in told.split())
    return found


def _facet(word: str) -> Facet:
    data_class, _, part = word.partition(":")
    return Facet(DataClass(data_class), Part(part or "whole"))


def test_every_need_reveals_what_the_domain_says_and_nothing_else():
    expected = _rows(REVEALED_BY_NEEDS)
    assert set(expected) == {need.value for need in Need}
    assert {need.value: NEEDS.get(need, frozenset()) for need in Need} == expected


def test_every_field_of_a_need_reveals_what_the_domain_says_and_nothing_else():
    expected = _rows(REVEALED_BY_FIELDS)
    assert set(expected) == set(Query.__slots__)
    assert {name: QUERY_FIELDS.get(name, frozenset()) for name in expected} == expected


@pytest.mark.parametrize("code", INDIGENOUS.split())
def test_a_first_peoples_language_reveals_indigenous_identity(code):
    assert of_code(code) == {Facet(DataClass.INDIGENOUS_IDENTITY)}


@pytest.mark.parametrize("code", PLAIN.split())
def test_another_language_reveals_nothing(code):
    assert of_code(code) == frozenset()


def test_every_language_code_has_three_letters():
    assert all(len(code) == 3 and code.isalpha() and code.islower() for code in LANGUAGES)


def test_who_houses_or_transports_is_a_provider():
    assert {"shelter-tonight", "shelter", "transport"} == PROVIDER_NEEDS


def test_a_class_opens_to_the_service_that_cannot_work_without_it():
    assert {name.value: set(needs) for name, needs in SERVICE_NEEDS.items()} == {
        "health": {"health-care", "mental-health", "detox"},
        "immigration": {"immigration-help", "document-replacement"},
    }
    assert {"legal-representation"} == LEGAL_CLINIC


DECIDES = {
    AgeBand.UNDER_14: {"parent", "tutor"},
    AgeBand.FROM_14_TO_17: {"person"},
    AgeBand.ADULT: {"person"},
    AgeBand.UNKNOWN: {"person"},
}


@pytest.mark.parametrize("given_by", GivenBy)
@pytest.mark.parametrize("age", AgeBand)
def test_the_law_says_who_decides_at_each_age(age, given_by):
    if given_by in DECIDES[age]:
        check_evidence(evidence(given_by=given_by), Sector.COMMUNITY, age)
    else:
        with pytest.raises(ConsentNotTheirs):
            check_evidence(evidence(given_by=given_by), Sector.COMMUNITY, age)


@pytest.mark.parametrize(
    ("sector", "needs", "consented", "told"),
    [
        (Sector.LAW_ENFORCEMENT, {Need.POLICE_COMPLAINT}, PERSONAL - {DataClass.HOUSEHOLD}, False),
        (Sector.COMMUNITY, {Need.PEER_SUPPORT}, frozenset(), False),
        (Sector.COMMUNITY, {Need.PEER_SUPPORT}, {DataClass.HOUSEHOLD}, True),
        (Sector.COMMUNITY, {Need.SHELTER}, frozenset(), True),
        (Sector.COMMUNITY, {Need.TRANSPORT}, frozenset(), True),
    ],
)
def test_how_many_come_along_is_told_to_whom_it_is_open_and_to_who_houses_them(sector, needs, consented, told):
    reading = Reading(
        sector=sector,
        role=Role.INTAKE,
        stage=Stage.BEFORE,
        purpose=Purpose.SUPPORT,
        needs=frozenset(needs),
        consented=frozenset(consented),
    )
    facets = told_once_accepted(reading)
    assert (HOW_MANY in facets or Facet(DataClass.HOUSEHOLD) in facets) is told
