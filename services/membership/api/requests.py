"""What membership is sent: shapes and lengths; the rules themselves are the domain's."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from services.membership.domain.accreditation import Evidence, PrivacyOfficer, Reference, business_number
from services.membership.domain.directory import Capacity, Cost, Entry, PhoneType, Presence, Status
from services.membership.domain.organization import Applicant, Profile, SuspensionReason
from services.membership.domain.region import known_region
from services.membership.domain.role import Role
from services.membership.domain.sector import Family, Regime, Sector
from services.membership.domain.text import Text

_ENTRY = TypeAdapter(Entry)

# No control characters, so that nothing typed can break a line of a letter or of a terminal.
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=160, pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]+$"),
]
Paragraph = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"
    ),
]
Address = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=254,
        pattern=r"^[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$",
    ),
]
Website = Annotated[str, StringConstraints(max_length=200, pattern=r"^https://[A-Za-z0-9.-]+(:\d+)?(/[!-~]*)?$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
Region = Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-7])$")]
Scope = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,30}:[a-z]{1,30}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}$"), Field(examples=["fra"])]


class Request(BaseModel):
    """What is sent: nothing beyond what is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LineWords(Request):
    """A line in French and in English."""

    fr: Line
    en: Line

    def text(self) -> Text:
        """Return the words as the domain has them."""
        return Text(self.fr, self.en)


class ParagraphWords(Request):
    """A few sentences in French and in English."""

    fr: Paragraph
    en: Paragraph

    def text(self) -> Text:
        """Return the words as the domain has them."""
        return Text(self.fr, self.en)


class Application(Request):
    """An organisation asks to join the coalition."""

    name: LineWords
    short_name: Line | None = Field(default=None, description="What it would like to be called where it signs in.")
    mission: ParagraphWords
    sector: Sector
    family: Family
    regime: Regime = Field(description="Its privacy law: `private` P-39.1, `public` A-2.1, `health` R-22.1.")
    regions: tuple[Region, ...] = Field(min_length=1, max_length=17)
    business_number: Line = Field(description="Its Quebec enterprise number (NEQ).")
    website: Website | None = None
    listed: bool = Field(default=True, description="False keeps its name out of the public list of members.")
    given_name: Line
    family_name: Line
    address: Address = Field(description="E-mail address of the person who applies and will coordinate.")
    language: Literal["fr", "en"] = "fr"
    comments: str = Field(
        default="", max_length=200, description="Leave empty: software that fills every field is not read."
    )

    def profile(self) -> Profile:
        """Return what the organisation says of itself."""
        return Profile(
            name=self.name.text(),
            sector=self.sector,
            family=self.family,
            regime=self.regime,
            mission=self.mission.text(),
            regions=tuple(sorted({known_region(code) for code in self.regions})),
            website=self.website,
            business_number=business_number(self.business_number),
            listed=self.listed,
            short_name=self.short_name,
        )

    def applicant(self) -> Applicant:
        """Return who applies."""
        return Applicant(self.given_name, self.family_name, self.address, self.language)


class Ballot(Request):
    """A board member's vote."""

    choice: Literal["admit", "decline"]


class SuspensionOrder(Request):
    """Why an organisation is suspended."""

    reason: SuspensionReason


class PrivacyOfficerGiven(Request):
    """The person in charge of the protection of personal information."""

    name: Line
    title: Line
    address: Address


class ReferenceGiven(Request):
    """Someone of another organisation who answers for it."""

    name: Line
    organization: Line
    checked_on: date


