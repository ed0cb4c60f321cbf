"""Routes of grounds: what the law lets be told without consent, recorded before it is told."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Expected, once, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Form, Identity, Note, View
from services.referral.api.referrals import STATES, Classes, ReferralPath, Sends, answer
from services.referral.api.views import StatusView
from services.referral.commands.grounds import (
    NewGround,
    citation,
    close_ground,
    list_grounds,
    read_ground,
    record_ground,
    request_under_ground,
)
from services.referral.domain.grounds import ARTICLES, Ground
from services.referral.domain.identifiers import GroundId, OrganizationId, PersonId, ReferralId, UserId
from services.referral.domain.taxonomy import DataClass
from services.referral.store import Kept

router = APIRouter(prefix=PREFIX, tags=["without consent"])

Reads = Annotated[Principal, Security(principal, scopes=["person:read"])]
Writes = Annotated[Principal, Security(principal, scopes=["person:write"])]
PersonPath = Annotated[Identity, Path(description="A person of one's own organisation.")]
GroundPath = Annotated[Identity, Path(description="A ground of one's own organisation.")]
Article = Annotated[
    str,
    Field(
        max_length=40,
        description="Of the law that governs your organisation, or a court order.",
        examples=["p-39.1-18.1"],
        json_schema_extra={"enum": list(ARTICLES)},
    ),
]

LAWFUL = (
    "referral.ground-unknown",
    "referral.ground-not-in-regime",
    "referral.ground-opens-nothing",
    "referral.ground-never-opens",
    "referral.ground-beyond-table",
    "referral.ground-for-minors",
    "referral.recipient-unavailable",
    "consent.adult-to-youth-protection",
    "person.erased",
)
_EXAMPLES = {
    "violence": {
        "summary": "To prevent an act of violence",
        "value": {
            "article": "p-39.1-18.1",
            "recipient_organization_id": "2f1a4f0e-3c1b-4b7e-9d55-0a6f2b8c9d10",
            "classes": ["identity", "current-location"],
            "facts": "Menace de mort reçue hier, l'auteur connaît l'adresse.",
        },
    }
}
_UNDER = {"recorded": {"summary": "Under a ground", "value": {"ground_id": "3f1b8f0a-2c4d-4e6f-8a9b-0c1d2e3f4a5b"}}}


class GroundFields(Form):
    """Why the law lets this recipient have these classes, the fewest that serve."""

    article: Article
    recipient_organization_id: Identity
    classes: Classes
    facts: Note = Field(description="What happened; sealed under the person's key.")
    decided_by_user_id: Identity | None = Field(default=None, description="Whoever decided; you, where nobody else.")


class OnGroundFields(Form):
    """Which ground carries it."""

    ground_id: Identity


class GroundView(View):
    """A ground as the organisation that recorded it reads it; a list leaves its facts sealed."""

    id: str
    person_id: str
    article: str
    citation: str = Field(examples=["P-39.1, s. 18.1"])
    recipient_organization_id: str
    classes: tuple[DataClass, ...]
    decided_by_user_id: str
    recorded_by_user_id: str
    at: datetime
    closed_at: datetime | None = Field(description="From then on it opens nothing.")
    facts: str | None = None


class GroundList(View):
    """What was recorded about a person, oldest first."""

    items: tuple[GroundView, ...]


def _view(kept: Kept[Ground], facts: str | None = None) -> GroundView:
    ground = kept.state
    return GroundView(
        id=ground.id,
        person_id=ground.person,
        article=ground.article,
        citation=citation(ground.article),
        recipient_organization_id=ground.recipient,
        classes=tuple(name for name in DataClass if name in ground.classes),
        decided_by_user_id=ground.decided_by,
        recorded_by_user_id=ground.recorded_by,
        at=ground.at,
        closed_at=ground.closed_at,
        facts=facts,
    )


@router.post(
    "/persons/{person_id}/grounds",
    operation_id="record_ground",
    summary="Record a ground to tell without consent",
    description="From the closed list of the law that governs your organisation, for one recipient and the fewest "
    "classes. Nothing is shared by this alone; your privacy officers are told that it was recorded.",
    status_code=201,
    response_model=GroundView,
    openapi_extra=refuses("referral.not-found", "referral.ground-decided-elsewhere", *LAWFUL),
)
async def record(
    caller: Writes,
    desk: AtDesk,
    once: once,
    person_id: PersonPath,
    fields: Annotated[GroundFields, Body(openapi_examples=_EXAMPLES)],
) -> Response:
    """Answer with the ground as recorded."""
    new = NewGround(
        article=fields.article,
        recipient=OrganizationId(fields.recipient_organization_id),
        classes=fields.classes,
        facts=fields.facts,
        decided_by=UserId(fields.decided_by_user_id) if fields.decided_by_user_id else None,
    )
    kept = await record_ground(desk, caller_of(caller), PersonId(person_id), new, once)
    return reply(_view(kept), 201, version=kept.version, location=f"{PREFIX}/grounds/{kept.state.id}")


@router.get(
    "/persons/{person_id}/grounds",
    operation_id="list_grounds",
    summary="List the grounds recorded about a person",
    description="For the organisation whose person it is alone; the facts stay sealed in a list.",
    response_model=GroundList,
    openapi_extra=refuses("referral.not-found"),
)
async def list_all(caller: Reads, desk: AtDesk, person_id: PersonPath) -> Response:
    """Answer with the person's grounds."""
    found = await list_grounds(desk, caller_of(caller), PersonId(person_id))
    return reply(GroundList(items=tuple(_view(kept) for kept in found)))


