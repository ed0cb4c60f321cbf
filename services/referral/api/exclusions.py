"""Routes of a person's secret list: who must find nothing."""

from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import Field
from starlette.responses import Response

from kit.http import reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Form, Identity, View
from services.referral.api.people import Reads, Writes
from services.referral.commands.exclusions import exclude, lift_exclusions, list_exclusions
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.identifiers import OrganizationId, PersonId, UserId

router = APIRouter(prefix=f"{PREFIX}/persons/{{person_id}}/exclusions", tags=["persons"])

PersonPath = Annotated[Identity, Path(description="A person of one's own organisation.")]

_EXAMPLES = {
    "an-organisation": {
        "summary": "A relative works there",
        "value": {"organization_ids": ["2f1a4f0e-3c1b-4b7e-9d55-0a6f2b8c9d10"], "user_ids": []},
    }
}


class ExclusionFields(Form):
    """Organisations, and accounts in any organisation, one's own included."""

    organization_ids: frozenset[Identity] = Field(default=frozenset(), max_length=100)
    user_ids: frozenset[Identity] = Field(default=frozenset(), max_length=100)

    def to_exclusions(self) -> Exclusions:
        """Return the names as the domain knows them."""
        return Exclusions(
            organizations=frozenset(map(OrganizationId, self.organization_ids)),
            accounts=frozenset(map(UserId, self.user_ids)),
        )


Names = Annotated[ExclusionFields, Body(openapi_examples=_EXAMPLES)]


class ExclusionsView(View):
    """Whom a person excludes; shown to their own organisation's workers alone, none of the excluded among them."""

    organization_ids: tuple[str, ...]
    user_ids: tuple[str, ...]


def _view(excluded: Exclusions) -> Response:
    organizations, accounts = sorted(excluded.organizations), sorted(excluded.accounts)
    return reply(ExclusionsView(organization_ids=tuple(organizations), user_ids=tuple(accounts)))


@router.get(
    "",
    operation_id="list_exclusions",
    summary="Read whom a person excludes",
    description="Nobody else is ever told that there is a list, or what is on it.",
    response_model=ExclusionsView,
    openapi_extra=refuses("referral.not-found"),
)
async def read(caller: Reads, desk: AtDesk, person_id: PersonPath) -> Response:
    """Answer with the list."""
    return _view(await list_exclusions(desk, caller_of(caller), PersonId(person_id)))


@router.post(
    "",
    operation_id="exclude",
    summary="Exclude organisations or accounts",
    description="At once: to whoever is added the person, and everything of theirs, does not exist. Referrals to an "
    "organisation added are cancelled, its places given back, and consents to it withdrawn; an account added is taken "
    "off those who meet the person. Names already on the list change nothing.",
    response_model=ExclusionsView,
    openapi_extra=refuses(
        "referral.not-found", "exclusion.own-organization", "exclusion.oneself", "exclusion.too-many"
    ),
)
async def add(
    caller: Writes,
    desk: AtDesk,
    person_id: PersonPath,
    fields: Annotated[ExclusionFields, Body(openapi_examples=_EXAMPLES)],
) -> Response:
    """Answer with the list as it is now."""
    return _view(await exclude(desk, caller_of(caller), PersonId(person_id), fields.to_exclusions()))


@router.post(
    "/lift",
    operation_id="lift_exclusions",
    summary="Take names off a person's list",
    description="What ended because of them stays ended; consent is asked anew.",
    response_model=ExclusionsView,
    openapi_extra=refuses("referral.not-found"),
)
async def lift(
    caller: Writes,
    desk: AtDesk,
    person_id: PersonPath,
    fields: Annotated[ExclusionFields, Body(openapi_examples=_EXAMPLES)],
) -> Response:
    """Answer with the list as it is now."""
    return _view(await lift_exclusions(desk, caller_of(caller), PersonId(person_id), fields.to_exclusions()))
