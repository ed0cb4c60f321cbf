"""Routes of referrals that both parties use: draft, send, read, list, cancel; and who saw what."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Query, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Expected, once, reply
from kit.problems import refuses
from services.referral.api.capacity import QueryFields
from services.referral.api.desk import PREFIX, AtDesk, Pages, caller_of, require_scope
from services.referral.api.fields import Form, Identity
from services.referral.api.views import (
    ReferralPage,
    ReferralView,
    StatusView,
    line_view,
    referral_view,
    status_view,
    version_of,
)
from services.referral.commands.answering import Answered, cancel_referral
from services.referral.commands.consents import withdraw_through
from services.referral.commands.drafting import (
    FromAnswer,
    NewReferral,
    draft_from_answer,
    draft_referral,
    request_referral,
    void_referral,
)
from services.referral.commands.moving import version_for
from services.referral.commands.reading import list_referrals, read_referral
from services.referral.domain.identifiers import OrganizationId, PersonId, QueryId, ReferralId, ServiceId
from services.referral.domain.party import Standpoint, standpoint
from services.referral.domain.reasons import CancelReason
from services.referral.domain.taxonomy import DataClass, Purpose
from services.referral.domain.transitions import Actor
from services.referral.store import Wanted

router = APIRouter(prefix=PREFIX, tags=["referrals"])

Sends = Annotated[Principal, Security(principal, scopes=["referral:send"])]
Reads = Annotated[Principal, Security(principal, scopes=["referral:read"])]
ReferralPath = Annotated[Identity, Path(description="A referral of which one's organisation is a party.")]
Classes = Annotated[frozenset[DataClass], Field(min_length=1, max_length=11)]

STATES = (
    "referral.not-found",
    "referral.not-your-move",
    "referral.not-sent",
    "referral.not-accepted",
    "referral.waitlisted",
    "referral.already-accepted",
    "referral.already-started",
    "referral.on-hold",
    "referral.closed",
)
DRAFTS = (
    "referral.not-found",
    "referral.recipient-unavailable",
    "referral.to-own-organization",
    "person.erased",
    "consent.no-classes",
    "consent.purpose-unsuited",
    "capacity.query-invalid",
)
_NEED = {"needs": ["shelter-tonight"], "urgency": "bed-tonight", "region": "06", "language": "spa"}
_WHO = {
    "person_id": "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60",
    "purpose": "support",
    "classes": ["identity", "safe-contact", "practical-needs"],
}
_SERVICE = "2f1a4f0e-3c1b-4b7e-9d55-0a6f2b8c9d10"
_DRAFT = {"a-bed": {"summary": "A bed tonight", "value": {**_WHO, "service_id": _SERVICE, "need": _NEED}}}
_FROM_ANSWER = {"a-bed": {"summary": "To the shelter that said yes", "value": {**_WHO, "service_id": _SERVICE}}}
_CANCEL = {"wish": {"summary": "The person's wish", "value": {"reason": "persons-wish"}}}


class DraftFields(Form):
    """What to ask of which service, for whom, and what would be shared once it accepts."""

    person_id: Identity
    service_id: Identity
    purpose: Purpose
    classes: Classes = Field(description="Shared after acceptance, as far as the recipient's sector may see them.")
    need: QueryFields


class FromAnswerFields(Form):
    """What an answered query does not say."""

    service_id: Identity
    person_id: Identity
    purpose: Purpose
    classes: Classes


class CancelFields(Form):
    """Why; the other party never reads it."""

    reason: CancelReason


def side_scope(caller: Principal) -> Callable[[Standpoint], None]:
    """Return what raises where the caller lacks the scope of the side they are on."""

    def may(side: Standpoint) -> None:
        require_scope(caller, "referral:send" if side.actor is Actor.SENDER else "referral:receive")

    return may


def answer(found: Answered, status: int = 200) -> Response:
    """Answer with where the referral stands, for the party that moved it."""
    kept, side = found
    place = f"{PREFIX}/referrals/{kept.state.id}" if status == 201 else None  # noqa: PLR2004 - created
    return reply(status_view(kept, side), status, version=version_for(kept, side), location=place)


@router.post(
    "/referrals",
    operation_id="draft_referral",
    summary="Draft a referral",
    description="Nobody but your organisation knows of it until it is sent. What singles the person out in the need is "
    "made coarser, as in a capacity query.",
    status_code=201,
    response_model=StatusView,
    openapi_extra=refuses(*DRAFTS),
)
async def draft(
    caller: Sends, desk: AtDesk, once: once, fields: Annotated[DraftFields, Body(openapi_examples=_DRAFT)]
) -> Response:
    """Answer with the draft."""
    new = NewReferral(
        person=PersonId(fields.person_id),
        service=ServiceId(fields.service_id),
        purpose=fields.purpose,
        classes=fields.classes,
        query=fields.need.to_query(),
    )
    return answer(await draft_referral(desk, caller_of(caller), new, once), 201)


@router.post(
    "/capacity-queries/{query_id}/referral",
    operation_id="draft_from_answer",
    summary="Draft a referral to a service that answered",
    description="With the need as it was asked. The service must have answered `capacity` or `waitlist`.",
    status_code=201,
    response_model=StatusView,
    openapi_extra=refuses(*DRAFTS),
)
async def draft_to_answerer(
    caller: Sends,
    desk: AtDesk,
    once: once,
    query_id: Annotated[Identity, Path(description="A query of one's own organisation.")],
    fields: Annotated[FromAnswerFields, Body(openapi_examples=_FROM_ANSWER)],
) -> Response:
    """Answer with the draft."""
    new = FromAnswer(person=PersonId(fields.person_id), purpose=fields.purpose, classes=fields.classes)
    service = ServiceId(fields.service_id)
    return answer(await draft_from_answer(desk, caller_of(caller), QueryId(query_id), service, new, once), 201)


@router.post(
    "/referrals/{referral_id}/request",
    operation_id="request_referral",
    summary="Send a referral",
    description="To the service's intake, under a consent in force that covers the recipient, the purpose and every "
    "class. Until it accepts, the receiver reads the need alone. Its deadline begins.",
    response_model=StatusView,
    openapi_extra=refuses(
        *STATES,
        "referral.already-open",
        "referral.recipient-unavailable",
        "referral.sender-not-accredited",
        "referral.need-not-covered",
        "consent.not-live",
        "consent.too-narrow",
        "consent.adult-to-youth-protection",
        "person.erased",
    ),
)
async def send(caller: Sends, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    return answer(await request_referral(desk, caller_of(caller), ReferralId(referral_id), expected))


@router.get(
    "/referrals",
    operation_id="list_referrals",
    summary="List referrals sent or received",
    description="Newest first. A receiver's caseworker sees those they are assigned to; intake and coordinators all. "
    "Nothing about the person or the need is unsealed for a list.",
    response_model=ReferralPage,
    openapi_extra=refuses("referral.not-found"),
)
async def list_all(
    caller: Reads,
    desk: AtDesk,
    pages: Pages,
    direction: Annotated[Literal["sent", "received"], Query(description="Which side.")],
    is_open: Annotated[bool | None, Query(alias="open", description="Only those that await something, or not.")] = None,
) -> Response:
    """Answer with one page."""
    organization = OrganizationId(caller.organization)
    sent = direction == "sent"
    purpose = f"referrals|{direction}|{is_open}|{organization}|{caller.user}"
    wanted = Wanted(organization, sent, is_open)
    rows = await list_referrals(desk, caller_of(caller), wanted, pages.after(purpose), pages.limit + 1)
    reader = caller_of(caller).reader

    shown, following = pages.cut(
        purpose, rows, lambda kept: (kept.state.created_at if sent else kept.state.requested_at, kept.state.id)
    )
    return reply(
        ReferralPage(items=[line_view(kept, standpoint(kept.state, reader)) for kept in shown], next=following)
    )


@router.get(
    "/referrals/{referral_id}",
    operation_id="read_referral",
    summary="Read a referral",
    description="Each party reads its own side. A receiver reads the need before acceptance, then identity and the "
    "consented classes as far as its sector, the purpose and the service let through, then, after any end, a receipt. "
    "What is withheld is named with its reason, unless naming it would tell something. To anybody else: not found.",
    response_model=ReferralView,
    openapi_extra=refuses("referral.not-found", "person.erased"),
)
async def read(caller: Reads, desk: AtDesk, referral_id: ReferralPath) -> Response:
    """Answer with what this party may read at this instant."""
    seen = await read_referral(desk, caller_of(caller), ReferralId(referral_id))
    return reply(referral_view(seen), version=version_of(seen))


@router.post(
    "/referrals/{referral_id}/cancel",
    operation_id="cancel_referral",
    summary="Cancel a referral",
    description="As either party, with the scope of one's side (`referral:send` or `referral:receive`). The other "
    "party reads `cancelled`, never why.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES),
)
async def cancel(
    caller: Reads,
    desk: AtDesk,
    referral_id: ReferralPath,
    expected: Expected,
    fields: Annotated[CancelFields, Body(openapi_examples=_CANCEL)],
) -> Response:
    """Answer with where it stands."""
    may = side_scope(caller)
    return answer(await cancel_referral(desk, caller_of(caller), ReferralId(referral_id), fields.reason, expected, may))


@router.post(
    "/referrals/{referral_id}/void",
    operation_id="void_referral",
    summary="Say that a referral was entered in error",
    description="As its sender, or as who opened it for their own person, before anyone accepted it, with the scope "
    "of one's side; it is never shown as real afterwards.",
    response_model=StatusView,
    openapi_extra=refuses(*STATES, "referral.void-needs-two"),
)
async def void(caller: Reads, desk: AtDesk, referral_id: ReferralPath, expected: Expected) -> Response:
    """Answer with where it stands."""
    may = side_scope(caller)
    return answer(await void_referral(desk, caller_of(caller), ReferralId(referral_id), expected, may))


@router.post(
    "/referrals/{referral_id}/consent-withdrawal",
    operation_id="withdraw_consent_of_referral",
    summary="Record that the person withdraws the consent behind a referral",
    description="Any party's worker may, at once. Before acceptance the referral ends; after it only the sharing ends "
    "and the service goes on. Recording it again changes nothing.",
    response_model=ReferralView,
    openapi_extra=refuses("referral.not-found", "person.erased"),
)
async def withdraw(
    caller: Annotated[Principal, Security(principal, scopes=["consent:write"])],
    desk: AtDesk,
    referral_id: ReferralPath,
) -> Response:
    """Answer with the referral as this party reads it now."""
    who, referral = caller_of(caller), ReferralId(referral_id)
    await withdraw_through(desk, who, referral)
    seen = await read_referral(desk, who, referral)
    return reply(referral_view(seen), version=version_of(seen))
