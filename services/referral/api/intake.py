"""Routes of intake: the queue, and who meets whom."""

from typing import Annotated

from fastapi import APIRouter, Body, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Expected, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, Pages, caller_of
from services.referral.api.fields import Form, Identity
from services.referral.api.referrals import STATES, ReferralPath, answer
from services.referral.api.views import ReferralPage, StatusView, line_view
from services.referral.commands.intake import assign_workers, intake_queue
from services.referral.domain.identifiers import ReferralId, UserId
from services.referral.domain.party import standpoint

router = APIRouter(prefix=PREFIX, tags=["intake"])

Receives = Annotated[Principal, Security(principal, scopes=["referral:receive"])]

_ASSIGN = {
    "nadia": {
        "summary": "Nadia meets the person from now on",
        "value": {"assigned_user_ids": ["d0a1b2c3-4e5f-4061-8273-8495a6b7c8d9"]},
    }
}


class AssignFields(Form):
    """Who meets the person from now on, all of them."""

    assigned_user_ids: frozenset[Identity] = Field(min_length=1, max_length=10)


@router.get(
    "/intake-queue",
    operation_id="read_intake_queue",
    summary="List what awaits your organisation's answer",
    description="For intake and coordinators, by `answer_by`: the most pressing first. Someone on a waiting list is "
    "here once you are asked about them again. Nothing about the person or the need is unsealed for a list.",
    response_model=ReferralPage,
    openapi_extra=refuses("referral.not-found"),
)
async def queue(caller: Receives, desk: AtDesk, pages: Pages) -> Response:
    """Answer with one page."""
    purpose = f"queue|{caller.organization}"
    rows = await intake_queue(desk, caller_of(caller), pages.after(purpose), pages.limit + 1)
    shown, following = pages.cut(purpose, rows, lambda kept: (kept.state.expires_at, kept.state.id))
    reader = caller_of(caller).reader
    items = [line_view(kept, standpoint(kept.state, reader)) for kept in shown]
    return reply(ReferralPage(items=items, next=following))


@router.post(
    "/referrals/{referral_id}/assign",
    operation_id="assign_workers",
    summary="Change who meets the person",
    description="As intake or coordinator of the receiver, while the service is under way. Those named are told; those "
    "who are named no more see the referral no more.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES, "referral.assigning-not-yours", "referral.worker-unknown"),
)
async def assign(
    caller: Receives,
    desk: AtDesk,
    referral_id: ReferralPath,
    expected: Expected,
    fields: Annotated[AssignFields, Body(openapi_examples=_ASSIGN)],
) -> Response:
    """Answer with where it stands."""
    workers = frozenset(UserId(user) for user in fields.assigned_user_ids)
    return answer(await assign_workers(desk, caller_of(caller), ReferralId(referral_id), workers, expected))
