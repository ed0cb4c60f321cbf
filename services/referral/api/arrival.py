"""The route of the handover."""

from typing import Annotated

from fastapi import APIRouter, Body, Security
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Expected
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.handover import HandoverFields
from services.referral.api.referrals import STATES, ReferralPath, answer
from services.referral.api.views import StatusView
from services.referral.commands.handing import arrange_handover
from services.referral.domain.identifiers import ReferralId

router = APIRouter(prefix=f"{PREFIX}/referrals/{{referral_id}}", tags=["handover"])

HANDOVER_REFUSALS = ("referral.handover-time-invalid", "referral.handover-place-withheld")
_HANDOVER = {
    "by-taxi": {
        "summary": "By taxi, with the worker who referred them",
        "value": {"at": "2026-11-25T16:00:00Z", "way": "taxi", "escort": "senders-worker", "place": "at-service"},
    }
}


@router.post(
    "/arrange-handover",
    operation_id="arrange_handover",
    summary="State when and how the person comes",
    description="After acceptance and until the service starts; stating it again replaces it. Both sides read it, as "
    "far as the person lets the sender know of the acceptance. If the service has not started at that time, both are "
    "alarmed once, and the place is kept until someone decides.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES, *HANDOVER_REFUSALS),
)
async def arrange(
    caller: Annotated[Principal, Security(principal, scopes=["referral:receive"])],
    desk: AtDesk,
    referral_id: ReferralPath,
    expected: Expected,
    fields: Annotated[HandoverFields, Body(openapi_examples=_HANDOVER)],
) -> Response:
    """Answer with where it stands."""
    referral, stated = ReferralId(referral_id), fields.to_handover()
    return answer(await arrange_handover(desk, caller_of(caller), referral, stated, expected))
