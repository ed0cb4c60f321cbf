from dataclasses import replace
from datetime import timedelta

import pytest

from services.membership.domain import representative as people
from services.membership.domain import second_factor as rules
from services.membership.domain.representative import Fact, Reset, State, UnknownRepresentative
from services.membership.domain.second_factor import (
    NoResetPending,
    NotActive,
    OwnSecondFactor,
    ResetPending,
    SameAsker,
)
from tests.membership.builders import AT, OTHER, a_manager, a_person

DAY = timedelta(hours=24)
STAFF = a_manager("staff", OTHER, coordinates=True)


def asked(by: str = "manager"):
    return rules.ask_reset(a_person(), a_manager(by), AT)[0]


def test_a_reset_is_asked_by_one_and_confirmed_by_another():
    person, facts = rules.ask_reset(a_person(), a_manager(), AT)
    assert (person.reset, facts) == (Reset("manager", AT, AT + DAY), (Fact.RESET_ASKED,))
    assert rules.confirm_reset(person, STAFF, AT) == (a_person(), (Fact.RESET_CONFIRMED,))


@pytest.mark.parametrize("state", sorted(set(State) - {State.ACTIVE}))
def test_who_has_no_account_has_nothing_to_reset(state):
    with pytest.raises(NotActive):
        rules.ask_reset(a_person(state), a_manager(), AT)


def test_nobody_asks_or_confirms_for_themselves():
    with pytest.raises(OwnSecondFactor):
        rules.ask_reset(a_person(), a_manager("eve"), AT)
    with pytest.raises(OwnSecondFactor):
        rules.confirm_reset(asked(), replace(STAFF, user="eve"), AT)


def test_whoever_asked_does_not_confirm_even_as_coordination():
    person, _ = rules.ask_reset(a_person(), STAFF, AT)
    with pytest.raises(SameAsker):
        rules.confirm_reset(person, STAFF, AT)
    assert rules.confirm_reset(person, replace(STAFF, user="colleague"), AT)[1] == (Fact.RESET_CONFIRMED,)


def test_only_coordination_confirms():
    with pytest.raises(UnknownRepresentative):
        rules.confirm_reset(asked(), a_manager("another"), AT)


def test_another_organisations_coordinator_learns_nothing():
    with pytest.raises(UnknownRepresentative):
        rules.ask_reset(a_person(), a_manager(organization=OTHER), AT)


def test_one_reset_waits_at_a_time_and_for_a_day():
    last = AT + DAY - timedelta(seconds=1)
    with pytest.raises(ResetPending):
        rules.ask_reset(asked(), a_manager("another"), last)
    assert rules.confirm_reset(asked(), STAFF, last)[1] == (Fact.RESET_CONFIRMED,)
    with pytest.raises(NoResetPending):
        rules.confirm_reset(asked(), STAFF, AT + DAY)
    assert rules.ask_reset(asked(), a_manager("another"), AT + DAY)[0].reset.by == "another"


def test_what_nobody_asked_nobody_confirms():
    with pytest.raises(NoResetPending):
        rules.confirm_reset(a_person(), STAFF, AT)


def test_who_leaves_takes_what_waits_along():
    assert people.deactivate(asked(), a_manager(), AT, others_manage=True)[0].reset is None
