"""The messages membership promises: what happened to organisations, their people, services and software."""

from services.membership.published.apps import (
    AppRegistered,
    AppRemoved,
    AppSecretRotated,
    tell_app,
)
from services.membership.published.organizations import (
    OrganizationAccreditationEnded,
    OrganizationAccredited,
    OrganizationAdmitted,
    OrganizationApplied,
    OrganizationDeclined,
    OrganizationLapsed,
    OrganizationReinstated,
    OrganizationRenewalCalled,
    OrganizationRenewed,
    OrganizationReviewStarted,
    OrganizationSuspended,
    OrganizationWithdrawn,
    tell_organization,
)
from services.membership.published.people import (
    RepresentativeAccepted,
    RepresentativeActivated,
    RepresentativeDeactivated,
    RepresentativeInvitationExpired,
    RepresentativeInvited,
    RepresentativeRolesChanged,
    tell_representative,
)
from services.membership.published.services import (
    ServiceChanged,
    ServicePublished,
    ServiceWithdrawn,
    tell_service,
)

__all__ = [
    "AppRegistered",
    "AppRemoved",
    "AppSecretRotated",
    "OrganizationAccreditationEnded",
    "OrganizationAccredited",
    "OrganizationAdmitted",
    "OrganizationApplied",
    "OrganizationDeclined",
    "OrganizationLapsed",
    "OrganizationReinstated",
    "OrganizationRenewalCalled",
    "OrganizationRenewed",
    "OrganizationReviewStarted",
    "OrganizationSuspended",
    "OrganizationWithdrawn",
    "RepresentativeAccepted",
    "RepresentativeActivated",
    "RepresentativeDeactivated",
    "RepresentativeInvitationExpired",
    "RepresentativeInvited",
    "RepresentativeRolesChanged",
    "ServiceChanged",
    "ServicePublished",
    "ServiceWithdrawn",
    "tell_app",
    "tell_organization",
    "tell_representative",
    "tell_service",
]
