"""Services as the directory shows them, rendered once when they are saved, and the words they use."""

from datetime import datetime

from pydantic import Field

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
from services.membership.domain.organization import Organization
from services.membership.domain.text import Text
from services.membership.views.shape import View


class ServiceView(View):
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


class ServicePage(View):
    """Services in the order of the directory: those that serve the region, then its neighbours; by name."""

    items: tuple[ServiceView, ...]
    next: str | None = Field(description="Where the next page begins; null at the end.")


class RegionView(View):
    """An administrative region and those next to it."""

    code: str
    name: Text
    neighbours: tuple[str, ...]


class TermView(View):
    """A code and what it means."""

    code: str
    name: Text


class TaxonomyView(View):
    """The coalition's own words: needs, populations, accessibility, regions."""

    needs: tuple[TermView, ...]
    populations: tuple[TermView, ...]
    accessibility: tuple[TermView, ...]
    regions: tuple[RegionView, ...]
