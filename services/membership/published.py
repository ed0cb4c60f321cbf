"""The messages membership promises: what happened to organisations, to the people who act for them, to services."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from kit.messages import Message
from services.membership.domain.accreditation import MAY_HANDLE_REFERRALS
from services.membership.domain.directory import Fact as ServiceFact
from services.membership.domain.directory import Service, public_entry
from services.membership.domain.organization import Organization
from services.membership.domain.representative import Fact as RepresentativeFact
from services.membership.domain.representative import Representative
from services.membership.domain.standing import Fact as OrganizationFact


class Words(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    fr: str
    en: str


class OrganizationApplied(Message):
    """An organisation asks to join."""

    subject: ClassVar[str] = "membership.organization-applied.v1"
    organization_id: str


class OrganizationReviewStarted(Message):
    """Its application is being looked at."""

    subject: ClassVar[str] = "membership.organization-review-started.v1"
    organization_id: str


class OrganizationAdmitted(Message):
    """Two board members admitted it: it is a member, and `alias` is its name in sign-in."""

    subject: ClassVar[str] = "membership.organization-admitted.v1"
    organization_id: str
    alias: str
    name: Words
    sector: str
    family: str
    regime: str


class OrganizationDeclined(Message):
    """Two board members declined it."""

    subject: ClassVar[str] = "membership.organization-declined.v1"
    organization_id: str


class OrganizationSuspended(Message):
    """It is shut out at once; `reason` is a code."""

    subject: ClassVar[str] = "membership.organization-suspended.v1"
    organization_id: str
    reason: str


class OrganizationReinstated(Message):
    """It may act again."""

    subject: ClassVar[str] = "membership.organization-reinstated.v1"
    organization_id: str


class OrganizationRenewalCalled(Message):
    """Its term is about to end."""

    subject: ClassVar[str] = "membership.organization-renewal-called.v1"
    organization_id: str
    until: datetime


class OrganizationRenewed(Message):
    """It is a member for another term."""

    subject: ClassVar[str] = "membership.organization-renewed.v1"
    organization_id: str
    until: datetime


class OrganizationLapsed(Message):
    """The grace is over: no new referrals, the live ones go on."""

    subject: ClassVar[str] = "membership.organization-lapsed.v1"
    organization_id: str


class OrganizationWithdrawn(Message):
    """It left the coalition."""

    subject: ClassVar[str] = "membership.organization-withdrawn.v1"
    organization_id: str


class OrganizationAccredited(Message):
    """It may handle referrals until a date, whatever comes first."""

    subject: ClassVar[str] = "membership.organization-accredited.v1"
    organization_id: str
    accreditation: Literal["may-handle-referrals"]
    until: datetime


class OrganizationAccreditationEnded(Message):
    """It may handle referrals no more."""

    subject: ClassVar[str] = "membership.organization-accreditation-ended.v1"
    organization_id: str
    accreditation: Literal["may-handle-referrals"]


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


class ServicePublished(Message):
    """A service is in the directory: what everyone may know of it."""

    subject: ClassVar[str] = "membership.service-published.v1"
    service_id: str
    organization_id: str
    name: Words
    needs: tuple[str, ...]
    regions: tuple[str, ...]
    languages: tuple[str, ...]
    populations: tuple[str, ...]
    confidential: bool
    capacity: Literal["counted", "open"]
    places: int | None
    status: Literal["active", "temporarily closed"]
    stale: bool


class ServiceChanged(ServicePublished):
    """What is said of a service is now this."""

    subject: ClassVar[str] = "membership.service-changed.v1"


class ServiceWithdrawn(Message):
    """A service left the directory for good."""

    subject: ClassVar[str] = "membership.service-withdrawn.v1"
    service_id: str
    organization_id: str


def tell_organization(organization: Organization, fact: OrganizationFact) -> Message:
    """Return the message that tells a fact of an organisation."""
    return _ORGANIZATION[fact](organization)


def tell_representative(person: Representative, fact: RepresentativeFact) -> Message:
    """Return the message that tells a fact of a representative."""
    return _REPRESENTATIVE[fact](person)


def tell_service(service: Service, fact: ServiceFact) -> Message:
    """Return the message that tells a fact of a service; a confidential one tells what is public of it."""
    if fact is ServiceFact.WITHDRAWN:
        return ServiceWithdrawn(service_id=service.id, organization_id=service.organization_id)
    told = ServicePublished if fact is ServiceFact.PUBLISHED else ServiceChanged
    entry = public_entry(service.entry)
    return told(
        service_id=service.id,
        organization_id=service.organization_id,
        name=Words(fr=entry.name.fr, en=entry.name.en),
        needs=entry.needs,
        regions=entry.service_areas,
        languages=entry.languages,
        populations=entry.eligibility.populations,
        confidential=entry.confidential,
        capacity=entry.capacity.value,
        places=entry.places,
        status=entry.status.value,
        stale=service.stale,
    )


def _admitted(organization: Organization) -> Message:
    profile = organization.profile
    return OrganizationAdmitted(
        organization_id=organization.id,
        alias=organization.alias or "",
        name=Words(fr=profile.name.fr, en=profile.name.en),
        sector=profile.sector,
        family=profile.family,
        regime=profile.regime,
    )


def _suspended(organization: Organization) -> Message:
    reason = organization.suspension.reason.value if organization.suspension else ""
    return OrganizationSuspended(organization_id=organization.id, reason=reason)


def _renewal_called(organization: Organization) -> Message:
    return OrganizationRenewalCalled(organization_id=organization.id, until=organization.terms[-1].ends)


def _renewed(organization: Organization) -> Message:
    return OrganizationRenewed(organization_id=organization.id, until=organization.terms[-1].ends)


def _accredited(organization: Organization) -> Message:
    until = organization.accreditations[-1].until
    return OrganizationAccredited(organization_id=organization.id, accreditation=MAY_HANDLE_REFERRALS, until=until)


def _accreditation_ended(organization: Organization) -> Message:
    return OrganizationAccreditationEnded(organization_id=organization.id, accreditation=MAY_HANDLE_REFERRALS)


_ORGANIZATION: Mapping[OrganizationFact, Callable[[Organization], Message]] = {
    OrganizationFact.APPLIED: lambda o: OrganizationApplied(organization_id=o.id),
    OrganizationFact.REVIEW_STARTED: lambda o: OrganizationReviewStarted(organization_id=o.id),
    OrganizationFact.ADMITTED: _admitted,
    OrganizationFact.DECLINED: lambda o: OrganizationDeclined(organization_id=o.id),
    OrganizationFact.SUSPENDED: _suspended,
    OrganizationFact.REINSTATED: lambda o: OrganizationReinstated(organization_id=o.id),
    OrganizationFact.RENEWAL_CALLED: _renewal_called,
    OrganizationFact.RENEWED: _renewed,
    OrganizationFact.LAPSED: lambda o: OrganizationLapsed(organization_id=o.id),
    OrganizationFact.WITHDRAWN: lambda o: OrganizationWithdrawn(organization_id=o.id),
    OrganizationFact.ACCREDITED: _accredited,
    OrganizationFact.ACCREDITATION_ENDED: _accreditation_ended,
}


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
    RepresentativeFact.DEACTIVATED: lambda p: RepresentativeDeactivated(**_identity(p), user_id=p.user),
}
