"""An organisation's own software: a client of its own at the sign-in server, whose secret stands nowhere with us."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

from services.membership.domain.organization import Organization, OrganizationId, UnknownOrganization, UserId
from services.membership.domain.refusal import MembershipRefusal
from services.membership.domain.standing import NotMember

AppId = NewType("AppId", str)
ClientId = NewType("ClientId", str)

# Enough of an identifier that no two clients of one organisation are called the same.
_TOLD_APART = 8


class Fact(StrEnum):
    """What happened, as the message that tells it is named."""

    REGISTERED = "app-registered"
    SECRET_ROTATED = "app-secret-rotated"  # noqa: S105 - a fact  # pragma: allowlist secret
    REMOVED = "app-removed"


class UnknownApp(MembershipRefusal):
    """No such application, or none of the caller's organisation."""

    code = "membership.unknown-app"


class AppAlreadyRemoved(MembershipRefusal):
    """The application was removed for good."""

    code = "membership.app-removed"


class ScopesTooWide(MembershipRefusal):
    """An application does nothing that its organisation's own people may not."""

    code = "membership.scopes-too-wide"


@dataclass(frozen=True, slots=True)
class App:
    """An organisation's own software, until its removal; `rotated_at` is when its secret was made."""

    id: AppId
    organization_id: OrganizationId
    client_id: ClientId
    name: str
    scopes: tuple[str, ...]
    registered_by: UserId
    registered_at: datetime
    rotated_at: datetime
    removed_at: datetime | None = None


Outcome = tuple[App, tuple[Fact, ...]]


def client_of(organization: Organization, identity: AppId) -> ClientId:
    """Return what the sign-in server calls an application: it never changes and is never given again."""
    return ClientId(f"{organization.alias}-{identity[:_TOLD_APART]}")


def register(
    identity: AppId,
    organization: Organization,
    by: tuple[OrganizationId, UserId],
    name: str,
    scopes: frozenset[str],
    at: datetime,
) -> Outcome:
    """Register an application of the caller's own organisation."""
    place, user = by
    if organization.id != place:
        raise UnknownOrganization
    if not organization.member:
        raise NotMember
    client, wanted = client_of(organization, identity), tuple(sorted(scopes))
    return App(identity, organization.id, client, name, wanted, user, at, at), (Fact.REGISTERED,)


def rotate(app: App, by: OrganizationId, at: datetime) -> Outcome:
    """Record that the application has another secret."""
    _refuse_outsider(app, by)
    return replace(app, rotated_at=at), (Fact.SECRET_ROTATED,)


def remove(app: App, by: OrganizationId, at: datetime) -> Outcome:
    """End what the application may do, for good."""
    _refuse_outsider(app, by)
    return replace(app, removed_at=at), (Fact.REMOVED,)


def _refuse_outsider(app: App, by: OrganizationId) -> None:
    if app.organization_id != by:
        raise UnknownApp
    if app.removed_at is not None:
        raise AppAlreadyRemoved
