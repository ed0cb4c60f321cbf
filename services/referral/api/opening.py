"""The route of someone who walks in, calls or comes of their own accord."""

from typing import Annotated

from fastapi import APIRouter, Body, Security
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import once
from kit.problems import refuses
from services.referral.api.capacity import QueryFields
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Form, Identity
from services.referral.api.referrals import answer
from services.referral.api.views import StatusView
from services.referral.commands.opening import NewArrival, open_referral
from services.referral.domain.identifiers import PersonId, ServiceId
from services.referral.domain.reasons import Source

router = APIRouter(prefix=PREFIX, tags=["own referrals"])

_OPEN = {
    "walk-in": {
        "summary": "Someone at the door at three in the morning",
        "value": {
            "person_id": "c4d5e6f7-0819-4a2b-8c3d-4e5f60718293",
            "service_id": "b1d2c3e4-9a8b-4c7d-8e6f-5a4b3c2d1e0f",
            "source": "walk-in",
            "need": {"needs": ["shelter-tonight"], "urgency": "bed-tonight"},
        },
    }
}


class OpenFields(Form):
    """Who came, how, and which of your services they ask for."""

    person_id: Identity
    service_id: Identity
    source: Source
    need: QueryFields


@router.post(
    "/own-referrals",
    operation_id="open_referral",
    summary="Open a referral for someone who came to you",
    description="For a person of your own record and one of your own services: a walk-in, a call, a self-referral. It "
    "is under review at once, its deadline runs and accepting takes places. No consent is needed for your own record, "
    "nothing is disclosed, and no other organisation knows of it.",
    status_code=201,
    response_model=StatusView,
    openapi_extra=refuses(
        "referral.not-found", "referral.recipient-unavailable", "person.erased", "capacity.query-invalid"
    ),
)
async def open_own(
    caller: Annotated[Principal, Security(principal, scopes=["referral:receive"])],
    desk: AtDesk,
    once: once,
    fields: Annotated[OpenFields, Body(openapi_examples=_OPEN)],
) -> Response:
    """Answer with the referral under review."""
    new = NewArrival(
        person=PersonId(fields.person_id),
        service=ServiceId(fields.service_id),
        source=fields.source,
        query=fields.need.to_query(),
    )
    return answer(await open_referral(desk, caller_of(caller), new, once), 201)
