"""The route that takes a need further where a referral left it open."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.responses import Response

from kit.http import once, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Form, Identity
from services.referral.api.missing import ConsentToAsk, to_ask
from services.referral.api.referrals import DRAFTS, ReferralPath, Sends
from services.referral.api.views import StatusView, status_view
from services.referral.commands.following import Following, open_next
from services.referral.commands.moving import version_for
from services.referral.domain.identifiers import ReferralId, ServiceId
from services.referral.domain.taxonomy import DataClass, Need, Purpose

router = APIRouter(prefix=PREFIX, tags=["referrals"])

_NEXT = {
    "alternative": {
        "summary": "To a service that the receiver offered instead",
        "value": {"service_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7"},
    }
}


class NextFields(Form):
    """Where the need goes next; need, purpose and classes stay as they were where nothing else is said."""

    service_id: Identity
    needs: frozenset[Need] = Field(default=frozenset(), max_length=5, description="Some of `needs_left`; else all.")
    purpose: Purpose | None = None
    classes: frozenset[DataClass] = Field(default=frozenset(), max_length=11)


class NextView(StatusView):
    """The next referral, a draft, and the consent to ask for."""

    linked_from: str
    consent_to_ask: ConsentToAsk | None = Field(description="Null where the consent in force covers it.")


@router.post(
    "/referrals/{referral_id}/next",
    operation_id="open_next_referral",
    summary="Take further what a referral left open",
    description="After a decline, to one of its alternatives or to any service; after an end that left needs unmet, "
    "for those. It drafts a referral linked to this one, with the same need, purpose and classes. Consent is asked "
    "anew for the new recipient, who learns nothing of the earlier ones.",
    status_code=201,
    response_model=NextView,
    openapi_extra=refuses(*DRAFTS, "referral.nothing-left-open", "referral.not-your-move"),
)
async def follow(
    caller: Sends,
    desk: AtDesk,
    once: once,
    referral_id: ReferralPath,
    fields: Annotated[NextFields, Body(openapi_examples=_NEXT)],
) -> Response:
    """Answer with the draft."""
    to = Following(
        service=ServiceId(fields.service_id), needs=fields.needs, purpose=fields.purpose, classes=fields.classes
    )
    made = await open_next(desk, caller_of(caller), ReferralId(referral_id), to, once)
    view = NextView(
        **status_view(made.kept, made.side).model_dump(), linked_from=referral_id, consent_to_ask=to_ask(made.missing)
    )
    place = f"{PREFIX}/referrals/{made.kept.state.id}"
    return reply(view, 201, version=version_for(made.kept, made.side), location=place)
