"""What happened to organisations."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar, Literal

from kit.messages import Message
from services.membership.domain.accreditation import MAY_HANDLE_REFERRALS
from services.membership.domain.organization import Organization
from services.membership.domain.standing import Fact as OrganizationFact
from services.membership.published.words import Words


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


class OrganizationAccreditationEnding(Message):
    """The accreditation it holds ends soon, and is to be given anew."""

    subject: ClassVar[str] = "membership.organization-accreditation-ending.v1"
    organization_id: str
    accreditation: Literal["may-handle-referrals"]
    until: datetime


class OrganizationAccreditationEnded(Message):
    """It may handle referrals no more."""

    subject: ClassVar[str] = "membership.organization-accreditation-ended.v1"
    organization_id: str
    accreditation: Literal["may-handle-referrals"]


def tell_organization(organization: Organization, fact: OrganizationFact) -> Message:
    """Return the message that tells a fact of an organisation."""
    return _ORGANIZATION[fact](organization)


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


def _accreditation_ending(organization: Organization) -> Message:
    until = organization.accreditations[-1].until
    identity = organization.id
    return OrganizationAccreditationEnding(organization_id=identity, accreditation=MAY_HANDLE_REFERRALS, until=until)


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
    OrganizationFact.ACCREDITATION_ENDING: _accreditation_ending,
    OrganizationFact.ACCREDITATION_ENDED: _accreditation_ended,
}
