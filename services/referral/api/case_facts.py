"""The facts of a case as they go in, under HTCDS 2.0's names for fields and codes."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.referral.api.fields import Form, Line, Note
from services.referral.domain import htcds


class HtcdsForm(Form):
    """A form whose names are the standard's; the plain names that earlier releases took are still taken."""

    model_config = ConfigDict(populate_by_name=True)


def _known(code: str) -> str:
    if code not in htcds.COUNTRIES:
        raise PydanticCustomError("country_unknown", "This is no country code of ISO 3166-1 alpha-2")
    return code


Country = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$"),
    AfterValidator(_known),
    Field(description="ISO 3166-1 alpha-2.", examples=["CA"]),
]


class EventFields(HtcdsForm):
    """One event of the trafficking: a recruitment, a move, an exploitation."""

    kind: htcds.EventType = Field(alias="hte_Type")
    on: date | None = Field(default=None, alias="hte_Date")
    country: Country | None = Field(default=None, alias="hte_Country")
    state: Line | None = Field(default=None, alias="hte_State", description="State or province.")
    city: Line | None = Field(default=None, alias="hte_City")
    description: Note | None = Field(default=None, alias="hte_Description")

    @model_validator(mode="after")
    def _names_its_country(self) -> "EventFields":
        """Ask for the country of a place: a place abroad tells what one at home does not."""
        if (self.state or self.city) and not self.country:
            raise PydanticCustomError("country_missing", "A place needs its hte_Country")
        return self


class PerpetratorFields(HtcdsForm):
    """What someone did in it; never who, which is for a complaint file."""

    roles: tuple[htcds.PerpetratorRole, ...] = Field(min_length=1, max_length=15, alias="per_RoleInProcess")
    details: Note | None = Field(default=None, alias="per_RoleDetails")


class ExploitationFields(HtcdsForm):
    """What was done to the person."""

    types: tuple[htcds.Exploitation, ...] = Field(default=(), max_length=11, alias="vic_TypeOfExploitation")
    status: htcds.TraffickingStatus | None = Field(default=None, alias="vic_TraffickingStatus")
    status_decided_by: htcds.DecisionMaker | None = Field(default=None, alias="vic_TraffickingStatusDecisionMakingOrg")
    relationship: htcds.Relationship | None = Field(default=None, alias="vic_RelationshipToTrafficker")
    age: int | None = Field(
        default=None, ge=0, le=120, alias="vic_AgeWhenTrafficked", description="In years, the first time."
    )
    recruitment: tuple[htcds.Recruitment, ...] = Field(default=(), max_length=10, alias="vic_MethodOfRecruitment")
    recruitment_sites: tuple[htcds.WebsiteOrApp, ...] = Field(
        default=(), max_length=15, alias="vic_RecruitmentWebsitesAndApps"
    )
    recruitment_location: Line | None = Field(default=None, alias="vic_LocationOfRecruitment")
    control: tuple[htcds.Control, ...] = Field(default=(), max_length=16, alias="vic_MethodsOfControl")
    industry: htcds.Industry | None = Field(default=None, alias="vic_ForcedLabourIndustry")
    sex_exploitation: tuple[htcds.SexExploitation, ...] = Field(
        default=(), max_length=4, alias="vic_TypeOfSexExploitation"
    )
    location: Line | None = Field(default=None, alias="vic_LocationOfExploitation")
    exploitation_sites: tuple[htcds.WebsiteOrApp, ...] = Field(
        default=(), max_length=15, alias="vic_ExploitationWebsitesAndApps"
    )
    events: tuple[EventFields, ...] = Field(default=(), max_length=30)
    perpetrators: tuple[PerpetratorFields, ...] = Field(default=(), max_length=30)
    facts: Note | None = Field(default=None, description="In the person's words, no more than is needed.")
