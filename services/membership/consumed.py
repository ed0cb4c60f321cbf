"""What membership takes of its own messages: whose access in Keycloak has to be brought in line.

Each reaction only adds a job that reads the state as it is then, so their order does not matter. What takes access
away has a durable of its own: nothing queues before it.
"""

from typing import ClassVar

from kit.messages import Consumed, Subscription


class OfOrganization(Consumed):
    """Whatever happened, to which organisation."""

    organization_id: str


class OfRepresentative(OfOrganization):
    """Whatever happened, to which person of which organisation."""

    representative_id: str


class OrganizationAdmitted(OfOrganization):
    """A member to make in Keycloak."""

    subject: ClassVar[str] = "membership.organization-admitted.v1"


class OrganizationReinstated(OfOrganization):
    """A member to open again."""

    subject: ClassVar[str] = "membership.organization-reinstated.v1"


class OrganizationSuspended(OfOrganization):
    """A member to shut out."""

    subject: ClassVar[str] = "membership.organization-suspended.v1"


class OrganizationWithdrawn(OfOrganization):
    """A member to shut out for good."""

    subject: ClassVar[str] = "membership.organization-withdrawn.v1"


class RepresentativeAccepted(OfRepresentative):
    """An account to make."""

    subject: ClassVar[str] = "membership.representative-accepted.v1"


class RepresentativeRolesChanged(OfRepresentative):
    """Roles to give and take."""

    subject: ClassVar[str] = "membership.representative-roles-changed.v1"


class RepresentativeDeactivated(OfRepresentative):
    """An account to take out of an organisation."""

    subject: ClassVar[str] = "membership.representative-deactivated.v1"


OPENING = Subscription(
    name="membership-opening",
    stream="MEMBERSHIP",
    messages=(OrganizationAdmitted, OrganizationReinstated, RepresentativeAccepted),
    kind="reaction",
)
CLOSING = Subscription(
    name="membership-closing",
    stream="MEMBERSHIP",
    messages=(OrganizationSuspended, OrganizationWithdrawn, RepresentativeRolesChanged, RepresentativeDeactivated),
    kind="reaction",
)
SUBSCRIPTIONS: tuple[Subscription, ...] = (OPENING, CLOSING)
