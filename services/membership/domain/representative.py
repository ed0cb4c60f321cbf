"""A person who acts for an organisation: invited, active, deactivated."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from services.membership.domain.organization import Organization, OrganizationId, UserId
from services.membership.domain.refusal import MembershipRefusal
from services.membership.domain.role import MANAGING_ROLES, Role, hold_board, hold_offered
from services.membership.domain.sector import Sector
from services.membership.domain.standing import NotMember

RepresentativeId = NewType("RepresentativeId", str)

INVITATION_LASTS = timedelta(days=8)


class State(StrEnum):
    """Where a person stands with an organisation."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    ACTIVE = "active"
    EXPIRED = "expired"
    DEACTIVATED = "deactivated"


class Command(StrEnum):
    """What can be asked about a person."""

    INVITE = "invite"
    ACCEPT = "accept"
    ACTIVATE = "activate"
    EXPIRE = "expire"
    CHANGE_ROLES = "change-roles"
    DEACTIVATE = "deactivate"


class Fact(StrEnum):
    """What happened, as the message that tells it is named."""

    INVITED = "representative-invited"
    ACCEPTED = "representative-accepted"
    ACTIVATED = "representative-activated"
    INVITATION_EXPIRED = "representative-invitation-expired"
    ROLES_CHANGED = "representative-roles-changed"
    DEACTIVATED = "representative-deactivated"
    RESET_ASKED = "representative-reset-asked"
    RESET_CONFIRMED = "representative-reset-confirmed"


Moves = Mapping[tuple[State, Command], tuple[State, Fact]]

TRANSITIONS: Moves = MappingProxyType(
    {
        (State.INVITED, Command.ACCEPT): (State.ACCEPTED, Fact.ACCEPTED),
        (State.INVITED, Command.EXPIRE): (State.EXPIRED, Fact.INVITATION_EXPIRED),
        (State.ACCEPTED, Command.ACTIVATE): (State.ACTIVE, Fact.ACTIVATED),
        # Inviting again gives a new link and ends the old one.
        (State.INVITED, Command.INVITE): (State.INVITED, Fact.INVITED),
        (State.EXPIRED, Command.INVITE): (State.INVITED, Fact.INVITED),
        (State.DEACTIVATED, Command.INVITE): (State.INVITED, Fact.INVITED),
        (State.INVITED, Command.CHANGE_ROLES): (State.INVITED, Fact.ROLES_CHANGED),
        (State.ACCEPTED, Command.CHANGE_ROLES): (State.ACCEPTED, Fact.ROLES_CHANGED),
        (State.ACTIVE, Command.CHANGE_ROLES): (State.ACTIVE, Fact.ROLES_CHANGED),
        (State.INVITED, Command.DEACTIVATE): (State.DEACTIVATED, Fact.DEACTIVATED),
        (State.ACCEPTED, Command.DEACTIVATE): (State.DEACTIVATED, Fact.DEACTIVATED),
        (State.ACTIVE, Command.DEACTIVATE): (State.DEACTIVATED, Fact.DEACTIVATED),
    }
)


class UnknownRepresentative(MembershipRefusal):
    """No such person, or none the caller may know of."""

    code = "membership.unknown-representative"


class InvitationNotValid(MembershipRefusal):
    """The code is wrong, used, replaced or over: which of these is nobody's business."""

    code = "membership.invitation-not-valid"


class AlreadyRepresentative(MembershipRefusal):
    """The address already belongs to someone who acts for the organisation."""

    code = "membership.already-representative"


class NotAccepted(MembershipRefusal):
    """The invitation has not been accepted."""

    code = "membership.invitation-not-accepted"


class AlreadyDeactivated(MembershipRefusal):
    """The person no longer acts for the organisation."""

    code = "membership.already-deactivated"


class OwnRoles(MembershipRefusal):
    """Nobody changes their own roles."""

    code = "membership.own-roles"


class LastManager(MembershipRefusal):
    """The organisation would be left without anyone to manage its people."""

    code = "membership.last-manager"


REFUSALS: Mapping[Command, type[MembershipRefusal]] = MappingProxyType(
    {
        Command.INVITE: AlreadyRepresentative,
        Command.ACCEPT: InvitationNotValid,
        Command.ACTIVATE: NotAccepted,
        Command.EXPIRE: InvitationNotValid,
        Command.CHANGE_ROLES: AlreadyDeactivated,
        Command.DEACTIVATE: AlreadyDeactivated,
    }
)


@dataclass(frozen=True, slots=True)
class Manager:
    """Who manages people: for their own organisation, or for any when they coordinate the coalition."""

    user: UserId
    organization: OrganizationId
    coordinates: bool = False
    on_board: bool = False


@dataclass(frozen=True, slots=True)
class Invitation:
    """A single-use invitation; only the hash of its code is kept."""

    code_hash: str
    by: UserId
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Reset:
    """Somebody's word that a person lost their second factor; it waits for someone else's until an instant."""

    by: UserId
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Representative:
    """A person of an organisation; the account itself is Keycloak's."""

    id: RepresentativeId
    organization_id: OrganizationId
    address: str
    roles: tuple[Role, ...]
    state: State
    invitation: Invitation
    language: str = "fr"
    given_name: str | None = None
    family_name: str | None = None
    user: UserId | None = None
    accepted_at: datetime | None = None
    deactivated_at: datetime | None = None
    reset: Reset | None = None


