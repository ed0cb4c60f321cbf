"""Routes of serious danger: tell a member at once, record what was told outside; the member told reads."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Page, once, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, Pages, caller_of
from services.referral.api.fields import Form, Identity, Instant, Note, View
from services.referral.api.grounds import LAWFUL, Article, PersonPath, Reads, Writes
from services.referral.api.records import to_json
from services.referral.api.views import WithheldView
from services.referral.commands.emergencies import (
    ToldOutside,
    disclose_at_once,
    end_disclosure,
    list_emergencies,
    list_received,
    read_disclosed,
    record_told_outside,
)
from services.referral.commands.grounds import NewGround
from services.referral.domain.emergency import (
    MINIMUM,
    Emergency,
    EmergencyByPersonAlone,
    Kind,
    OutsideChannel,
    Outsider,
)
from services.referral.domain.identifiers import EmergencyId, OrganizationId, PersonId
from services.referral.domain.record import Disclosed
from services.referral.domain.taxonomy import DataClass
from services.referral.store import Kept

router = APIRouter(prefix=PREFIX, tags=["emergencies"])

Receives = Annotated[Principal, Security(principal, scopes=["referral:read"])]
EmergencyPath = Annotated[Identity, Path(description="An emergency that concerns one's organisation.")]

_FACTS = "Elle a appelé, l'agresseur est à la porte."
_DISCLOSE = {
    "danger": {
        "summary": "Someone is in danger now",
        "value": {
            "recipient_organization_id": "2f1a4f0e-3c1b-4b7e-9d55-0a6f2b8c9d10",
            "article": "p-39.1-18-7",
            "facts": _FACTS,
        },
    }
}
_OUTSIDE = {
    "911": {
        "summary": "A 911 call",
        "value": {
            "article": "p-39.1-18-7",
            "told": "emergency-services",
            "channel": "phone",
            "at": "2026-11-25T03:10:00Z",
            "classes": ["current-location"],
            "facts": _FACTS,
        },
    }
}


class EmergencyFields(Form):
    """Whom to tell, on which ground, and why; the classes are what someone able to help needs, or fewer."""

    recipient_organization_id: Identity
    article: Article
    facts: Note = Field(description="What happened; sealed under the person's key.")
    classes: frozenset[DataClass] = Field(default=MINIMUM, max_length=11)


class OutsideFields(Form):
    """What was told outside the system; who it was, as a code alone."""

    article: Article
    told: Outsider
    channel: OutsideChannel
    at: Instant
    classes: frozenset[DataClass] = Field(min_length=1, max_length=11)
    facts: Note


class EmergencyLine(View):
    """What was done at once, as the organisation that did it reads it; its facts stay sealed."""

    id: str
    kind: Kind
    at: datetime
    article: str | None
    classes: tuple[DataClass, ...]
    recipient_organization_id: str | None
    told: Outsider | None
    channel: OutsideChannel | None
    until: datetime | None = Field(description="How long the member told may read.")
    review_by: datetime
    reviewed_at: datetime | None
    ended_at: datetime | None


class EmergencyList(View):
    """What was done at once about a person, newest first."""

    items: tuple[EmergencyLine, ...]


class ReceivedLine(View):
    """That one's organisation was told of someone in serious danger; read it to know whom and where."""

    id: str
    sender_organization_id: str
    at: datetime
    until: datetime | None
    open: bool


class ReceivedView(ReceivedLine):
    """What was told, as the record says it at this instant."""

    disclosed: dict[str, Any] = Field(examples=[{"identity": {"preferred_name": "Lou"}}])
    withheld: tuple[WithheldView, ...] = Field(default=(), description="What is not shown, unless naming it reveals.")


class ReceivedPage(Page[ReceivedLine]):
    """What one's organisation was told in emergencies, newest first."""


def person_alone(caller: Principal) -> None:
    """Raise `EmergencyByPersonAlone` for an organisation's own software."""
    if caller.kind == "app":
        raise EmergencyByPersonAlone


def line_fields(emergency: Emergency) -> dict[str, Any]:
    """Return what an emergency's own organisation reads of it."""
    return {
        "id": emergency.id,
        "kind": emergency.kind,
        "at": emergency.at,
        "article": emergency.article,
        "classes": tuple(name for name in DataClass if name in emergency.classes),
        "recipient_organization_id": emergency.recipient,
        "told": emergency.outsider,
        "channel": emergency.channel,
        "until": emergency.until,
        "review_by": emergency.review_by,
        "reviewed_at": emergency.reviewed_at,
        "ended_at": emergency.ended_at,
    }


def _received(emergency: Emergency, at: datetime) -> dict[str, Any]:
    return {
        "id": emergency.id,
        "sender_organization_id": emergency.owner,
        "at": emergency.at,
        "until": emergency.until,
        "open": emergency.opens(at),
    }


def _made(kept: Kept[Emergency]) -> Response:
    place = f"{PREFIX}/emergencies/{kept.state.id}"
    return reply(EmergencyLine(**line_fields(kept.state)), 201, version=kept.version, location=place)


