"""Members: who they are, what they may do, and how they are suspended, renewed and leave."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from kit.auth import Principal
from kit.http import once, reply
from kit.problems import refuses
from services.membership.api.access import (
    PREFIX,
    AtOffice,
    Board,
    Coordination,
    Cursor,
    Identity,
    Limit,
    OrganizationManager,
    OrganizationReader,
    following,
    position,
)
from services.membership.api.requests import AccreditationOrder, SuspensionOrder
from services.membership.commands import organizations as commands
from services.membership.commands.office import Office, coordinates
from services.membership.domain.accreditation import (
    BusinessNumberMalformed,
    EndOutOfBounds,
    EvidenceInFuture,
    NotAccredited,
    ReferencesMissing,
)
from services.membership.domain.organization import Organization, OwnOrganization, UnknownOrganization
from services.membership.domain.standing import MEMBERS, NotMember, NotSuspended, RenewalNotDue
from services.membership.store import Kept
from services.membership.store.lists import organizations, public_members
from services.membership.views import (
    ApplicationView,
    MemberPage,
    MemberView,
    OrganizationPage,
    OrganizationView,
)

router = APIRouter(prefix=PREFIX, tags=["organisations"])


async def _answer(office: Office, caller: Principal, identity: str) -> Response:
    """Answer with an organisation as the caller may see it."""
    kept = await office.store.organization(None, identity)
    _hold_visible(kept, caller)
    whole = coordinates(caller)
    view = (ApplicationView if whole else OrganizationView).of(kept.state, kept.version, office.clock())
    return reply(view, version=kept.version)


def _hold_visible(kept: Kept[Organization], caller: Principal) -> None:
    """Members see members and themselves; an application is the coalition's alone."""
    if not (kept.state.member or kept.state.id == caller.organization or coordinates(caller)):
        raise UnknownOrganization


@router.get(
    "/members",
    operation_id="list_members",
    summary="List the coalition's members publicly",
    description="The members that agreed to be named to the public, by name.",
    response_model=MemberPage,
    openapi_extra=refuses(access="public"),
)
async def list_members(request: Request, office: AtOffice, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Answer with one page of members."""
    found = await public_members(office.store, position(request, "members", cursor), limit)
    items = tuple(MemberView.of(kept.state) for kept in found.items)
    return reply(MemberPage(items=items, next=following(request, "members", found.next)))


@router.get(
    "/organizations",
    operation_id="list_organizations",
    summary="List the member organisations",
    description="All members, by name, with what they may do.",
    response_model=OrganizationPage,
)
async def list_organizations(
    request: Request, office: AtOffice, caller: OrganizationReader, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Answer with one page of members as members see them."""
    del caller
    found = await organizations(office.store, MEMBERS, position(request, "organizations", cursor), limit)
    items = tuple(OrganizationView.of(kept.state, kept.version, office.clock()) for kept in found.items)
    return reply(OrganizationPage(items=items, next=following(request, "organizations", found.next)))


@router.get(
    "/organizations/{organization_id}",
    operation_id="read_organization",
    summary="Read an organisation",
    description="Members see members; the board and coordination also see applications, with their votes.",
    response_model=OrganizationView | ApplicationView,
    openapi_extra=refuses(UnknownOrganization.code),
)
async def read_organization(organization_id: Identity, office: AtOffice, caller: OrganizationReader) -> Response:
    """Answer with one organisation."""
    return await _answer(office, caller, str(organization_id))


@router.post(
    "/organizations/{organization_id}/accreditations",
    operation_id="accredit",
    summary="Accredit an organisation to handle referrals",
    description="On evidence and until a date, at most two years away; it replaces the accreditation that holds.",
    response_model=ApplicationView,
    openapi_extra=refuses(
        UnknownOrganization.code,
        OwnOrganization.code,
        NotMember.code,
        BusinessNumberMalformed.code,
        EvidenceInFuture.code,
        ReferencesMissing.code,
        EndOutOfBounds.code,
    ),
)
async def accredit(
    organization_id: Identity, body: AccreditationOrder, office: AtOffice, caller: Coordination, once: once
) -> Response:
    """Accredit."""
    if once.result is None:
        evidence, end = body.evidence(), body.end()
        await commands.accredit(office, caller, str(organization_id), evidence, end, once)
    return await _answer(office, caller, str(organization_id))


@router.post(
    "/organizations/{organization_id}/accreditations/end",
    operation_id="end_accreditation",
    summary="End an organisation's accreditation",
    description="It may handle referrals no more, at once.",
    response_model=ApplicationView,
    openapi_extra=refuses(UnknownOrganization.code, NotAccredited.code),
)
async def end_accreditation(organization_id: Identity, office: AtOffice, caller: Coordination, once: once) -> Response:
    """End the accreditation."""
    if once.result is None:
        await commands.end_accreditation(office, caller, str(organization_id), once)
    return await _answer(office, caller, str(organization_id))


@router.post(
    "/organizations/{organization_id}/suspension",
    operation_id="suspend_organization",
    summary="Suspend an organisation",
    description="One person of coordination suffices: its people are shut out within seconds, tokens valid or not.",
    response_model=ApplicationView,
    openapi_extra=refuses(UnknownOrganization.code, OwnOrganization.code, NotMember.code),
)
async def suspend_organization(
    organization_id: Identity, body: SuspensionOrder, office: AtOffice, caller: Coordination, once: once
) -> Response:
    """Suspend."""
    if once.result is None:
        await commands.suspend(office, caller, str(organization_id), body.reason, once)
    return await _answer(office, caller, str(organization_id))


@router.post(
    "/organizations/{organization_id}/reinstatement",
    operation_id="reinstate_organization",
    summary="Reinstate a suspended organisation",
    description="A board member lets it back in; its services return to the directory.",
    response_model=ApplicationView,
    openapi_extra=refuses(UnknownOrganization.code, OwnOrganization.code, NotSuspended.code),
)
async def reinstate_organization(organization_id: Identity, office: AtOffice, caller: Board, once: once) -> Response:
    """Reinstate."""
    if once.result is None:
        await commands.reinstate(office, caller, str(organization_id), once)
    return await _answer(office, caller, str(organization_id))


@router.post(
    "/organizations/{organization_id}/renewals",
    operation_id="renew_membership",
    summary="Renew a membership",
    description="Begins a new term where the last one ends, or now when it has ended.",
    response_model=ApplicationView,
    openapi_extra=refuses(UnknownOrganization.code, OwnOrganization.code, RenewalNotDue.code),
)
async def renew_membership(organization_id: Identity, office: AtOffice, caller: Coordination, once: once) -> Response:
    """Renew."""
    if once.result is None:
        await commands.renew(office, caller, str(organization_id), once)
    return await _answer(office, caller, str(organization_id))


@router.post(
    "/organizations/{organization_id}/withdrawal",
    operation_id="withdraw_organization",
    summary="Leave the coalition",
    description="By the organisation's own coordinator, or coordination in its name; access ends within seconds.",
    response_model=OrganizationView | ApplicationView,
    openapi_extra=refuses(UnknownOrganization.code, NotMember.code),
)
async def withdraw_organization(
    organization_id: Identity, office: AtOffice, caller: OrganizationManager, once: once
) -> Response:
    """Withdraw."""
    if once.result is None:
        await commands.withdraw(office, caller, str(organization_id), once)
    return await _answer(office, caller, str(organization_id))
