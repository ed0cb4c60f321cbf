from datetime import timedelta
from itertools import product

import pytest

from services.membership.domain import representative as people
from services.membership.domain.representative import (
    REFUSALS,
    AlreadyDeactivated,
    Command,
    Fact,
    InvitationNotValid,
    LastManager,
    OwnRoles,
    State,
    UnknownRepresentative,
    hash_of,
    invitation,
)
from services.membership.domain.role import BoardRoleReserved, Role, RolesNotOffered
from services.membership.domain.sector import Sector
from services.membership.domain.standing import NotMember
from services.membership.domain.standing import State as Standing
from tests.membership.builders import AT, CODE, OTHER, a_manager, a_person, a_profile, an_organization

COALITION = an_organization(profile=a_profile(sector=Sector.COALITION))
CASEWORKER = frozenset({Role.CASEWORKER})
OFFERED = invitation(CODE, "manager", AT)
LEGAL = {
    ("invited", "accept", "accepted"),
    ("invited", "expire", "expired"),
    ("accepted", "activate", "active"),
    ("invited", "invite", "invited"),
    ("expired", "invite", "invited"),
    ("deactivated", "invite", "invited"),
    ("invited", "change-roles", "invited"),
    ("accepted", "change-roles", "accepted"),
    ("active", "change-roles", "active"),
    ("invited", "deactivate", "deactivated"),
    ("accepted", "deactivate", "deactivated"),
    ("active", "deactivate", "deactivated"),
}


def moves(person, command):
    over = AT + timedelta(days=9)
    return {
        Command.INVITE: lambda: people.invite_again(person, an_organization(), a_manager(), CASEWORKER, OFFERED),
        Command.ACCEPT: lambda: people.accept(person, "Eve", "Roy", "en", AT),
        Command.ACTIVATE: lambda: people.activate(person, "someone"),
        Command.EXPIRE: lambda: people.expire(person, over),
        Command.CHANGE_ROLES: lambda: people.change_roles(
            person, Sector.COMMUNITY, a_manager(), frozenset({Role.INTAKE}), others_manage=True
        ),
        Command.DEACTIVATE: lambda: people.deactivate(person, a_manager(), AT, others_manage=True),
    }[command]()


@pytest.mark.parametrize(("state", "command"), list(product(State, Command)))
def test_every_move_of_a_person_is_in_the_table_or_named(state, command):
    legal = {to for start, asked, to in LEGAL if (start, asked) == (state, command)}
    if legal:
        assert {moves(a_person(state), command)[0].state} == legal
    elif command is Command.EXPIRE:
        assert moves(a_person(state), command) == (a_person(state), ())
    else:
        with pytest.raises(REFUSALS[command]):
            moves(a_person(state), command)


def test_an_invitation_lasts_eight_days_and_keeps_only_the_hash_of_its_code():
    invited, facts = people.invite("p", an_organization(), a_manager(), "new@erable.example", CASEWORKER, OFFERED)
    assert (invited.state, facts) == (State.INVITED, (Fact.INVITED,))
    assert invited.invitation.until == AT + timedelta(days=8)
    assert CODE not in repr(invited)


@pytest.mark.parametrize("typed", ["ABCDEFGH", "abcd-efgh", " ABCD EFGH\n", "abcd  efgh"])
def test_a_code_is_the_same_however_it_is_typed(typed):
    assert hash_of(typed) == hash_of(CODE)


@pytest.mark.parametrize("state", [s for s in Standing if s not in {"admitted", "renewal-due", "lapsed"}])
def test_only_members_have_people(state):
    with pytest.raises(NotMember):
        people.invite("p", an_organization(state), a_manager(), "new@erable.example", CASEWORKER, OFFERED)


def test_another_organisations_coordinator_learns_nothing():
    outsider = a_manager(organization=OTHER)
    with pytest.raises(UnknownRepresentative):
        people.invite("p", an_organization(), outsider, "new@erable.example", CASEWORKER, OFFERED)
    with pytest.raises(UnknownRepresentative):
        people.deactivate(a_person(), outsider, AT, others_manage=True)
    with pytest.raises(UnknownRepresentative):
        people.change_roles(a_person(), Sector.COMMUNITY, outsider, CASEWORKER, others_manage=True)


def test_coordination_helps_any_organisation():
    staff = a_manager(organization=OTHER, coordinates=True)
    assert people.deactivate(a_person(), staff, AT, others_manage=False)[1] == (Fact.DEACTIVATED,)