@router.post(
    "/persons/{person_id}/emergencies",
    operation_id="disclose_in_emergency",
    summary="Tell a member at once that someone is in serious danger",
    description="One worker acts, nobody's acceptance is awaited: the member's intake reads at once identity, safe "
    "contact, current location and safety, or fewer, for three days at most. A second person and the privacy officers "
    "are alarmed and review it within a day. In immediate danger, call 911 first.",
    status_code=201,
    response_model=EmergencyLine,
    openapi_extra=refuses(
        "referral.not-found",
        "referral.sender-not-accredited",
        "emergency.person-decides",
        "emergency.article-unfit",
        "emergency.beyond-minimum",
        *LAWFUL,
    ),
)
async def disclose(
    caller: Writes,
    desk: AtDesk,
    once: once,
    person_id: PersonPath,
    fields: Annotated[EmergencyFields, Body(openapi_examples=_DISCLOSE)],
) -> Response:
    """Answer with what was told."""
    person_alone(caller)
    new = NewGround(
        article=fields.article,
        recipient=OrganizationId(fields.recipient_organization_id),
        classes=fields.classes,
        facts=fields.facts,
    )
    return _made(await disclose_at_once(desk, caller_of(caller), PersonId(person_id), new, once))


@router.post(
    "/persons/{person_id}/outside-disclosures",
    operation_id="record_outside_disclosure",
    summary="Record what was told outside the system",
    description="A 911 call: to whom as a code, how, when, which classes, why. Nothing is transmitted. It is reviewed "
    "as an emergency is. A report to youth protection is recorded apart.",
    status_code=201,
    response_model=EmergencyLine,
    openapi_extra=refuses(
        "referral.not-found",
        "referral.ground-unknown",
        "referral.ground-not-in-regime",
        "referral.ground-opens-nothing",
        "emergency.person-decides",
        "emergency.not-yet-done",
        "person.erased",
    ),
)
async def outside(
    caller: Writes,
    desk: AtDesk,
    once: once,
    person_id: PersonPath,
    fields: Annotated[OutsideFields, Body(openapi_examples=_OUTSIDE)],
) -> Response:
    """Answer with what was recorded."""
    person_alone(caller)
    said = ToldOutside(
        article=fields.article,
        outsider=fields.told,
        channel=fields.channel,
        at=fields.at,
        classes=fields.classes,
        facts=fields.facts,
    )
    return _made(await record_told_outside(desk, caller_of(caller), PersonId(person_id), said, once))


@router.get(
    "/persons/{person_id}/emergencies",
    operation_id="list_emergencies_of_person",
    summary="List what was told at once about a person",
    description="To members and outside the system, for the organisation whose person it is; the facts stay sealed.",
    response_model=EmergencyList,
    openapi_extra=refuses("referral.not-found"),
)
async def list_all(caller: Reads, desk: AtDesk, person_id: PersonPath) -> Response:
    """Answer with the person's emergencies."""
    found = await list_emergencies(desk, caller_of(caller), PersonId(person_id))
    return reply(EmergencyList(items=tuple(EmergencyLine(**line_fields(kept.state)) for kept in found)))


@router.post(
    "/emergencies/{emergency_id}/end",
    operation_id="end_emergency",
    summary="End what a member was told in an emergency",
    description="As the organisation that told: at once the member reads nothing more of it. The review goes on.",
    response_model=EmergencyLine,
    openapi_extra=refuses("referral.not-found"),
)
async def end(caller: Writes, desk: AtDesk, emergency_id: EmergencyPath) -> Response:
    """Answer with the emergency as it ended."""
    kept = await end_disclosure(desk, caller_of(caller), EmergencyId(emergency_id))
    return reply(EmergencyLine(**line_fields(kept.state)), version=kept.version)


@router.get(
    "/received-emergencies",
    operation_id="list_received_emergencies",
    summary="List what one's organisation was told in emergencies",
    description="For its intake and coordinators, newest first; nothing is unsealed for a list.",
    response_model=ReceivedPage,
    openapi_extra=refuses("referral.not-found"),
)
async def received(caller: Receives, desk: AtDesk, pages: Pages) -> Response:
    """Answer with one page."""
    purpose = f"received-emergencies|{caller.organization}"
    rows = await list_received(desk, caller_of(caller), pages.after(purpose), pages.limit + 1)
    shown, following = pages.cut(purpose, rows, lambda kept: (kept.state.at, kept.state.id))
    at = desk.clock()
    return reply(ReceivedPage(items=[ReceivedLine(**_received(kept.state, at)) for kept in shown], next=following))


@router.get(
    "/emergencies/{emergency_id}/disclosed",
    operation_id="read_disclosed_in_emergency",
    summary="Read what one's organisation was told in an emergency",
    description="For its intake and coordinators: what the record says at this instant, for as long as it is open. "
    "What is withheld is named with its reason, unless naming it would tell something.",
    response_model=ReceivedView,
    openapi_extra=refuses("referral.not-found", "person.erased"),
)
async def disclosed(caller: Receives, desk: AtDesk, emergency_id: EmergencyPath) -> Response:
    """Answer with what is open."""
    kept, found = await read_disclosed(desk, caller_of(caller), EmergencyId(emergency_id))
    return reply(_shown(kept.state, found, desk.clock()))


def _shown(emergency: Emergency, found: Disclosed, at: datetime) -> ReceivedView:
    return ReceivedView(
        **_received(emergency, at),
        disclosed=to_json(found.fields),
        withheld=tuple(WithheldView(data_class=each.data_class, reason=each.reason) for each in found.withheld),
    )
