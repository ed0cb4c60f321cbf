"""What happened to the people who act for organisations."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from kit.messages import Message
from services.membership.domain.representative import Fact as RepresentativeFact
from services.membership.domain.representative import Representative


class RepresentativeInvited(Message):
    """Someone was invited to act for an organisation."""

    subject: ClassVar[str] = "membership.representative-invited.v1"
    representative_id: str
    organization_id: str
    roles: tuple[str, ...]


class RepresentativeAccepted(Message):
    """They took the invitation up; their account is being made."""

    subject: ClassVar[str] = "membership.representative-accepted.v1"
    representative_id: str
    organization_id: str
    roles: tuple[str, ...]


class RepresentativeActivated(Message):
    """They can sign in as `user_id`."""

    subject: ClassVar[str] = "membership.representative-activated.v1"
    representative_id: str
    organization_id: str
    user_id: str
    roles: tuple[str, ...]


class RepresentativeInvitationExpired(Message):
    """Nobody took the invitation up."""

    subject: ClassVar[str] = "membership.representative-invitation-expired.v1"
    representative_id: str
    organization_id: str


class RepresentativeRolesChanged(Message):
    """They hold these roles now; `user_id` is null until the account is made."""

    subject: ClassVar[str] = "membership.representative-roles-changed.v1"
    representative_id: str
    organization_id: str
    user_id: str | None
    roles: tuple[str, ...]


class RepresentativeDeactivated(Message):
    """They act for the organisation no more; `user_id` is null when they never signed in."""

    subject: ClassVar[str] = "membership.representative-deactivated.v1"
    representative_id: str
    organization_id: str
    user_id: str | None


class RepresentativeResetAsked(Message):
    """They are said to have lost their second factor; coordination may confirm its reset within 24 hours."""

    subject: ClassVar[str] = "membership.representative-reset-asked.v1"
    representative_id: str
    organization_id: str


class RepresentativeResetConfirmed(Message):
    """Coordination confirmed it: their second factor is being forgotten."""

    subject: ClassVar[str] = "membership.representative-reset-confirmed.v1"
    representative_id: str
    organization_id: str


def tell_representative(person: Representative, fact: RepresentativeFact) -> Message:
    """Return the message that tells a fact of a representative."""
    return _REPRESENTATIVE[fact](person)


def _identity(person: Representative) -> dict[str, str]:
    return {"representative_id": person.id, "organization_id": person.organization_id}


_REPRESENTATIVE: Mapping[RepresentativeFact, Callable[[Representative], Message]] = {
    RepresentativeFact.INVITED: lambda p: RepresentativeInvited(**_identity(p), roles=p.roles),
    RepresentativeFact.ACCEPTED: lambda p: RepresentativeAccepted(**_identity(p), roles=p.roles),
    RepresentativeFact.ACTIVATED: lambda p: RepresentativeActivated(
        **_identity(p), user_id=p.user or "", roles=p.roles
    ),
    RepresentativeFact.INVITATION_EXPIRED: lambda p: RepresentativeInvitationExpired(**_identity(p)),
    RepresentativeFact.ROLES_CHANGED: lambda p: RepresentativeRolesChanged(
        **_identity(p), user_id=p.user, roles=p.roles
    ),
    RepresentativeFact.RESET_ASKED: lambda p: RepresentativeResetAsked(**_identity(p)),
    RepresentativeFact.RESET_CONFIRMED: lambda p: RepresentativeResetConfirmed(**_identity(p)),
    RepresentativeFact.DEACTIVATED: lambda p: RepresentativeDeactivated(**_identity(p), user_id=p.user),
}
