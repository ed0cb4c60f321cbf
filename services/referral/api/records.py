"""A person's record as it goes in and out, by data class; the codes are HTCDS 2.0's where it has them."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from services.referral.api.case_facts import Country, ExploitationFields, HtcdsForm
from services.referral.api.fields import Form, Identity, LanguageCode, Line, Note, Region
from services.referral.domain import htcds
from services.referral.domain.contact import Channel, SafeContact
from services.referral.domain.taxonomy import AgeBand, DataClass, Need

Risk = Literal["imminent", "high", "moderate", "low", "unknown"]


class SafeContactFields(Form):
    """How to reach the person without their trafficker knowing; unknown permits nothing."""

    channel: Channel
    address: Line | None = Field(default=None, description="Number, address or place; none where the person calls.")
    hours: Line | None = None
    ask_for: Line | None = Field(default=None, description="The name to ask for.")
    code_word: Line | None = None
    voicemail: bool | None = None
    sms: bool | None = None
    email: bool | None = None
    device_seen_by: Line | None = Field(default=None, description="Who else sees the device.")
    verified_on: date | None = None

    @model_validator(mode="after")
    def _can_be_made(self) -> "SafeContactFields":
        """Let the domain refuse a contact that cannot be made, or that must not."""
        SafeContact(**{name: getattr(self, name) for name in type(self).model_fields})
        return self


class IdentityFields(HtcdsForm):
    """Who the person is, as far as they say; nothing is required."""

    preferred_name: Line | None = None
    first_name: Line | None = Field(default=None, alias="prs_FirstName")
    middle_name: Line | None = Field(default=None, alias="prs_MiddleName")
    last_name: Line | None = Field(default=None, alias="prs_SecondName")
    birth_date: date | None = Field(default=None, alias="prs_Birthdate")
    age_band: AgeBand | None = Field(
        default=None, description="Unknown is treated as 14 to 17. A birth date decides, and must not contradict it."
    )
    gender: htcds.Gender | None = Field(default=None, alias="prs_Gender")
    primary_language: LanguageCode | None = Field(default=None, alias="prs_PrimaryLanguage", description="ISO 639-3.")
    secondary_language: LanguageCode | None = Field(
        default=None, alias="prs_SecondaryLanguage", description="ISO 639-3."
    )
    languages: tuple[LanguageCode, ...] = Field(
        default=(), max_length=10, description="All others spoken, or all where none comes first. ISO 639-3."
    )


class LocationFields(Form):
    """Where the person is now."""

    place: Line
    region: Region | None = None
    note: Note | None = None


class SafetyFields(Form):
    """What threatens the person."""

    risk: Risk = "unknown"
    areas_to_avoid: tuple[Line, ...] = Field(default=(), max_length=20)
    note: Note | None = None


class HouseholdFields(HtcdsForm):
    """Who lives with the person, children first."""

    marital_status: htcds.MaritalStatus | None = Field(default=None, alias="prs_MaritalStatus")
    number_of_children: int | None = Field(
        default=None, ge=0, le=50, alias="prs_NumberOfChildren", description="With the person or elsewhere."
    )
    adults: int | None = Field(default=None, ge=0, le=50)
    children_ages: tuple[Annotated[int, Field(ge=0, le=25)], ...] = Field(default=(), max_length=20)
    note: Note | None = None


class PracticalNeedsFields(HtcdsForm):
    """What the person needs from day to day."""

    needs: tuple[Need, ...] = Field(default=(), max_length=21)
    education: htcds.Education | None = Field(default=None, alias="prs_HighestLevelOfEducation")
    note: Note | None = None


class IndigenousIdentityFields(Form):
    """First Nations, Inuit or Métis identity, as the person tells it."""

    nation: Line | None = None
    community: Line | None = None
    note: Note | None = None


class HealthFields(Form):
    """Health, and whether an attestation was signed."""

    attestation_signed: bool | None = None
    note: Note | None = None


class ImmigrationFields(HtcdsForm):
    """Immigration status, and whether the person has health insurance."""

    citizenship: tuple[Country, ...] = Field(default=(), max_length=5, alias="prs_Citizenship")
    identity_number: Line | None = Field(default=None, alias="prs_IdentityNumber")
    insured: bool | None = None
    status: Line | None = None
    note: Note | None = None


class LegalEntry(Form):
    """One proceeding or police file; `author_organization_id` is whose file it is."""

    kind: Literal["police-file", "court-file", "protection-order", "other"]
    reference: Line | None = None
    author_organization_id: Identity | None = None
    note: Note | None = None


class LegalFields(Form):
    """Proceedings and police files."""

    entries: tuple[LegalEntry, ...] = Field(default=(), max_length=20)


class RecordFields(Form):
    """A person's record: give only what is needed, class by class."""

    safe_contact: SafeContactFields | None = None
    identity: IdentityFields | None = None
    current_location: LocationFields | None = None
    safety: SafetyFields | None = None
    household: HouseholdFields | None = None
    practical_needs: PracticalNeedsFields | None = None
    indigenous_identity: IndigenousIdentityFields | None = None
    exploitation: ExploitationFields | None = None
    health: HealthFields | None = None
    immigration: ImmigrationFields | None = None
    legal: LegalFields | None = None

    def given(self) -> dict[DataClass, dict[str, Any] | None]:
        """Return the classes that were named, as JSON; None for one named to be taken out."""
        return {
            _class_of(name): value.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
            if value is not None
            else None
            for name in self.model_fields_set
            for value in [getattr(self, name)]
        }


def field_of(data_class: DataClass) -> str:
    """Return a data class's field name."""
    return data_class.value.replace("-", "_")


def _class_of(name: str) -> DataClass:
    return DataClass(name.replace("_", "-"))


def to_json(record: Mapping[DataClass, Mapping[str, Any] | None]) -> dict[str, Any]:
    """Return a record, or what is disclosed of one, by field name, safe contact first."""
    return {field_of(name): record[name] for name in DataClass if name in record}
