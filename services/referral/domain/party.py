"""Who someone is to a referral: sender, receiver in some role, or nobody, who learns not even that it exists."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from dataclasses import dataclass, field

from services.referral.domain.disclosure import Role
from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import OrganizationId, UserId
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import Actor

INTAKE = "intake"
CASEWORKER = "caseworker"
COORDINATOR = "coordinator"
PRIVACY_OFFICER = "privacy-officer"

# Who works with people in an organisation; a privacy officer reads the audit, not the people.
WORKING_ROLES: frozenset[str] = frozenset({INTAKE, CASEWORKER, COORDINATOR})
# Who sees what reaches an organisation before anyone is named to meet the person.
LEADING_ROLES: frozenset[str] = frozenset({INTAKE, COORDINATOR})


class NotFound(ReferralError):
    """No such record, or none for you: the answer is the same."""

    code = "referral.not-found"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: a user of one organisation with their roles there."""

    organization: OrganizationId
    user: UserId
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Standpoint:
    """The side a reader is on; `role` is theirs inside the receiving organisation, which they may help to lead."""

    actor: Actor
    role: Role = Role.OTHER
    leads: bool = field(default=False, compare=False)
    user: UserId | None = field(default=None, compare=False)


def check_works(reader: Reader) -> None:
    """Raise `NotFound` for a role that does not work with people, whatever its token lets through."""
    if not reader.roles & WORKING_ROLES:
        raise NotFound


def standpoint(referral: Referral, reader: Reader) -> Standpoint:
    """Return the reader's standpoint, or raise `NotFound`: to whom the person excludes as to a stranger."""
    if referral.excluded.shuts_out(reader.organization, reader.user):
        raise NotFound
    if reader.organization == referral.sender and not referral.is_own and reader.roles & WORKING_ROLES:
        return Standpoint(Actor.SENDER)
    if reader.organization == referral.receiver and referral.was_sent:
        role = role_of(referral, reader)
        if role is not Role.OTHER:
            return Standpoint(Actor.RECEIVER, role, leads=leads(reader.roles), user=reader.user)
    raise NotFound


def leads(roles: frozenset[str]) -> bool:
    """Say whether these roles see what reaches an organisation, and share it out."""
    return bool(roles & LEADING_ROLES)


def role_of(referral: Referral, reader: Reader) -> Role:
    """Return the reader's part inside the receiving organisation: need to know, never mere membership."""
    if reader.user in referral.assigned and reader.roles & WORKING_ROLES:
        return Role.ASSIGNED
    if INTAKE in reader.roles:
        return Role.INTAKE
    return Role.COORDINATOR if COORDINATOR in reader.roles else Role.OTHER
