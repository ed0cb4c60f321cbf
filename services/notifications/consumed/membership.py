"""What notifications takes of membership's messages: who may read, in which roles, and what waits for an office."""

from typing import ClassVar

from kit.messages import Consumed, Subscription


class OrganizationSuspended(Consumed):
    """Everyone in it loses access at once."""

    subject: ClassVar[str] = "membership.organization-suspended.v1"
    organization_id: str


class OrganizationReinstated(Consumed):
    """Everyone in it has access again."""

    subject: ClassVar[str] = "membership.organization-reinstated.v1"
    organization_id: str


class OrganizationWithdrawn(Consumed):
    """It left: everyone in it loses access for good."""

    subject: ClassVar[str] = "membership.organization-withdrawn.v1"
    organization_id: str


class RepresentativeActivated(Consumed):
    """A person may act for an organisation."""

    subject: ClassVar[str] = "membership.representative-activated.v1"
    organization_id: str
    user_id: str


class RepresentativeDeactivated(Consumed):
    """A person acts for it no more; without `user_id` they never signed in."""

    subject: ClassVar[str] = "membership.representative-deactivated.v1"
    organization_id: str
    user_id: str | None = None


class RolesGiven(Consumed):
    """A person may act for an organisation, in these roles."""

    subject: ClassVar[str] = "membership.representative-activated.v1"
    organization_id: str
    user_id: str
    roles: tuple[str, ...]


class RolesChanged(Consumed):
    """They hold these roles now; without `user_id` they have no account yet."""

    subject: ClassVar[str] = "membership.representative-roles-changed.v1"
    organization_id: str
    user_id: str | None = None
    roles: tuple[str, ...]


class OrganizationApplied(Consumed):
    """The board has an application to decide on, once coordination has looked at it."""

    subject: ClassVar[str] = "membership.organization-applied.v1"
    organization_id: str


class OrganizationRenewalCalled(Consumed):
    """A membership ends soon."""

    subject: ClassVar[str] = "membership.organization-renewal-called.v1"
    organization_id: str


class OrganizationAccreditationEnding(Consumed):
    """An accreditation ends soon."""

    subject: ClassVar[str] = "membership.organization-accreditation-ending.v1"
    organization_id: str


class ServiceChanged(Consumed):
    """A service's entry is as it says now; `stale` when nobody has assured it for too long."""

    subject: ClassVar[str] = "membership.service-changed.v1"
    service_id: str
    organization_id: str
    stale: bool


class RepresentativeResetAsked(Consumed):
    """Coordination has the reset of a second factor to confirm."""

    subject: ClassVar[str] = "membership.representative-reset-asked.v1"
    representative_id: str


PEOPLE = Subscription(
    name="notifications-people",
    stream="MEMBERSHIP",
    messages=(
        RepresentativeActivated,
        RepresentativeDeactivated,
        OrganizationSuspended,
        OrganizationReinstated,
        OrganizationWithdrawn,
    ),
    kind="projection",
)
ACCESS = Subscription(
    name="notifications-access",
    stream="MEMBERSHIP",
    messages=(RepresentativeDeactivated, OrganizationSuspended, OrganizationWithdrawn),
    kind="reaction",
)
# Without `since`: roles given before the first day are held after it.
OFFICES = Subscription(
    name="notifications-offices",
    stream="MEMBERSHIP",
    messages=(
        RolesGiven,
        RolesChanged,
        RepresentativeDeactivated,
        OrganizationApplied,
        OrganizationRenewalCalled,
        OrganizationAccreditationEnding,
        ServiceChanged,
        RepresentativeResetAsked,
    ),
    kind="reaction",
)
