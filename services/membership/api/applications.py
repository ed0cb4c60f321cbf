"""How an organisation joins: anyone applies, coordination reviews, two board members decide."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kit.auth import MissingScope
from kit.http import once, once_public, reply
from kit.problems import refuses
from services.membership.api.access import (
    PREFIX,
    AtOffice,
    Board,
    Coordination,
    Cursor,
    Identity,
    Limit,
    OrganizationReader,
    following,
    position,
)
from services.membership.api.requests import Application, Ballot
from services.membership.commands import organizations as commands
from services.membership.commands.office import DECIDE, PersonRequired, coordinates
from services.membership.domain.accreditation import BusinessNumberMalformed
from services.membership.domain.organization import AlreadyVoted, OwnOrganization, UnknownOrganization
from services.membership.domain.sector import FamilyNotOfSector
from services.membership.domain.standing import Command, NotApplied, NotUnderReview, State
from services.membership.store.lists import organizations
from services.membership.views import ApplicationPage, ApplicationView, Receipt

router = APIRouter(prefix=PREFIX, tags=["applications"])


@router.post(
    "/applications",
    operation_id="apply",
    summary="Apply for membership",
    description=(
        "Anyone may apply for their organisation. The answer is the same whether the application is new or was sent "
        "before: nobody learns who applied. The board's answer comes by e-mail."
    ),
    status_code=202,
    response_model=Receipt,
    openapi_extra=refuses(FamilyNotOfSector.code, BusinessNumberMalformed.code, access="public"),
)
async def apply(body: Application, office: AtOffice, once: once_public) -> Response:
    """Record an application, unless it came from software that fills in every field."""
    profile, applicant = body.profile(), body.applicant()
    if not body.comments and once.result is None:
        await commands.apply(office, profile, applicant, once)
    return reply(Receipt(status="received"), 202)


@router.get(
    "/applications",
    operation_id="list_applications",
    summary="List organisations with their applications",
    description="For the board and coordination. By name; `state` chooses which, those to be decided by default.",
    response_model=ApplicationPage,
)
async def list_applications(
    request: Request,
    office: AtOffice,
    caller: OrganizationReader,
    state: Annotated[list[State] | None, Query(max_length=8, description="Which states.")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response:
    """Answer with one page of applications."""
    if not coordinates(caller):
        raise MissingScope(DECIDE)
    states = sorted(set(state or (State.APPLIED, State.UNDER_REVIEW)))
    listing = f"applications|{','.join(states)}"
    found = await organizations(office.store, states, position(request, listing, cursor), limit)
    items = tuple(ApplicationView.of(kept.state, kept.version, office.clock()) for kept in found.items)
    return reply(ApplicationPage(items=items, next=following(request, listing, found.next)))


@router.post(
    "/organizations/{organization_id}/review",
    operation_id="start_review",
    summary="Take an application up",
    description="Coordination looks at the application; then the board votes.",
    response_model=ApplicationView,
    openapi_extra=refuses(UnknownOrganization.code, NotApplied.code, OwnOrganization.code),
)
async def start_review(organization_id: Identity, office: AtOffice, caller: Coordination, once: once) -> Response:
    """Start the review."""
    if once.result is None:
        await commands.start_review(office, caller, str(organization_id), once)
    kept = await office.store.organization(None, str(organization_id))
    return reply(ApplicationView.of(kept.state, kept.version, office.clock()), version=kept.version)


@router.post(
    "/organizations/{organization_id}/votes",
    operation_id="vote",
    summary="Vote on an application",
    description=(
        "Two different board members who agree decide; nobody votes twice or on an organisation of their own. "
        "On admission the applicant is invited by e-mail as the first coordinator."
    ),
    response_model=ApplicationView,
    openapi_extra=refuses(
        UnknownOrganization.code,
        NotUnderReview.code,
        OwnOrganization.code,
        AlreadyVoted.code,
        PersonRequired.code,
    ),
)
async def vote(organization_id: Identity, body: Ballot, office: AtOffice, caller: Board, once: once) -> Response:
    """Cast a vote."""
    if once.result is None:
        await commands.vote(office, caller, str(organization_id), Command(body.choice), once)
    kept = await office.store.organization(None, str(organization_id))
    return reply(ApplicationView.of(kept.state, kept.version, office.clock()), version=kept.version)