@pytest.mark.parametrize(
    ("organization", "roles"),
    [
        (an_organization(), frozenset()),
        (an_organization(), frozenset({Role.BOARD})),
        (an_organization(), frozenset({Role.CASEWORKER, Role.AUDITOR})),
        (COALITION, frozenset({Role.COORDINATOR})),
    ],
)
def test_only_the_roles_of_its_kind_can_be_held_in_an_organisation(organization, roles):
    with pytest.raises(RolesNotOffered):
        people.invite("p", organization, a_manager(on_board=True), "new@erable.example", roles, OFFERED)


def test_only_the_board_seats_and_unseats_the_board():
    board, staff = frozenset({Role.BOARD}), frozenset({Role.COORDINATION})
    member = a_person(roles=(Role.BOARD,))
    with pytest.raises(BoardRoleReserved):
        people.invite("p", COALITION, a_manager(), "new@coalition.example", board, OFFERED)
    with pytest.raises(BoardRoleReserved):
        people.change_roles(member, Sector.COALITION, a_manager(), staff, others_manage=True)
    with pytest.raises(BoardRoleReserved):
        people.deactivate(member, a_manager(), AT, others_manage=True)
    on_board = a_manager(on_board=True)
    assert people.change_roles(member, Sector.COALITION, on_board, staff, others_manage=True)[0].roles == tuple(staff)
    both = frozenset({Role.BOARD, Role.COORDINATION})
    assert people.change_roles(member, Sector.COALITION, a_manager(), both, others_manage=True)[0].roles
    assert people.deactivate(member, a_manager("eve"), AT, others_manage=True)[0].state is State.DEACTIVATED


def test_the_first_people_are_invited_when_nobody_manages_yet():
    invited, facts = people.first_invitation(
        "p", COALITION, "new@coalition.example", frozenset({Role.BOARD, Role.COORDINATION}), OFFERED
    )
    assert (invited.roles, facts) == ((Role.BOARD, Role.COORDINATION), (Fact.INVITED,))


def test_an_invitation_is_over_after_eight_days_even_before_the_timer_says_so():
    with pytest.raises(InvitationNotValid):
        people.accept(a_person(State.INVITED), "Eve", "Roy", "en", OFFERED.until)
    waiting = a_person(State.INVITED)
    assert people.expire(waiting, OFFERED.until - timedelta(seconds=1)) == (waiting, ())
    assert people.expire(waiting, OFFERED.until)[1] == (Fact.INVITATION_EXPIRED,)


def test_an_account_recorded_twice_is_recorded_once():
    active, facts = people.activate(a_person(State.ACCEPTED), "eve")
    assert (active.user, facts) == ("eve", (Fact.ACTIVATED,))
    assert people.activate(active, "eve") == (active, ())


def test_nobody_changes_their_own_roles():
    with pytest.raises(OwnRoles):
        people.change_roles(a_person(), Sector.COMMUNITY, a_manager("eve"), CASEWORKER, others_manage=True)


def test_an_organisation_never_loses_its_last_manager_by_its_own_hand():
    last = a_person(roles=(Role.COORDINATOR,))
    with pytest.raises(LastManager):
        people.deactivate(last, a_manager("eve"), AT, others_manage=False)
    with pytest.raises(LastManager):
        people.change_roles(last, Sector.COMMUNITY, a_manager(), CASEWORKER, others_manage=False)
    kept = frozenset({Role.COORDINATOR, Role.PRIVACY_OFFICER})
    assert people.change_roles(last, Sector.COMMUNITY, a_manager(), kept, others_manage=False)[0].roles == tuple(
        sorted(kept)
    )
    assert people.deactivate(last, a_manager(), AT, others_manage=True)[1] == (Fact.DEACTIVATED,)


def test_inviting_again_ends_the_old_link_and_keeps_the_person():
    left = a_person(State.DEACTIVATED, deactivated_at=AT, accepted_at=AT, user="eve")
    fresh = invitation("WXYZ", "manager", AT)
    invited, facts = people.invite_again(left, an_organization(), a_manager(), frozenset({Role.INTAKE}), fresh)
    assert facts == (Fact.INVITED,)
    assert (invited.invitation, invited.roles, invited.user) == (fresh, (Role.INTAKE,), "eve")
    assert invited.deactivated_at is None


def test_who_has_left_cannot_be_deactivated_again():
    with pytest.raises(AlreadyDeactivated):
        people.deactivate(a_person(State.DEACTIVATED), a_manager(), AT, others_manage=True)


@pytest.mark.parametrize(
    ("roles", "loses"),
    [
        ((Role.CASEWORKER,), False),
        ((Role.CASEWORKER, Role.INTAKE), False),
        ((Role.INTAKE,), True),
        ((), True),
    ],
)
def test_a_change_loses_something_when_a_role_is_missing_after_it(roles, loses):
    assert people.loses(a_person(), a_person(roles=roles)) is loses
    assert people.loses(a_person(), a_person(State.DEACTIVATED))
