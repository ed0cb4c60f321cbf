"""Routes of a void that takes two parties."""

from typing import Annotated

from fastapi import APIRouter, Security
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Expected
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.referrals import STATES, ReferralPath, answer, side_scope
from services.referral.api.views import StatusView
from services.referral.commands.voiding import confirm_voiding, propose_voiding
from services.referral.domain.identifiers import ReferralId

router = APIRouter(prefix=f"{PREFIX}/referrals/{{referral_id}}", tags=["voids"])

Reads = Annotated[Principal, Security(principal, scopes=["referral:read"])]


@router.post(
    "/propose-void",
    operation_id="propose_void",
    summary="Propose to void a referral entered in error",
    description="As either party, with the scope of one's side (`referral:send` or `referral:receive`); the other is "
    "told and confirms. What nobody accepted its sender voids alone, unless it may not know whether anyone did.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES, "referral.void-alone", "referral.void-already-proposed", "referral.void-unseen"),
)
async def propose(caller: Reads, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    return answer(await propose_voiding(desk, caller_of(caller), ReferralId(referral_id), expected, side_scope(caller)))


@router.post(
    "/confirm-void",
    operation_id="confirm_void",
    summary="Confirm that a referral was entered in error",
    description="Where the other party proposed it. It is never shown as real afterwards, and its places are free.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES, "referral.void-needs-two"),
)
async def confirm(caller: Reads, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    return answer(await confirm_voiding(desk, caller_of(caller), ReferralId(referral_id), expected, side_scope(caller)))
