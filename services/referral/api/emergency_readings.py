"""Routes of emergency reading: a received referral, by a worker with no part in it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import Field
from starlette.responses import Response

from kit.http import once, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.emergencies import Receives, person_alone
from services.referral.api.fields import Form, Identity, View
from services.referral.api.referrals import ReferralPath
from services.referral.api.views import ReferralView, referral_view
from services.referral.commands.emergency_reading import read_again, read_in_emergency
from services.referral.commands.reading import Seen
from services.referral.domain.emergency import Emergency, ReadingReason
from services.referral.domain.identifiers import EmergencyId, ReferralId
from services.referral.store import Kept

router = APIRouter(prefix=PREFIX, tags=["emergencies"])

_DANGER = {"danger": {"summary": "The person is in danger", "value": {"reason": "person-in-danger"}}}


class ReadingFields(Form):
    """Why it cannot wait for those it is entrusted to."""

    reason: ReadingReason


class EmergencyReadingView(View):
    """A referral as it is read in an emergency, and until when."""

    id: str
    until: datetime | None = Field(description="Then the ordinary rule holds again.")
    referral: ReferralView


def _view(found: tuple[Kept[Emergency], Seen]) -> EmergencyReadingView:
    kept, seen = found
    return EmergencyReadingView(id=kept.state.id, until=kept.state.until, referral=referral_view(seen))


@router.post(
    "/referrals/{referral_id}/emergency-reading",
    operation_id="read_referral_in_emergency",
    summary="Read, in serious danger, a referral one has no part in",
    description="Received by one's own organisation. Shows what those it is entrusted to read, for four hours. The "
    "coordinators and privacy officers are alarmed at once and review it within a day.",
    status_code=201,
    response_model=EmergencyReadingView,
    openapi_extra=refuses(
        "referral.not-found",
        "emergency.person-decides",
        "emergency.not-needed",
        "emergency.over",
        "person.erased",
    ),
)
async def begin(
    caller: Receives,
    desk: AtDesk,
    once: once,
    referral_id: ReferralPath,
    fields: Annotated[ReadingFields, Body(openapi_examples=_DANGER)],
) -> Response:
    """Answer with the referral."""
    person_alone(caller)
    found = await read_in_emergency(desk, caller_of(caller), ReferralId(referral_id), fields.reason, once)
    return reply(_view(found), 201, location=f"{PREFIX}/emergency-readings/{found[0].state.id}")


@router.get(
    "/emergency-readings/{emergency_id}",
    operation_id="read_referral_in_emergency_again",
    summary="Read it again within its hours",
    description="For the worker who began the emergency reading, until it is over or a reviewer ends it.",
    response_model=EmergencyReadingView,
    openapi_extra=refuses("referral.not-found", "emergency.over", "person.erased"),
)
async def again(
    caller: Receives,
    desk: AtDesk,
    emergency_id: Annotated[Identity, Path(description="An emergency reading one began.")],
) -> Response:
    """Answer with the referral as it is read now."""
    return reply(_view(await read_again(desk, caller_of(caller), EmergencyId(emergency_id))))
