"""What the seed's files say, read as the service's own requests are."""

import json
from pathlib import Path
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, TypeAdapter

from services.membership.api.requests import Address, Line, LineWords, ParagraphWords, Region, ServiceEntry, Website
from services.membership.domain.accreditation import business_number
from services.membership.domain.organization import Applicant, Profile
from services.membership.domain.role import Role
from services.membership.domain.sector import Family, Regime, Sector

_FOLDER = Path(__file__).parent


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Person(_Stated):
    """Someone of the seed."""

    given_name: Line
    family_name: Line
    address: Address
    language: Literal["fr", "en"] = "fr"
    roles: frozenset[Role] = frozenset()


class Place(_Stated):
    """An organisation of the seed: with its people in the demo, else with a coordinator who is invited."""

    alias: Line
    name: LineWords
    mission: ParagraphWords
    sector: Sector
    family: Family
    regime: Regime
    business_number: Line
    regions: tuple[Region, ...]
    website: Website | None = None
    listed: bool = True
    people: tuple[Person, ...] = ()
    coordinator: Person | None = None

    @property
    def id(self) -> str:
        """The organisation's id, the same on every machine."""
        return seeded_id(f"organization:{self.alias}")

    @property
    def applicant(self) -> Person:
        """Who applies for it."""
        return self.coordinator or next(person for person in self.people if Role.COORDINATOR in person.roles)

    def profile(self) -> Profile:
        """Return what it says of itself."""
        return Profile(
            name=self.name.text(),
            sector=self.sector,
            family=self.family,
            regime=self.regime,
            mission=self.mission.text(),
            regions=self.regions,
            website=self.website,
            business_number=business_number(self.business_number),
            listed=self.listed,
            short_name=self.alias,
        )

    def application(self) -> Applicant:
        """Return who applies, as the domain has them."""
        person = self.applicant
        return Applicant(person.given_name, person.family_name, person.address, person.language)


class Coalition(_Stated):
    """The coalition itself and its people."""

    name: LineWords
    mission: ParagraphWords
    business_number: Line
    people: tuple[Person, ...]


class Offer(ServiceEntry):
    """A service of the seed; `organization` is an alias."""

    organization: str

    @property
    def id(self) -> str:
        """The service's id, the same on every machine."""
        return seeded_id(f"service:{self.organization}:{self.name.fr}")

    def request(self) -> ServiceEntry:
        """Return the entry as its organisation would send it."""
        return ServiceEntry.model_validate(self.model_dump(exclude={"organization"}))


class Demo(_Stated):
    """The coalition and the demo's organisations, with the people who can sign in."""

    coalition: Coalition
    organizations: tuple[Place, ...]


def seeded_id(name: str) -> str:
    """Return the id of something of the seed."""
    return str(uuid5(NAMESPACE_URL, f"https://coalition.example/seed/{name}"))


def demo() -> Demo:
    """Read the demo."""
    return Demo.model_validate_json((_FOLDER / "demo.json").read_text(encoding="utf-8"))


def places() -> tuple[Place, ...]:
    """Read the organisations that only offer services."""
    return TypeAdapter(tuple[Place, ...]).validate_json((_FOLDER / "organizations.json").read_text(encoding="utf-8"))


def offers() -> tuple[Offer, ...]:
    """Read the services."""
    rows = json.loads((_FOLDER / "services.json").read_text(encoding="utf-8"))
    return tuple(Offer.model_validate(row) for row in rows)
