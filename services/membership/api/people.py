"""The people of an organisation: invited, given roles, deactivated; and how an invitation is taken up."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from kit.auth import Principal
from kit.http import once, once_public, reply
from kit.problems import refuses
from services.membership.api.access import (
    PREFIX,
    AtOffice,
    Cursor,
    Identity,
    Limit,
    PeopleManager,
    following,
    position,
)
from services.membership.api.requests import Acceptance, Invitation, Roles
from services.membership.commands import people as commands
from services.membership.commands.office import COORDINATE, Office
from services.membership.domain.organization import UnknownOrganization
from services.membership.domain.representative import (
    AlreadyDeactivated,
    AlreadyRepresentative,
    InvitationNotValid,
    LastManager,
    OwnRoles,
    UnknownRepresentative,
)
from services.membership.domain.role import BoardRoleReserved, RolesNotOffered
from services.membership.domain.standing import NotMember
from services.membership.store.lists import representatives
from services.membership.views import Receipt, RepresentativePage, RepresentativeView

router = APIRouter(prefix=PREFIX, tags=["people"])


async def _answer(office: Office, caller: Principal, identity: str, status: int = 200) -> Response:
    """Answer with a person of the caller's organisation, or of any for coordination."""
    kept = await office.store.representative(None, identity)
    _hold_own(caller, kept.state.organization_id)
    location = f"{PREFIX}/representatives/{identity}" if status == 201 else None  # noqa: PLR2004 - created
    return reply(RepresentativeView.of(kept.state, kept.version), status, version=kept.version, location=location)


def _hold_own(caller: Principal, organization: str) -> None:
    if caller.organization != organization and COORDINATE not in caller.scopes:
        raise UnknownRepresentative


@router.get(
    "/organizations/{organization_id}/representatives",
    operation_id="list_representatives",
    summary="List an organisation's people",
    description="One's own; coordination may help any organisation. By address.",
    response_model=RepresentativePage,
    openapi_extra=refuses(UnknownRepresentative.code),
)
async def list_representatives(
    request: Request,
    organization_id: Identity,
    office: AtOffice,
    caller: PeopleManager,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Answer with one page of people."""
    organization = str(organization_id)
    _hold_own(caller, organization)
    listing = f"representatives|{organization}"
    found = await representatives(office.store, organization, position(request, listing, cursor), limit)
    if caller.organization != organization:
        await office.record_reading(
            caller, "representative.list", [kept.state.id for kept in found.items], organization
        )
    items = tuple(RepresentativeView.of(kept.state, kept.version) for kept in found.items)
    return reply(RepresentativePage(items=items, next=following(request, listing, found.next)))


@router.post(
    "/organizations/{organization_id}/representatives",
    operation_id="invite_representative",
    summary="Invite someone to act for an organisation",
    description=(
        "Mails a single-use code, valid eight days, to the address. The same address again, before it is taken up, "
        "sends a new code and ends the old one."
    ),
    status_code=201,
    response_model=RepresentativeView,
    openapi_extra=refuses(
        UnknownOrganization.code,
        UnknownRepresentative.code,
        NotMember.code,
        AlreadyRepresentative.code,
        RolesNotOffered.code,
        BoardRoleReserved.code,
    ),
)
async def invite_representative(
    organization_id: Identity, body: Invitation, office: AtOffice, caller: PeopleManager, once: once
) -> Response:
    """Invite."""
    identity = once.result
    if identity is None:
        kept = await commands.invite(office, caller, str(organization_id), body.address, body.roles, once)
        identity = kept.state.id
    return await _answer(office, caller, identity, 201)


@router.get(
    "/representatives/{representative_id}",
    operation_id="read_representative",
    summary="Read one person of one's organisation",
    description="State, roles and invitation.",
    response_model=RepresentativeView,
    openapi_extra=refuses(UnknownRepresentative.code),
)
async def read_representative(representative_id: Identity, office: AtOffice, caller: PeopleManager) -> Response:
    """Answer with one person."""
    return await _answer(office, caller, str(representative_id))


@router.put(
    "/representatives/{representative_id}/roles",
    operation_id="change_roles",
    summary="Give a person other roles",
    description=(
        "They sign in again with the new ones; what is taken away ends within seconds, tokens valid or not. "
        "Nobody changes their own."
    ),
    response_model=RepresentativeView,
    openapi_extra=refuses(
        UnknownRepresentative.code,
        AlreadyDeactivated.code,
        OwnRoles.code,
        LastManager.code,
        RolesNotOffered.code,
        BoardRoleReserved.code,
    ),
)
async def change_roles(
    representative_id: Identity, body: Roles, office: AtOffice, caller: PeopleManager, once: once
) -> Response:
    """Change roles."""
    if once.result is None:
        await commands.change_roles(office, caller, str(representative_id), body.roles, once)
    return await _answer(office, caller, str(representative_id))


@router.post(
    "/representatives/{representative_id}/deactivation",
    operation_id="deactivate_representative",
    summary="End what a person may do for the organisation",
    description="Their access ends within seconds, tokens valid or not; an open invitation ends too.",
    response_model=RepresentativeView,
    openapi_extra=refuses(
        UnknownRepresentative.code, AlreadyDeactivated.code, LastManager.code, BoardRoleReserved.code
    ),
)
async def deactivate_representative(
    representative_id: Identity, office: AtOffice, caller: PeopleManager, once: once
) -> Response:
    """Deactivate."""
    if once.result is None:
        await commands.deactivate(office, caller, str(representative_id), once)
    return await _answer(office, caller, str(representative_id))


@router.post(
    "/invitations/acceptances",
    operation_id="accept_invitation",
    summary="Take an invitation up",
    description=(
        "The code of the letter is posted, never part of an address. An account is made for the address it was sent "
        "to, and a second letter says how to sign in."
    ),
    status_code=202,
    response_model=Receipt,
    openapi_extra=refuses(InvitationNotValid.code, access="public"),
)
async def accept_invitation(body: Acceptance, office: AtOffice, once: once_public) -> Response:
    """Accept."""
    if once.result is None:
        await commands.accept(office, body.code, body.given_name, body.family_name, body.language, once)
    return reply(Receipt(status="received"), 202)