Outcome = tuple[Representative, tuple[Fact, ...]]


def hash_of(code: str) -> str:
    """Return what is kept of an invitation's code: blanks, hyphens and case do not count when it is typed."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def invitation(code: str, by: UserId, at: datetime) -> Invitation:
    """Make an invitation of a code; it lasts eight days."""
    return Invitation(hash_of(code), by, at, at + INVITATION_LASTS)


def invite(
    identity: RepresentativeId,
    organization: Organization,
    by: Manager,
    address: str,
    roles: frozenset[Role],
    offered: Invitation,
) -> Outcome:
    """Invite someone by their address to act for an organisation; raises the rule that stands against it."""
    refuse_outsider(organization.id, by)
    hold_offered(organization.profile.sector, roles)
    hold_board(roles, on_board=by.on_board)
    if not organization.member:
        raise NotMember
    invited = Representative(identity, organization.id, address, tuple(sorted(roles)), State.INVITED, offered)
    return invited, (Fact.INVITED,)


def invite_again(
    person: Representative, organization: Organization, by: Manager, roles: frozenset[Role], offered: Invitation
) -> Outcome:
    """Invite the same address anew, after the link was lost or the person had left."""
    fresh, _ = invite(person.id, organization, by, person.address, roles, offered)
    moved, facts = _move(person, Command.INVITE)
    return replace(moved, roles=fresh.roles, invitation=offered, deactivated_at=None), facts


def first_invitation(
    identity: RepresentativeId, organization: Organization, address: str, roles: frozenset[Role], offered: Invitation
) -> Outcome:
    """Invite an organisation's first people when it is admitted or founded: nobody manages it yet."""
    nobody = Manager(offered.by, organization.id, coordinates=True, on_board=True)
    return invite(identity, organization, nobody, address, roles, offered)


def accept(person: Representative, given_name: str, family_name: str, language: str, at: datetime) -> Outcome:
    """Take an invitation up; the address it was sent to becomes the account's."""
    moved, facts = _move(person, Command.ACCEPT)
    if at >= person.invitation.until:
        raise InvitationNotValid
    named = replace(moved, given_name=given_name, family_name=family_name, language=language, accepted_at=at)
    return named, facts


def activate(person: Representative, user: UserId) -> Outcome:
    """Record the account that was made; made again for the same account, nothing happens."""
    if person.state is State.ACTIVE and person.user == user:
        return person, ()
    moved, facts = _move(person, Command.ACTIVATE)
    return replace(moved, user=user), facts


def expire(person: Representative, at: datetime) -> Outcome:
    """End an invitation nobody took up; before its time or after it was taken, nothing happens."""
    if person.state is not State.INVITED or at < person.invitation.until:
        return person, ()
    return _move(person, Command.EXPIRE)


def change_roles(
    person: Representative, sector: Sector, by: Manager, roles: frozenset[Role], *, others_manage: bool
) -> Outcome:
    """Give a person other roles; `others_manage` says whether someone else active manages the organisation."""
    refuse_outsider(person.organization_id, by)
    if by.user == person.user:
        raise OwnRoles
    hold_offered(sector, roles)
    hold_board(roles.symmetric_difference(person.roles), on_board=by.on_board)
    if not roles & MANAGING_ROLES:
        _refuse_last_manager(person, by, others_manage=others_manage)
    moved, facts = _move(person, Command.CHANGE_ROLES)
    return replace(moved, roles=tuple(sorted(roles))), facts


def deactivate(person: Representative, by: Manager, at: datetime, *, others_manage: bool) -> Outcome:
    """End what a person may do for the organisation, whether they had begun or not."""
    refuse_outsider(person.organization_id, by)
    if by.user != person.user:
        hold_board(frozenset(person.roles), on_board=by.on_board)
    moved, facts = _move(person, Command.DEACTIVATE)
    _refuse_last_manager(person, by, others_manage=others_manage)
    return replace(moved, deactivated_at=at, reset=None), facts


def loses(person: Representative, changed: Representative) -> bool:
    """Say whether a change takes something away that the person might do."""
    return changed.state is State.DEACTIVATED or not set(person.roles) <= set(changed.roles)


def refuse_outsider(organization: OrganizationId, by: Manager) -> None:
    """Raise `UnknownRepresentative` unless someone manages the organisation's people."""
    if by.organization != organization and not by.coordinates:
        raise UnknownRepresentative


def _refuse_last_manager(person: Representative, by: Manager, *, others_manage: bool) -> None:
    manages = person.state is State.ACTIVE and bool(MANAGING_ROLES & set(person.roles))
    own_hand = by.organization == person.organization_id
    if manages and own_hand and not others_manage:
        raise LastManager


def _move(person: Representative, command: Command) -> Outcome:
    """Look the move up in the table; an illegal one raises its name."""
    found_row = TRANSITIONS.get((person.state, command))
    if found_row is None:
        raise REFUSALS[command]
    state, fact = found_row
    return replace(person, state=state), (fact,)
