"""The route that says whether a service has places left."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from kit.http import reply
from kit.problems import refuses
from services.referral.api.capacity import Asks
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Identity, View
from services.referral.commands.availability import read_availability
from services.referral.domain.availability import Availability
from services.referral.domain.identifiers import ServiceId

router = APIRouter(prefix=PREFIX, tags=["capacity"])


class AvailabilityView(View):
    """Whether a service has places left; never how many, nor since when."""

    service_id: str
    availability: Availability | None = Field(description="Null where the service counts no places.")


@router.get(
    "/services/{service_id}/availability",
    operation_id="read_availability",
    summary="Read whether a service has places left",
    description="`some` or `none`. Of a confidential service it changes at fixed hours alone, and not before the "
    "change is an hour old. It promises nothing: ask by a capacity query.",
    response_model=AvailabilityView,
    openapi_extra=refuses("referral.not-found"),
)
async def read(
    caller: Asks, desk: AtDesk, service_id: Annotated[Identity, Path(description="A service of the directory.")]
) -> Response:
    """Answer with one word."""
    found = await read_availability(desk, caller_of(caller), ServiceId(service_id))
    return reply(AvailabilityView(service_id=service_id, availability=found))
