"""Routes of capacity queries: asking without saying whom, and answering."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Page, once, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, Pages, caller_of
from services.referral.api.fields import Form, Identity, LanguageCode, Region, View
from services.referral.commands.capacity import (
    RECEIVED,
    SENT,
    answer_capacity,
    ask_capacity,
    list_queries,
    read_asked,
    read_query,
)
from services.referral.domain.capacity import (
    INTERPRETER,
    PARTY_LIMIT,
    Accessibility,
    Answer,
    ChildBand,
    Duration,
    Eligibility,
    Query,
    coarsen,
)
from services.referral.domain.identifiers import PersonId, QueryId, ServiceId
from services.referral.domain.taxonomy import AgeBand, Need, Urgency
from services.referral.store import Asked, Kept, Line

router = APIRouter(prefix=PREFIX, tags=["capacity"])

Asks = Annotated[Principal, Security(principal, scopes=["capacity:ask"])]
Answers = Annotated[Principal, Security(principal, scopes=["capacity:answer"])]
QueryPath = Annotated[Identity, Path(description="A capacity query.")]

_NEED = {"needs": ["shelter-tonight"], "urgency": "bed-tonight", "region": "06", "language": "spa"}
_PREVIEWS = {"a-bed": {"summary": "A bed tonight in Montréal", "value": _NEED}}
_ASKS = {
    "a-bed": {
        "summary": "Two shelters at once",
        "value": {
            "query": _NEED,
            "service_ids": ["2f1a4f0e-3c1b-4b7e-9d55-0a6f2b8c9d10", "7c9e6679-7425-40de-944b-e07fc1f90ae7"],
        },
    }
}
_ANSWERS = {
    "yes": {
        "summary": "There is room",
        "value": {"service_id": "2f1a4f0e-3c1b-4b7e-9d55-0a6f2b8c9d10", "answer": "capacity"},
    }
}


class QueryFields(Form):
    """What is needed, in codes alone: no field can hold a name or a sentence."""

    needs: tuple[Need, ...] = Field(min_length=1, max_length=5)
    urgency: Urgency = Urgency.STANDARD
    region: Region | None = Field(default=None, description="Where help is wanted.")
    age: AgeBand = AgeBand.UNKNOWN
    eligibility: Eligibility = Eligibility.ANYONE
    party_size: int = Field(default=1, ge=1, le=PARTY_LIMIT)
    children: tuple[ChildBand, ...] = Field(default=(), max_length=10)
    accessibility: tuple[Accessibility, ...] = Field(default=(), max_length=4)
    duration: Duration | None = None
    areas_to_avoid: tuple[Region, ...] = Field(default=(), max_length=17)
    language: LanguageCode | None = None

    def to_query(self) -> Query:
        """Return the query as the domain knows it."""
        return Query(**{name: getattr(self, name) for name in type(self).model_fields})


class QueryShown(View):
    """A query as it is sent: what singles out has been made coarser."""

    needs: tuple[Need, ...]
    urgency: Urgency
    region: str | None = None
    age: AgeBand = AgeBand.UNKNOWN
    eligibility: Eligibility = Eligibility.ANYONE
    party_size: int | None = None
    children: tuple[ChildBand, ...] | None = None
    accessibility: tuple[Accessibility, ...] | None = None
    duration: Duration | None = None
    areas_to_avoid: tuple[str, ...] | None = None
    language: str | None = Field(default=None, description=f"ISO 639-3, or `{INTERPRETER}`.")


class Coarsened(View):
    """One field that is made coarser, and why."""

    field: str
    sent: Any
    why: str


class PreviewView(View):
    """What would be sent."""

    query: QueryShown
    coarsened: tuple[Coarsened, ...]


class AskFields(Form):
    """The query and the services to ask, ten at most."""

    query: QueryFields
    service_ids: tuple[Identity, ...] = Field(min_length=1, max_length=10)
    person_id: Identity | None = Field(
        default=None, description="Never sent and never kept: nobody whom this person excludes is asked."
    )


class LineView(View):
    """One service asked, and its answer."""

    service_id: str
    organization_id: str
    answer: Answer | None
    information: tuple[str, ...] = Field(description="The fields the service asks to know more about.")
    answered_at: datetime | None


class QueryView(View):
    """A query one's own organisation sent, with its answers."""

    id: str
    asked_at: datetime
    until: datetime = Field(description="After this no answer is taken.")
    query: QueryShown
    lines: tuple[LineView, ...]
    not_asked: tuple[str, ...] = Field(description="Services that cannot be asked at the moment.")


class AskedView(View):
    """A query put to one's own services; who else was asked is not said."""

    id: str
    sender_organization_id: str
    asked_at: datetime
    until: datetime
    query: QueryShown
    lines: tuple[LineView, ...]


class QueryPage(Page[QueryView]):
    """Queries sent, newest first."""


class AskedPage(Page[AskedView]):
    """Queries received, newest first."""


class AnswerFields(Form):
    """What one of one's own services answers."""

    service_id: Identity
    answer: Answer
    information: frozenset[str] = Field(
        default=frozenset(), max_length=10, description="With `more-information`: the query's fields to say more about."
    )


def query_shown(fields: Any) -> QueryShown:
    """Return a query, or what is shown of one, as it goes out."""
    return QueryShown.model_validate(fields, from_attributes=True)


def _line(line: Line) -> LineView:
    return LineView(
        service_id=line.service,
        organization_id=line.organization,
        answer=line.answer,
        information=line.information,
        answered_at=line.answered_at,
    )


def _sent(kept: Kept[Asked]) -> QueryView:
    asked = kept.state
    return QueryView(
        id=asked.id,
        asked_at=asked.asked_at,
        until=asked.until,
        query=query_shown(asked.query),
        lines=tuple(map(_line, asked.lines)),
        not_asked=asked.not_asked,
    )


