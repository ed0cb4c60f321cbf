"""Routes of the receiver's waiting list."""

from typing import Annotated

from fastapi import APIRouter, Security
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Expected
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.referrals import STATES, ReferralPath, answer
from services.referral.api.views import StatusView
from services.referral.commands.waiting import resume_review, still_waiting, waitlist_referral
from services.referral.domain.identifiers import ReferralId

router = APIRouter(prefix=f"{PREFIX}/referrals/{{referral_id}}", tags=["waiting list"])

Receives = Annotated[Principal, Security(principal, scopes=["referral:receive"])]


@router.post(
    "/waitlist",
    operation_id="waitlist_referral",
    summary="Put a referral on your waiting list",
    description="The sender is told. No deadline runs; you are asked again by urgency (twice a day for a bed tonight, "
    "every two weeks at the latest), and an ask that nobody answers within 7 days ends the referral.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES),
)
async def waitlist(caller: Receives, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    return answer(await waitlist_referral(desk, caller_of(caller), ReferralId(referral_id), expected))


@router.post(
    "/keep-waiting",
    operation_id="keep_waiting",
    summary="Say that the person still waits on your list",
    description="Answers an ask: you will be asked again later. Resuming the review, accepting or declining answer it "
    "too. The sender reads nothing new.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES),
)
async def keep(caller: Receives, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    return answer(await still_waiting(desk, caller_of(caller), ReferralId(referral_id), expected))


@router.post(
    "/resume-review",
    operation_id="resume_review",
    summary="Take a referral off your waiting list for review",
    description="A deadline begins anew, as for a request made now; the sender is told.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES),
)
async def resume(caller: Receives, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    return answer(await resume_review(desk, caller_of(caller), ReferralId(referral_id), expected))
