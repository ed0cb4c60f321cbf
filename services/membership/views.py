"""What membership shows: the shapes of its answers, rendered once where they are read often."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.membership.domain.app import App
from services.membership.domain.directory import (
    Capacity,
    Contact,
    CostOption,
    Eligibility,
    Entry,
    Location,
    Phone,
    Schedule,
    Service,
    Status,
)
from services.membership.domain.organization import Organization, Vote
from services.membership.domain.representative import Representative, Reset
from services.membership.domain.role import Role
from services.membership.domain.sector import Family, Regime, Sector
from services.membership.domain.standing import State
from services.membership.domain.text import Text


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Receipt(_View):
    """What was asked is under way."""

    status: Literal["received"]


class ServiceView(_View):
    """A service of the directory, in the words of HSDS 3.1; a confidential one without place, phone and contact."""

    id: str
    organization_id: str
    organization_name: Text
    name: Text
    description: Text
    status: Status
    needs: tuple[str, ...] = Field(description="Codes of the coalition's taxonomy of needs.")
    service_areas: tuple[str, ...] = Field(description="Administrative regions served, 01 to 17.")
    languages: tuple[str, ...] = Field(description="ISO 639-3.")
    interpreters: bool
    eligibility: Eligibility
    accessibility: tuple[str, ...]
    confidential: bool
    locations: tuple[Location, ...]
    phones: tuple[Phone, ...]
    contacts: tuple[Contact, ...]
    schedules: tuple[Schedule, ...]
    required_documents: tuple[Text, ...]
    cost_option: CostOption
    capacity: Capacity
    places: int | None
    url: str | None
    assured_date: datetime = Field(description="When its organisation last said that the entry is right.")
    stale: bool = Field(description="True when nobody has assured the entry for half a year.")
    accepts_referrals: bool = Field(
        description="Whether a new referral may be addressed to it: its organisation is an accredited member."
    )

    @classmethod
    def of(cls, service: Service, entry: Entry, organization: Organization, at: datetime) -> "ServiceView":
        """Show a service as `entry`, its own or its public one, as its organisation stands at an instant."""
        said = {name: getattr(entry, name) for name in cls.model_fields if hasattr(entry, name)}
        return cls(
            id=service.id,
            organization_id=service.organization_id,
            organization_name=organization.profile.name,
            assured_date=service.assurance.at,
            stale=service.stale,
            accepts_referrals=organization.accepts_referrals(at),
            **said,
        )


class ServicePage(_View):
    """Services in the order of the directory: those that serve the region, then its neighbours; by name."""

    items: tuple[ServiceView, ...]
    next: str | None = Field(description="Where the next page begins; null at the end.")


class MemberView(_View):
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


class MemberPage(_View):
    """Member organisations, by name."""

    items: tuple[MemberView, ...]
    next: str | None


class OrganizationView(_View):
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


class OrganizationPage(_View):
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


class ApplicationPage(_View):
    """Organisations with their applications, by name."""

    items: tuple[ApplicationView, ...]
    next: str | None


class RegionView(_View):
    """An administrative region and those next to it."""

    code: str
    name: Text
    neighbours: tuple[str, ...]


class TermView(_View):
    """A code and what it means."""

    code: str
    name: Text


class TaxonomyView(_View):
    """The coalition's own words: needs, populations, accessibility, regions."""

    needs: tuple[TermView, ...]
    populations: tuple[TermView, ...]
    accessibility: tuple[TermView, ...]
    regions: tuple[RegionView, ...]


class RepresentativeView(_View):
    """A person who acts for an organisation, as its coordinators know them."""

    id: str
    organization_id: str
    address: str
    given_name: str | None
    family_name: str | None
    language: str
    roles: tuple[Role, ...]
    state: str
    user_id: str | None
    invited_at: datetime
    invitation_until: datetime
    reset_until: datetime | None = Field(
        description="Until when coordination may confirm the reset of their lost second factor; null: none was asked."
    )
    version: int

    @classmethod
    def of(cls, person: Representative, version: int) -> "RepresentativeView":
        """Show a person to who manages them."""
        return cls(
            id=person.id,
            organization_id=person.organization_id,
            address=person.address,
            given_name=person.given_name,
            family_name=person.family_name,
            language=person.language,
            roles=person.roles,
            state=person.state,
            user_id=person.user,
            invited_at=person.invitation.at,
            invitation_until=person.invitation.until,
            reset_until=person.reset.until if person.reset else None,
            version=version,
        )


class ResetView(_View):
    """A lost second factor whose reset waits for coordination."""

    representative_id: str = Field(examples=["7d9f3a52-1c7e-4b1d-8a35-0e4a9c2d5b61"])
    organization_id: str
    asked_by: str = Field(description="Who may not confirm it.", examples=["d0a1b2c3-4e5f-4061-8273-8495a6b7c8d9"])
    asked_at: datetime
    until: datetime

    @classmethod
    def of(cls, person: Representative, asked: Reset) -> "ResetView":
        """Show a reset; whom it is about is read with the person."""
        return cls(
            representative_id=person.id,
            organization_id=person.organization_id,
            asked_by=asked.by,
            asked_at=asked.at,
            until=asked.until,
        )


class ResetsView(_View):
    """The resets that wait, the oldest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "representative_id": "3f1b8f0a-2c4d-4e6f-8a9b-0c1d2e3f4a5b",
                            "organization_id": "0c6e1c1f-5f0b-4a52-9f2e-6d2b6c1f7a10",
                            "asked_by": "d0a1b2c3-4e5f-4061-8273-8495a6b7c8d9",
                            "asked_at": "2026-11-24T15:04:00Z",
                            "until": "2026-11-25T15:04:00Z",
                        }
                    ]
                }
            ]
        }
    )

    items: tuple[ResetView, ...]


class RepresentativePage(_View):
    """The people of an organisation, by address."""

    items: tuple[RepresentativeView, ...]
    next: str | None


class AppView(_View):
    """An organisation's own software, as its coordinators know it."""

    id: str
    organization_id: str
    client_id: str = Field(description="What it signs in as.", examples=["refuge-du-nord-3f1b8f0a"])
    name: str
    scopes: tuple[str, ...] = Field(examples=[["capacity:answer", "directory:read"]])
    registered_at: datetime
    rotated_at: datetime = Field(description="When its secret was made.")
    version: int

    @classmethod
    def of(cls, app: App, version: int) -> "AppView":
        """Show an application."""
        said = {name: getattr(app, name) for name in AppView.model_fields if hasattr(app, name)}
        return cls(version=version, **said)


class AppWithSecret(AppView):
    """An application with the secret that was just made for it."""

    secret: str | None = Field(
        default=None,
        description="Shown in this one answer and kept nowhere; null when a request is repeated under its key.",
        examples=["<shown once>"],
    )


class AppPage(_View):
    """An organisation's applications."""

    items: tuple[AppView, ...]
    next: str | None