def _received(kept: Kept[Asked], organization: str) -> AskedView:
    asked = kept.state
    return AskedView(
        id=asked.id,
        sender_organization_id=asked.organization,
        asked_at=asked.asked_at,
        until=asked.until,
        query=query_shown(asked.query),
        lines=tuple(_line(line) for line in asked.lines if line.organization == organization),
    )


@router.post(
    "/capacity-preview",
    operation_id="preview_capacity_query",
    summary="See what a query would say",
    description="Nothing is stored or sent. A rare language becomes an interpreter, a large family loses its details.",
    response_model=PreviewView,
    openapi_extra=refuses("capacity.query-invalid"),
)
async def preview(_: Asks, query: Annotated[QueryFields, Body(openapi_examples=_PREVIEWS)]) -> Response:
    """Answer with the coarser query."""
    coarse, changed = coarsen(query.to_query())
    coarsened = tuple(Coarsened(field=each.field, sent=each.sent, why=each.why) for each in changed)
    return reply(PreviewView(query=query_shown(coarse), coarsened=coarsened))


@router.post(
    "/capacity-queries",
    operation_id="ask_capacity",
    summary="Ask several services whether they could help",
    description="Without identity: the query is linked to nobody. At most 20 an hour for each worker. A service that "
    "cannot be asked is named in `not_asked` and does not hold up the others.",
    status_code=201,
    response_model=QueryView,
    openapi_extra=refuses(
        "referral.not-found",
        "referral.sender-not-accredited",
        "referral.recipient-unavailable",
        "capacity.query-invalid",
        "capacity.too-many-queries",
    ),
)
async def ask(
    caller: Asks, desk: AtDesk, once: once, fields: Annotated[AskFields, Body(openapi_examples=_ASKS)]
) -> Response:
    """Answer with the query as sent."""
    services = [ServiceId(service) for service in fields.service_ids]
    person = PersonId(fields.person_id) if fields.person_id else None
    kept = await ask_capacity(desk, caller_of(caller), fields.query.to_query(), services, once, person)
    return reply(_sent(kept), 201, version=kept.version, location=f"{PREFIX}/capacity-queries/{kept.state.id}")


@router.get(
    "/capacity-queries",
    operation_id="list_capacity_queries",
    summary="List the queries one's organisation sent",
    description="Newest first, with the answers so far. Queries are dropped after 90 days.",
    response_model=QueryPage,
    openapi_extra=refuses("referral.not-found"),
)
async def list_sent(caller: Asks, desk: AtDesk, pages: Pages) -> Response:
    """Answer with one page."""
    purpose = f"queries|{caller.organization}"
    rows = await list_queries(desk, caller_of(caller), SENT, pages.after(purpose), pages.limit + 1)
    shown, following = pages.cut(purpose, rows, lambda kept: (kept.state.asked_at, kept.state.id))
    return reply(QueryPage(items=[_sent(kept) for kept in shown], next=following))


@router.get(
    "/capacity-queries/{query_id}",
    operation_id="read_capacity_query",
    summary="Read the answers to a query",
    description="A service that answered `capacity` or `waitlist` can be referred to in one call.",
    response_model=QueryView,
    openapi_extra=refuses("referral.not-found"),
)
async def read_sent(caller: Asks, desk: AtDesk, query_id: QueryPath) -> Response:
    """Answer with the query and its lines."""
    kept = await read_query(desk, caller_of(caller), QueryId(query_id))
    return reply(_sent(kept), version=kept.version)


@router.get(
    "/capacity-requests",
    operation_id="list_capacity_requests",
    summary="List the queries put to one's services",
    description="Newest first; who else was asked is not said.",
    response_model=AskedPage,
    openapi_extra=refuses("referral.not-found"),
)
async def list_received(caller: Answers, desk: AtDesk, pages: Pages) -> Response:
    """Answer with one page."""
    purpose = f"asked|{caller.organization}"
    rows = await list_queries(desk, caller_of(caller), RECEIVED, pages.after(purpose), pages.limit + 1)
    shown, following = pages.cut(purpose, rows, lambda kept: (kept.state.asked_at, kept.state.id))
    return reply(AskedPage(items=[_received(kept, caller.organization) for kept in shown], next=following))


@router.get(
    "/capacity-requests/{query_id}",
    operation_id="read_capacity_request",
    summary="Read a query put to one's services",
    description="What is needed, in codes; about whom, nobody can tell.",
    response_model=AskedView,
    openapi_extra=refuses("referral.not-found"),
)
async def read_received(caller: Answers, desk: AtDesk, query_id: QueryPath) -> Response:
    """Answer with the query and one's own lines."""
    kept = await read_asked(desk, caller_of(caller), QueryId(query_id))
    return reply(_received(kept, caller.organization))


@router.post(
    "/capacity-requests/{query_id}/answer",
    operation_id="answer_capacity",
    summary="Answer for one of one's services",
    description="An answer stands, unless it asked for more information. It promises nothing: accepting takes a place.",
    response_model=AskedView,
    openapi_extra=refuses(
        "referral.not-found",
        "capacity.query-closed",
        "capacity.already-answered",
        "capacity.information-not-said",
        "kit.version-conflict",
    ),
)
async def answer(
    caller: Answers,
    desk: AtDesk,
    query_id: QueryPath,
    fields: Annotated[AnswerFields, Body(openapi_examples=_ANSWERS)],
) -> Response:
    """Answer with the query and one's own lines."""
    service = ServiceId(fields.service_id)
    kept = await answer_capacity(desk, caller_of(caller), QueryId(query_id), service, fields.answer, fields.information)
    return reply(_received(kept, caller.organization))
