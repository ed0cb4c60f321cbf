"""Routes of the receiver: review, accept, decline, serve, and the one reading."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Expected, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Form, Identity, View
from services.referral.api.handover import HandoverFields
from services.referral.api.referrals import STATES, ReferralPath, answer
from services.referral.api.views import StatusView
from services.referral.commands.answering import (
    accept_referral,
    complete_service,
    decline_referral,
    fail_service,
    hold_service,
    resume_service,
    review_referral,
    start_service,
)
from services.referral.commands.reading import read_location_once
from services.referral.domain.identifiers import ReferralId, ServiceId, UserId
from services.referral.domain.reasons import DeclineReason, FailReason, Outcome
from services.referral.domain.taxonomy import Need

router = APIRouter(prefix=f"{PREFIX}/referrals/{{referral_id}}", tags=["service"])

Receives = Annotated[Principal, Security(principal, scopes=["referral:receive"])]

_NOBODY_NAMED = {"oneself": {"summary": "I will meet the person myself", "value": {}}}
_DECLINE = {"full": {"summary": "No room tonight", "value": {"reason": "no-capacity", "alternative_service_ids": []}}}
_COMPLETE = {"met": {"summary": "The bed was found", "value": {"outcomes": {"shelter-tonight": "met"}}}}
_FAIL = {"left": {"summary": "The person left", "value": {"reason": "left-early"}}}


class AcceptFields(Form):
    """Who will meet the person; whoever accepts, where nobody is named."""

    assigned_user_ids: frozenset[Identity] = Field(default=frozenset(), max_length=10)
    handover: HandoverFields | None = Field(default=None, description="Where it is arranged already.")


class DeclineFields(Form):
    """Why, in a code that says nothing about the person, and where else to ask."""

    reason: DeclineReason
    alternative_service_ids: tuple[Identity, ...] = Field(default=(), max_length=5)


class CompleteFields(Form):
    """What became of each need shown."""

    outcomes: dict[Need, Outcome] = Field(max_length=21)


class FailFields(Form):
    """Why it came to nothing."""

    reason: FailReason


class LocationView(View):
    """Where the person is, told once."""

    current_location: dict[str, Any] | None


@router.post(
    "/review",
    operation_id="review_referral",
    summary="Say that you are looking at a referral",
    description="Its deadline goes on.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES),
)
async def review(caller: Receives, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    return answer(await review_referral(desk, caller_of(caller), ReferralId(referral_id), expected))


@router.post(
    "/accept",
    operation_id="accept_referral",
    summary="Accept a referral",
    description="At that instant the consent must be in force and, where the service counts its places, enough of them "
    "free: they are taken with the acceptance. From then on the consented classes can be read.",
    response_model=StatusView,
    openapi_extra=refuses(
        *STATES,
        "referral.no-place-left",
        "referral.worker-unknown",
        "referral.handover-time-invalid",
        "referral.handover-place-withheld",
    ),
)
async def accept(
    caller: Receives,
    desk: AtDesk,
    referral_id: ReferralPath,
    expected: Expected,
    fields: Annotated[AcceptFields, Body(openapi_examples=_NOBODY_NAMED)],
) -> Response:
    """Answer with where it stands."""
    workers = frozenset(UserId(user) for user in fields.assigned_user_ids)
    handover = fields.handover.to_handover() if fields.handover else None
    return answer(await accept_referral(desk, caller_of(caller), ReferralId(referral_id), workers, expected, handover))


@router.post(
    "/decline",
    operation_id="decline_referral",
    summary="Decline a referral",
    description="With a coded reason and, at best, other services to try.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES, "referral.recipient-unavailable", "referral.too-many-alternatives"),
)
async def decline(
    caller: Receives,
    desk: AtDesk,
    referral_id: ReferralPath,
    expected: Expected,
    fields: Annotated[DeclineFields, Body(openapi_examples=_DECLINE)],
) -> Response:
    """Answer with where it stands."""
    alternatives = tuple(ServiceId(service) for service in fields.alternative_service_ids)
    return answer(
        await decline_referral(desk, caller_of(caller), ReferralId(referral_id), fields.reason, alternatives, expected)
    )


@router.post(
    "/start",
    operation_id="start_service",
    summary="Start the service",
    description="The person arrived, or first contact was made.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES),
)
async def start(caller: Receives, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    return answer(await start_service(desk, caller_of(caller), ReferralId(referral_id), expected))


@router.post(
    "/hold",
    operation_id="hold_service",
    summary="Put the service on hold",
    description="Places stay held.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES),
)
async def hold(caller: Receives, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    return answer(await hold_service(desk, caller_of(caller), ReferralId(referral_id), expected))


@router.post(
    "/resume",
    operation_id="resume_service",
    summary="Resume the service",
    description="After a hold.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES),
)
async def resume(caller: Receives, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    return answer(await resume_service(desk, caller_of(caller), ReferralId(referral_id), expected))


@router.post(
    "/complete",
    operation_id="complete_service",
    summary="Complete the service",
    description="With an outcome for each need you were shown. Once the data are dark, for any need you met. Places "
    "are released; you keep a receipt.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES, "referral.outcome-incomplete", "person.erased"),
)
async def complete(
    caller: Receives,
    desk: AtDesk,
    referral_id: ReferralPath,
    expected: Expected,
    fields: Annotated[CompleteFields, Body(openapi_examples=_COMPLETE)],
) -> Response:
    """Answer with where it stands."""
    return answer(await complete_service(desk, caller_of(caller), ReferralId(referral_id), fields.outcomes, expected))


@router.post(
    "/fail",
    operation_id="fail_service",
    summary="End the service without success",
    description="With a coded reason. `unreachable` wants three attempts inside the safe contact.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES, "referral.too-few-contact-attempts"),
)
async def fail(
    caller: Receives,
    desk: AtDesk,
    referral_id: ReferralPath,
    expected: Expected,
    fields: Annotated[FailFields, Body(openapi_examples=_FAIL)],
) -> Response:
    """Answer with where it stands."""
    return answer(await fail_service(desk, caller_of(caller), ReferralId(referral_id), fields.reason, expected))


@router.post(
    "/location-reading",
    operation_id="read_location_once",
    summary="Read the current location, once",
    description="For law enforcement under consent: one reading, then dark. Reading the referral never uses it up.",
    response_model=LocationView,
    openapi_extra=refuses("referral.not-found", "referral.reading-not-offered", "person.erased"),
)
async def location(caller: Receives, desk: AtDesk, referral_id: ReferralPath) -> Response:
    """Answer with the location."""
    found = await read_location_once(desk, caller_of(caller), ReferralId(referral_id))
    return reply(LocationView(current_location=dict(found) if found else None))
