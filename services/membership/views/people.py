"""People who act for an organisation, and second factors that wait to be reset."""

from datetime import datetime

from pydantic import ConfigDict, Field

from services.membership.domain.representative import Representative, Reset
from services.membership.domain.role import Role
from services.membership.views.shape import View


class RepresentativeView(View):
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


class ResetView(View):
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


class ResetsView(View):
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


class RepresentativePage(View):
    """The people of an organisation, by address."""

    items: tuple[RepresentativeView, ...]
    next: str | None
