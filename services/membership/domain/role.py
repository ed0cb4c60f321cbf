"""The roles people hold in an organisation, and which organisations offer them."""

from enum import StrEnum

from services.membership.domain.refusal import MembershipRefusal
from services.membership.domain.sector import Sector


class Role(StrEnum):
    """What a person does in an organisation; the realm gives each role its access scopes."""

    INTAKE = "intake"
    CASEWORKER = "caseworker"
    COORDINATOR = "coordinator"
    PRIVACY_OFFICER = "privacy-officer"
    COORDINATION = "coordination"
    BOARD = "board"
    AUDITOR = "auditor"


COALITION_ROLES = frozenset({Role.COORDINATION, Role.BOARD, Role.AUDITOR})
MEMBER_ROLES = frozenset(Role) - COALITION_ROLES
# The roles that manage people: an organisation never loses its last one by its own hand.
MANAGING_ROLES = frozenset({Role.COORDINATOR, Role.COORDINATION})


class RolesNotOffered(MembershipRefusal):
    """At least one role, and only roles that exist in this kind of organisation."""

    code = "membership.roles-not-offered"


class BoardRoleReserved(MembershipRefusal):
    """Only a board member gives or takes a seat on the board."""

    code = "membership.board-role-reserved"


def hold_offered(sector: Sector, roles: frozenset[Role]) -> None:
    """Raise `RolesNotOffered` unless there is a role and the sector offers every one."""
    offered = COALITION_ROLES if sector is Sector.COALITION else MEMBER_ROLES
    if not roles or not roles <= offered:
        raise RolesNotOffered


def hold_board(touched: frozenset[Role], *, on_board: bool) -> None:
    """Raise `BoardRoleReserved` when staff touch a board seat: they could make the two members an admission needs."""
    if Role.BOARD in touched and not on_board:
        raise BoardRoleReserved
