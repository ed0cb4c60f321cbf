"""The questions asked before anything is shared: what the tables would show, and what must always be said."""

from itertools import product

import pytest

from services.referral.domain import questions as module
from services.referral.domain.consent import ConsentPurposeUnsuited, Feedback, Recipient
from services.referral.domain.disclosure import Form, decide
from services.referral.domain.disclosure_tables import CELLS, Rule, suits
from services.referral.domain.preview import as_recipient
from services.referral.domain.questions import sheet
from services.referral.domain.taxonomy import PERSONAL, AgeBand, DataClass, Need, Purpose, Sector
from tests.referral.builders import a_recipient

NEEDS = frozenset({Need.SHELTER, Need.HEALTH_CARE, Need.LEGAL_REPRESENTATION, Need.IMMIGRATION_HELP})
CASES = [
    (Recipient(organization="o", sector=sector, needs=NEEDS), purpose)
    for sector, purpose in product(Sector, Purpose)
    if suits(purpose, sector, NEEDS)
]
IDS = [f"{recipient.sector}-{purpose}" for recipient, purpose in CASES]


@pytest.mark.parametrize(("recipient", "purpose"), CASES, ids=IDS)
def test_a_sheet_asks_for_what_would_be_shown_in_its_form_and_for_nothing_else(recipient, purpose):
    reading = as_recipient(recipient, purpose, PERSONAL, AgeBand.UNKNOWN)
    forms = {name: decide(reading, name).form for name in PERSONAL}
    asked = {question.data_class: question.form for question in sheet(recipient, purpose).questions}
    assert asked == {name: form for name, form in forms.items() if form is not Form.NOTHING}
    assert not [name for name in asked if CELLS[name][recipient.sector].rule is Rule.NEVER]


@pytest.mark.parametrize(("recipient", "purpose"), CASES, ids=IDS)
def test_every_sheet_says_that_help_and_immigration_help_never_depend_on_the_answer(recipient, purpose):
    found = sheet(recipient, purpose)
    assert found.say_first[0] == module.NEVER_A_CONDITION
    assert module.IMMIGRATION_APART in found.say_first
    assert {module.UNTIL, module.NEVER_CHASED} == set(found.say_last)
    assert list(found.feedback) == list(Feedback)


@pytest.mark.parametrize("sector", Sector)
def test_only_what_goes_to_the_police_carries_the_warning(sector):
    said = sheet(a_recipient(sector), Purpose.SUPPORT).say_first
    assert (module.POLICE_WARNING in said) is (sector is Sector.LAW_ENFORCEMENT)


@pytest.mark.parametrize(("recipient", "purpose"), CASES, ids=IDS)
def test_every_sentence_stands_in_both_languages(recipient, purpose):
    found = sheet(recipient, purpose)
    words = [*found.say_first, *found.say_last, found.ask_feedback, *found.feedback.values()]
    for each in [*words, *(question.ask for question in found.questions)]:
        assert each.fr
        assert each.en
        assert each.fr != each.en


def test_a_part_is_asked_for_as_that_part_alone():
    asked = {question.data_class: question for question in sheet(CASES_OF_HEALTH, Purpose.SUPPORT).questions}
    assert asked[DataClass.IMMIGRATION].form is Form.COVERAGE
    assert "assurance" in asked[DataClass.IMMIGRATION].ask.fr
    assert "nothing else" in asked[DataClass.EXPLOITATION].ask.en


CASES_OF_HEALTH = a_recipient(Sector.HEALTH_SOCIAL)


def test_a_purpose_that_does_not_suit_is_not_asked_for():
    with pytest.raises(ConsentPurposeUnsuited):
        sheet(a_recipient(Sector.COMMUNITY), Purpose.COMPLAINT)
