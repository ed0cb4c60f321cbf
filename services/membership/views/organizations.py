"""Organisations and applications, as members and the coalition read them."""

from datetime import datetime

from pydantic import Field

from services.membership.domain.organization import Organization, Vote
from services.membership.domain.sector import Family, Regime, Sector
from services.membership.domain.standing import State
from services.membership.domain.text import Text
from services.membership.views.shape import View


class MemberView(View):
    """A member organisation as the public may know it."""

    id: str
    name: Text
    sector: Sector
    mission: Text
    regions: tuple[str, ...]
    website: str | None

    @classmethod
    def of(cls, organization: Organization) -> "MemberView":
        """Show a member to the public."""
        profile = organization.profile
        return cls(
            id=organization.id,
            name=profile.name,
            sector=profile.sector,
            mission=profile.mission,
            regions=profile.regions,
            website=profile.website,
        )


class MemberPage(View):
    """Member organisations, by name."""

    items: tuple[MemberView, ...]
    next: str | None


class OrganizationView(View):
    """An organisation as members know each other."""

    id: str
    name: Text
    sector: Sector
    family: Family
    regime: Regime
    mission: Text
    regions: tuple[str, ...]
    website: str | None
    state: State
    alias: str | None
    accredited_until: datetime | None = Field(description="Until when it may handle referrals; null: it may not.")
    version: int

    @classmethod
    def of(cls, organization: Organization, version: int, at: datetime) -> "OrganizationView":
        """Show an organisation as it stands at an instant."""
        profile, held = organization.profile, organization.accreditation(at)
        return cls(
            id=organization.id,
            name=profile.name,
            sector=profile.sector,
            family=profile.family,
            regime=profile.regime,
            mission=profile.mission,
            regions=profile.regions,
            website=profile.website,
            state=organization.state,
            alias=organization.alias,
            accredited_until=held.until if held and organization.member else None,
            version=version,
        )


class OrganizationPage(View):
    """Organisations, by name."""

    items: tuple[OrganizationView, ...]
    next: str | None


class ApplicationView(OrganizationView):
    """An organisation as those who decide on it know it."""

    business_number: str
    applicant_name: str | None
    applicant_address: str | None
    applied_at: datetime
    votes: tuple[Vote, ...]
    suspended_for: str | None

    @classmethod
    def of(cls, organization: Organization, version: int, at: datetime) -> "ApplicationView":
        """Show an organisation with its application."""
        applicant = organization.applicant
        known = OrganizationView.of(organization, version, at).model_dump()
        return cls(
            **known,
            business_number=organization.profile.business_number,
            applicant_name=f"{applicant.given_name} {applicant.family_name}" if applicant else None,
            applicant_address=applicant.address if applicant else None,
            applied_at=organization.applied_at,
            votes=organization.votes,
            suspended_for=organization.suspension.reason if organization.suspension else None,
        )


class ApplicationPage(View):
    """Organisations with their applications, by name."""

    items: tuple[ApplicationView, ...]
    next: str | None