class AccreditationOrder(Request):
    """The evidence on which an organisation may handle referrals, and until when."""

    information_agreement_signed_on: date
    privacy_officer: PrivacyOfficerGiven
    training_completed_on: date
    vetting_attested_on: date
    business_number: Line
    references: tuple[ReferenceGiven, ...] = Field(max_length=10)
    until: AwareDatetime

    def evidence(self) -> Evidence:
        """Return the evidence as the domain has it."""
        return Evidence(
            self.information_agreement_signed_on,
            PrivacyOfficer(**self.privacy_officer.model_dump()),
            self.training_completed_on,
            self.vetting_attested_on,
            business_number(self.business_number),
            tuple(Reference(**reference.model_dump()) for reference in self.references),
        )

    def end(self) -> datetime:
        """Return the end to the millisecond that is kept."""
        return self.until.replace(microsecond=self.until.microsecond // 1000 * 1000)


class Invitation(Request):
    """Who is invited, by their e-mail address, to do what."""

    address: Address
    roles: frozenset[Role] = Field(min_length=1, max_length=7)


class Acceptance(Request):
    """An invitation taken up: the code of the letter, and how colleagues will read one's name."""

    code: str = Field(
        min_length=8, max_length=80, description="As in the letter; blanks, hyphens and case do not count."
    )
    given_name: Line
    family_name: Line
    language: Literal["fr", "en"] = "fr"


class Roles(Request):
    """The roles a person has from now on."""

    roles: frozenset[Role] = Field(min_length=1, max_length=7)


class AppRegistration(Request):
    """Software of the caller's organisation, and what it is to do."""

    name: Line = Field(description="What its own people call it.", examples=["Notre gestion de dossiers"])
    scopes: frozenset[Scope] = Field(
        min_length=1,
        max_length=20,
        description="Access scopes, none that the organisation's own roles do not hold.",
        examples=[["directory:read", "capacity:answer"]],
    )


class ScheduleGiven(Request):
    """Hours that repeat each week, local time."""

    byday: tuple[Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"], ...] = Field(min_length=1, max_length=7)
    opens_at: str = Field(pattern=r"^\d\d:\d\d$", examples=["08:30"])
    closes_at: str = Field(pattern=r"^\d\d:\d\d$", examples=["17:00"])
    presence: Presence = Presence.OPEN


class PhoneGiven(Request):
    """A number to call."""

    number: str = Field(pattern=r"^\+[1-9]\d{6,14}$", examples=["+14185550123"])
    type: PhoneType = PhoneType.VOICE
    extension: str | None = Field(default=None, pattern=r"^\d{1,8}$")
    description: LineWords | None = None


class ContactGiven(Request):
    """Whom to ask for."""

    name: Line
    title: Line | None = None
    email: Address | None = None


class LocationGiven(Request):
    """A place."""

    region: Region
    address_1: Line | None = None
    city: Line | None = None
    postal_code: str | None = Field(default=None, pattern=r"^[A-Z]\d[A-Z] \d[A-Z]\d$")
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


class CostGiven(Request):
    """What it costs."""

    option: Cost = Cost.FREE
    description: LineWords | None = None


class EligibilityGiven(Request):
    """Whom the service takes."""

    populations: tuple[Code, ...] = Field(min_length=1, max_length=12)
    minimum_age: int | None = Field(default=None, ge=0, le=130)
    maximum_age: int | None = Field(default=None, ge=0, le=130)
    maximum_party_size: int | None = Field(default=None, ge=1, le=500)
    children: bool = False


class ServiceEntry(Request):
    """What an organisation says of a service it offers, in the words of HSDS 3.1."""

    name: LineWords
    description: ParagraphWords
    needs: tuple[Code, ...] = Field(min_length=1, max_length=21, description="Codes of the taxonomy of needs.")
    service_areas: tuple[Region, ...] = Field(min_length=1, max_length=17)
    languages: tuple[Language, ...] = Field(min_length=1, max_length=40)
    eligibility: EligibilityGiven
    status: Status = Status.ACTIVE
    interpreters: bool = False
    accessibility: tuple[Code, ...] = Field(default=(), max_length=20)
    confidential: bool = Field(default=False, description="True: nobody outside the organisation learns where it is.")
    locations: tuple[LocationGiven, ...] = Field(default=(), max_length=20)
    phones: tuple[PhoneGiven, ...] = Field(default=(), max_length=10)
    contacts: tuple[ContactGiven, ...] = Field(default=(), max_length=10)
    schedules: tuple[ScheduleGiven, ...] = Field(default=(), max_length=30)
    required_documents: tuple[LineWords, ...] = Field(default=(), max_length=10)
    cost_option: CostGiven = CostGiven()
    capacity: Capacity = Capacity.OPEN
    places: int | None = Field(default=None, ge=0, le=10_000)
    url: Website | None = None

    def entry(self) -> Entry:
        """Return the entry as the domain has it."""
        return _ENTRY.validate_python(self.model_dump())
