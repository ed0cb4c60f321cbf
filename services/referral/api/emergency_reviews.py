"""Routes of the review: what was done at once, read and judged by others within a day."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Page, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, Pages, caller_of
from services.referral.api.emergencies import EmergencyLine, EmergencyPath, line_fields
from services.referral.api.fields import Form, View
from services.referral.commands.emergency_review import (
    Reviewable,
    list_for_review,
    read_emergency,
    review_emergency,
)
from services.referral.domain.emergency import EndReason, ReadingReason, Review, Seat, Verdict
from services.referral.domain.identifiers import EmergencyId

router = APIRouter(prefix=PREFIX, tags=["emergencies"])

Reviews = Annotated[Principal, Security(principal, scopes=["emergency:review"])]
Reads = Annotated[Principal, Security(principal, scopes=["inbox:read"])]

_REVIEW = {
    "approve": {"summary": "It was right", "value": {"verdict": "approve"}},
    "end": {"summary": "It was more than needed", "value": {"verdict": "end", "reason": "more-than-needed"}},
}


class ReviewFields(Form):
    """What the reviewer finds; a coded reason to end, none to approve."""

    verdict: Verdict
    reason: EndReason | None = None


class ReviewView(View):
    """One reviewer's word."""

    by_user_id: str
    seat: Seat
    verdict: Verdict
    at: datetime
    reason: EndReason | None


class ContentView(EmergencyLine):
    """What those inside the organisation read of it."""

    acted_by_user_id: str
    referral_id: str | None
    reading_reason: ReadingReason | None
    reviews: tuple[ReviewView, ...]
    facts: str | None = Field(description="Null in a list.")


class EmergencyView(View):
    """An emergency for whoever reviews it; to the coalition's coordination numbers, times and the article alone."""

    id: str
    organization_id: str
    article: str | None
    at: datetime
    review_by: datetime
    reviewed_at: datetime | None
    ended_at: datetime | None
    recalls: int = Field(description="How often the review was recalled.")
    classes_count: int
    reviews_count: int
    content: ContentView | None = Field(description="Null for the coordination.")


class EmergencyPage(Page[EmergencyView]):
    """Emergencies that one may review, newest first."""


def _review(said: Review) -> ReviewView:
    return ReviewView(by_user_id=said.by, seat=said.seat, verdict=said.verdict, at=said.at, reason=said.reason)


def _content(found: Reviewable) -> ContentView:
    emergency = found.kept.state
    return ContentView(
        **line_fields(emergency),
        acted_by_user_id=emergency.acted_by,
        referral_id=emergency.referral,
        reading_reason=emergency.reason,
        reviews=tuple(_review(said) for said in emergency.reviews),
        facts=found.facts,
    )


def _view(found: Reviewable) -> EmergencyView:
    emergency = found.kept.state
    numbers: dict[str, Any] = {
        "recalls": emergency.recalls,
        "classes_count": len(emergency.classes),
        "reviews_count": len(emergency.reviews),
    }
    return EmergencyView(
        id=emergency.id,
        organization_id=emergency.owner,
        article=emergency.article,
        at=emergency.at,
        review_by=emergency.review_by,
        reviewed_at=emergency.reviewed_at,
        ended_at=emergency.ended_at,
        content=None if found.seat is Seat.COORDINATION else _content(found),
        **numbers,
    )


@router.get(
    "/emergencies",
    operation_id="list_emergencies",
    summary="List the emergencies to review",
    description="For coordinators and privacy officers, those of their organisation; for the coalition's coordination, "
    "without content, those that nobody else could or did review.",
    response_model=EmergencyPage,
    openapi_extra=refuses("referral.not-found"),
)
async def list_all(
    caller: Reviews,
    desk: AtDesk,
    pages: Pages,
    awaiting: Annotated[bool | None, Query(description="Only those whose review is awaited, or done.")] = None,
) -> Response:
    """Answer with one page."""
    purpose = f"emergencies|{awaiting}|{caller.organization}"
    before, limit = pages.after(purpose), pages.limit + 1
    rows = await list_for_review(desk, caller_of(caller), awaiting=awaiting, before=before, limit=limit)
    shown, following = pages.cut(purpose, rows, lambda found: (found.kept.state.at, found.kept.state.id))
    return reply(EmergencyPage(items=[_view(found) for found in shown], next=following))


@router.get(
    "/emergencies/{emergency_id}",
    operation_id="read_emergency",
    summary="Read an emergency",
    description="For whoever acted and whoever reviews it, with its facts; for the coordination without content. "
    "Written in the audit.",
    response_model=EmergencyView,
    openapi_extra=refuses("referral.not-found", "person.erased"),
)
async def read(caller: Reads, desk: AtDesk, emergency_id: EmergencyPath) -> Response:
    """Answer with the emergency."""
    found = await read_emergency(desk, caller_of(caller), EmergencyId(emergency_id))
    return reply(_view(found), version=found.kept.version)


@router.post(
    "/emergencies/{emergency_id}/review",
    operation_id="review_emergency",
    summary="Approve what was done in an emergency, or end it",
    description="Never by whoever acted. A coordinator's approval still awaits a privacy officer's word, where there "
    "is one; ending takes effect at once, for everybody.",
    response_model=EmergencyView,
    openapi_extra=refuses(
        "referral.not-found",
        "emergency.own-act",
        "emergency.review-done",
        "emergency.reason-misplaced",
        "kit.version-conflict",
    ),
)
async def judge(
    caller: Reviews,
    desk: AtDesk,
    emergency_id: EmergencyPath,
    fields: Annotated[ReviewFields, Body(openapi_examples=_REVIEW)],
) -> Response:
    """Answer with the emergency as reviewed."""
    who, identity = caller_of(caller), EmergencyId(emergency_id)
    found = await review_emergency(desk, who, identity, fields.verdict, fields.reason)
    return reply(_view(found), version=found.kept.version)
