"""Routes of contact attempts: made by people, logged here; the system itself never contacts a person."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Expected, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Form, Instant, View
from services.referral.api.referrals import STATES, ReferralPath, answer
from services.referral.api.views import StatusView
from services.referral.commands.contacts import list_attempts, log_attempt
from services.referral.domain.attempt import Attempt, Made, Result
from services.referral.domain.contact import Channel
from services.referral.domain.identifiers import ReferralId

router = APIRouter(prefix=f"{PREFIX}/referrals/{{referral_id}}", tags=["contact attempts"])

Receives = Annotated[Principal, Security(principal, scopes=["referral:receive"])]

_ATTEMPT = {
    "no-answer": {
        "summary": "Nobody answered, within the hours",
        "value": {"at": "2026-11-24T15:10:00Z", "channel": "phone", "result": "no-answer", "within_hours": True},
    }
}


class AttemptFields(Form):
    """What you did, and what came of it, in codes alone."""

    at: Instant = Field(description="When you tried, after the acceptance.", examples=["2026-11-24T15:10:00Z"])
    channel: Channel
    result: Result
    within_hours: bool = Field(description="Within the hours of the safe contact, where it gives any.")
    confirmed_outside: bool = Field(
        default=False, description="You know that it did not keep to the safe contact, or that you may not read it."
    )

    def to_made(self) -> Made:
        """Return the attempt as the domain knows it."""
        return Made(**{name: getattr(self, name) for name in type(self).model_fields})


class AttemptView(View):
    """One attempt; the channel is null while you may not read the safe contact."""

    at: datetime
    channel: Channel | None
    result: Result
    inside: bool = Field(description="It kept to the safe contact: channel, hours, voicemail.")
    by: str


class AttemptList(View):
    """The attempts, oldest first; none is shown once sharing or the referral has ended."""

    items: tuple[AttemptView, ...]
    safe_attempts: int = Field(description="Inside the safe contact, since the person was last spoken with.")


def _view(attempt: Attempt, channel: bool) -> AttemptView:  # noqa: FBT001 - one fact, named at its only call
    return AttemptView(
        at=attempt.at,
        channel=attempt.channel if channel else None,
        result=attempt.result,
        inside=attempt.inside,
        by=attempt.by,
    )


@router.post(
    "/log-attempt",
    operation_id="log_contact_attempt",
    summary="Log an attempt to reach the person",
    description="As a worker assigned to the person. An attempt by another channel than the safe contact permits, "
    "outside its hours, or a voicemail it does not permit needs `confirmed_outside`. Three attempts inside it let you "
    "end the service as `unreachable`. The sender reads none of it.",
    response_model=StatusView,
    openapi_extra=refuses(
        *STATES,
        "referral.not-assigned",
        "referral.contact-outside-safe",
        "referral.attempt-time-invalid",
        "referral.attempt-already-logged",
        "person.erased",
    ),
)
async def log(
    caller: Receives,
    desk: AtDesk,
    referral_id: ReferralPath,
    expected: Expected,
    fields: Annotated[AttemptFields, Body(openapi_examples=_ATTEMPT)],
) -> Response:
    """Answer with where it stands."""
    return answer(await log_attempt(desk, caller_of(caller), ReferralId(referral_id), fields.to_made(), expected))


@router.get(
    "/contact-attempts",
    operation_id="list_contact_attempts",
    summary="List the attempts to reach the person",
    description="For the receiver, while it serves and sharing lasts; after that the count alone.",
    response_model=AttemptList,
    openapi_extra=refuses("referral.not-found", "person.erased"),
)
async def list_all(caller: Receives, desk: AtDesk, referral_id: ReferralPath) -> Response:
    """Answer with the attempts."""
    found = await list_attempts(desk, caller_of(caller), ReferralId(referral_id))
    items = tuple(_view(attempt, found.channels) for attempt in found.shown)
    return reply(AttemptList(items=items, safe_attempts=found.safe))
