"""What referral takes of membership's messages: who may send and receive, which services there are, whom to tell.

What takes access away has a durable of its own, so that nothing queues before it.
"""

from datetime import datetime
from typing import ClassVar

from kit.messages import Consumed, Subscription


class OrganizationAdmitted(Consumed):
    """It is a member."""

    subject: ClassVar[str] = "membership.organization-admitted.v1"
    organization_id: str
    sector: str
    family: str
    regime: str


class OrganizationReinstated(Consumed):
    """Its suspension is over."""

    subject: ClassVar[str] = "membership.organization-reinstated.v1"
    organization_id: str


class OrganizationRenewed(Consumed):
    """It is a member for another term."""

    subject: ClassVar[str] = "membership.organization-renewed.v1"
    organization_id: str


class OrganizationAccredited(Consumed):
    """It may handle referrals until a date."""

    subject: ClassVar[str] = "membership.organization-accredited.v1"
    organization_id: str
    accreditation: str
    until: datetime


class OrganizationSuspended(Consumed):
    """It is shut out."""

    subject: ClassVar[str] = "membership.organization-suspended.v1"
    organization_id: str


class OrganizationLapsed(Consumed):
    """Its term is over: no new referrals."""

    subject: ClassVar[str] = "membership.organization-lapsed.v1"
    organization_id: str


class OrganizationWithdrawn(Consumed):
    """It left."""

    subject: ClassVar[str] = "membership.organization-withdrawn.v1"
    organization_id: str


class OrganizationAccreditationEnded(Consumed):
    """It may handle referrals no more."""

    subject: ClassVar[str] = "membership.organization-accreditation-ended.v1"
    organization_id: str
    accreditation: str


class RepresentativeActivated(Consumed):
    """A person acts for an organisation, in these roles."""

    subject: ClassVar[str] = "membership.representative-activated.v1"
    representative_id: str
    organization_id: str
    user_id: str
    roles: tuple[str, ...]


class RepresentativeRolesChanged(Consumed):
    """They hold these roles now."""

    subject: ClassVar[str] = "membership.representative-roles-changed.v1"
    representative_id: str
    roles: tuple[str, ...]


class RepresentativeDeactivated(Consumed):
    """They act for it no more."""

    subject: ClassVar[str] = "membership.representative-deactivated.v1"
    representative_id: str


class ServicePublished(Consumed):
    """A service that can be asked, as far as a referral needs to know it."""

    subject: ClassVar[str] = "membership.service-published.v1"
    service_id: str
    organization_id: str
    needs: tuple[str, ...]
    confidential: bool
    capacity: str
    places: int | None
    status: str


class ServiceChanged(ServicePublished):
    """What is said of a service is now this."""

    subject: ClassVar[str] = "membership.service-changed.v1"


class ServiceWithdrawn(Consumed):
    """A service is no more."""

    subject: ClassVar[str] = "membership.service-withdrawn.v1"
    service_id: str


DIRECTORY = Subscription(
    name="referral-directory",
    stream="MEMBERSHIP",
    messages=(
        OrganizationAdmitted,
        RepresentativeActivated,
        RepresentativeRolesChanged,
        RepresentativeDeactivated,
        ServicePublished,
        ServiceChanged,
        ServiceWithdrawn,
    ),
    kind="projection",
)
GRANTS = Subscription(
    name="referral-grants",
    stream="MEMBERSHIP",
    messages=(OrganizationAdmitted, OrganizationReinstated, OrganizationRenewed, OrganizationAccredited),
    kind="reaction",
)
REVOCATIONS = Subscription(
    name="referral-revocations",
    stream="MEMBERSHIP",
    messages=(OrganizationSuspended, OrganizationLapsed, OrganizationWithdrawn, OrganizationAccreditationEnded),
    kind="reaction",
)
SUBSCRIPTIONS: tuple[Subscription, ...] = (DIRECTORY, GRANTS, REVOCATIONS)