@router.get(
    "/grounds/{ground_id}",
    operation_id="read_ground",
    summary="Read a ground with its facts",
    description="For the organisation that recorded it alone; written in the audit.",
    response_model=GroundView,
    openapi_extra=refuses("referral.not-found", "person.erased"),
)
async def read(caller: Reads, desk: AtDesk, ground_id: GroundPath) -> Response:
    """Answer with the whole ground."""
    kept, facts = await read_ground(desk, caller_of(caller), GroundId(ground_id))
    return reply(_view(kept, facts), version=kept.version)


@router.post(
    "/grounds/{ground_id}/close",
    operation_id="close_ground",
    summary="Close a ground",
    description="At once it opens nothing more: before acceptance the referrals it carries end; after it only the "
    "sharing ends, the service goes on. Closing again changes nothing.",
    response_model=GroundView,
    openapi_extra=refuses("referral.not-found"),
)
async def close(caller: Writes, desk: AtDesk, ground_id: GroundPath) -> Response:
    """Answer with the ground as it was closed."""
    kept = await close_ground(desk, caller_of(caller), GroundId(ground_id))
    return reply(_view(kept), version=kept.version)


@router.post(
    "/referrals/{referral_id}/request-on-ground",
    operation_id="request_referral_on_ground",
    summary="Send a referral under a recorded ground",
    description="In place of consent: the ground must be open, about this person and recipient, and cover every class. "
    "What it opens is read at once; a consent that ends does not end this referral, closing the ground does.",
    response_model=StatusView,
    openapi_extra=refuses(
        *STATES,
        "referral.already-open",
        "referral.recipient-unavailable",
        "referral.sender-not-accredited",
        "referral.need-not-covered",
        "referral.ground-not-open",
        "referral.ground-too-narrow",
        "consent.adult-to-youth-protection",
        "person.erased",
    ),
)
async def send(
    caller: Sends,
    desk: AtDesk,
    referral_id: ReferralPath,
    expected: Expected,
    fields: Annotated[OnGroundFields, Body(openapi_examples=_UNDER)],
) -> Response:
    """Answer with where it stands."""
    who, ground = caller_of(caller), GroundId(fields.ground_id)
    return answer(await request_under_ground(desk, who, ReferralId(referral_id), ground, expected))
