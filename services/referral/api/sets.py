"""Routes of a need sent to several services at once."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import once, reply
from kit.problems import refuses
from services.referral.api.capacity import QueryFields
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Form, Identity, View
from services.referral.api.missing import ConsentToAsk, to_ask
from services.referral.api.referrals import Classes, Sends
from services.referral.api.views import LineView, line_view
from services.referral.commands.sets import NewRecipient, NewSet, SeenSet, make_set, read_set, send_set
from services.referral.domain.identifiers import GroundId, PersonId, ReferralSetId, ServiceId
from services.referral.domain.party import Standpoint
from services.referral.domain.race import FEWEST_RECIPIENTS, MOST_RECIPIENTS, Mode
from services.referral.domain.taxonomy import Purpose
from services.referral.domain.transitions import Actor

router = APIRouter(prefix=PREFIX, tags=["referral sets"])

SetPath = Annotated[Identity, Path(description="A set that one's organisation sent.")]

_WHAT = {"purpose": "support", "classes": ["identity", "safe-contact", "practical-needs"]}
_MAKE = {
    "a-bed": {
        "summary": "A bed tonight: whichever of two shelters accepts first",
        "value": {
            "person_id": "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60",
            "mode": "first-accept-wins",
            "need": {"needs": ["shelter-tonight"], "urgency": "bed-tonight", "region": "06", "language": "spa"},
            "recipients": [
                {**_WHAT, "service_id": "2f1a4f0e-3c1b-4b7e-9d55-0a6f2b8c9d10"},
                {**_WHAT, "service_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7"},
            ],
        },
    }
}


class RecipientFields(Form):
    """One service, why, and what would be shared with it once it accepts."""

    service_id: Identity
    purpose: Purpose
    classes: Classes
    ground_id: Identity | None = Field(default=None, description="The ground that carries it, where no consent does.")


class SetFields(Form):
    """One need of one person, and to whom it goes."""

    person_id: Identity
    mode: Mode = Field(description="`all`: each may accept. `first-accept-wins`: one does, and the others close.")
    need: QueryFields
    recipients: tuple[RecipientFields, ...] = Field(min_length=FEWEST_RECIPIENTS, max_length=MOST_RECIPIENTS)
    send: bool = Field(default=True, description="False drafts it, and says which consents to ask for.")

    def to_set(self) -> NewSet:
        """Return the set as the use case takes it."""
        recipients = tuple(
            NewRecipient(
                service=ServiceId(each.service_id),
                purpose=each.purpose,
                classes=each.classes,
                ground=GroundId(each.ground_id) if each.ground_id else None,
            )
            for each in self.recipients
        )
        person, query = PersonId(self.person_id), self.need.to_query()
        return NewSet(person=person, query=query, mode=self.mode, recipients=recipients, send=self.send)


class SetLineView(LineView):
    """One referral of the set, as its sender reads it."""

    consent_to_ask: ConsentToAsk | None = Field(description="For a draft: what to ask the person before it is sent.")


class SetView(View):
    """A set as its sender reads it: nothing is said of it that its referrals do not say."""

    id: str
    mode: Mode
    person_id: str
    created_at: datetime
    referrals: tuple[SetLineView, ...]


def _view(seen: SeenSet) -> SetView:
    side = Standpoint(Actor.SENDER)
    return SetView(
        id=seen.state.id,
        mode=seen.state.mode,
        person_id=seen.state.person,
        created_at=seen.state.created_at,
        referrals=tuple(
            SetLineView(**line_view(kept, side).model_dump(), consent_to_ask=to_ask(missing))
            for kept, missing in seen.lines
        ),
    )


@router.post(
    "/referral-sets",
    operation_id="make_referral_set",
    summary="Send one need to several services at once",
    description="A referral for each, under its own consent or ground: all are sent, or none, and `errors` names what "
    "stands in the way of each. With `first-accept-wins` whoever accepts first has it; at that instant the others, "
    "drafts too, close with a neutral word. Where you may not learn of that acceptance, the others read on as if "
    "nobody had answered. An organisation is named once.",
    status_code=201,
    response_model=SetView,
    openapi_extra=refuses("referral.not-found", "referral-set.not-ready", "person.erased", "capacity.query-invalid"),
)
async def make(
    caller: Sends, desk: AtDesk, once: once, fields: Annotated[SetFields, Body(openapi_examples=_MAKE)]
) -> Response:
    """Answer with the set."""
    seen = await make_set(desk, caller_of(caller), fields.to_set(), once)
    return reply(_view(seen), 201, location=f"{PREFIX}/referral-sets/{seen.state.id}")


@router.post(
    "/referral-sets/{set_id}/request",
    operation_id="request_referral_set",
    summary="Send a set that was drafted",
    description="Every draft left in it, or none: `errors` names what stands in the way of each.",
    response_model=SetView,
    openapi_extra=refuses("referral.not-found", "referral-set.not-ready", "referral-set.already-sent", "person.erased"),
)
async def send(caller: Sends, desk: AtDesk, set_id: SetPath) -> Response:
    """Answer with the set."""
    return reply(_view(await send_set(desk, caller_of(caller), ReferralSetId(set_id))))


@router.get(
    "/referral-sets/{set_id}",
    operation_id="read_referral_set",
    summary="Read a set you sent",
    description="Where each referral of it stands, as you may know.",
    response_model=SetView,
    openapi_extra=refuses("referral.not-found"),
)
async def read(
    caller: Annotated[Principal, Security(principal, scopes=["referral:read"])], desk: AtDesk, set_id: SetPath
) -> Response:
    """Answer with the set."""
    return reply(_view(await read_set(desk, caller_of(caller), ReferralSetId(set_id))))
