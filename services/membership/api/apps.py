"""An organisation's own software: registered by its coordinator, given another secret, removed."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from kit.http import once, reply
from kit.problems import refuses
from services.membership.api.access import (
    PREFIX,
    AtKeycloak,
    AtOffice,
    Cursor,
    Identity,
    Limit,
    OrganizationManager,
    following,
    position,
)
from services.membership.api.requests import AppRegistration
from services.membership.commands import apps as commands
from services.membership.commands.apps import SignInServerUnavailable
from services.membership.commands.office import Office, PersonRequired
from services.membership.domain.app import App, AppAlreadyRemoved, ScopesTooWide, UnknownApp
from services.membership.domain.organization import UnknownOrganization
from services.membership.domain.standing import NotMember
from services.membership.store import Kept
from services.membership.store.lists import apps
from services.membership.views import AppPage, AppView, AppWithSecret

router = APIRouter(prefix=PREFIX, tags=["applications of organisations"])


def _shown(kept: Kept[App], secret: str | None, status: int) -> Response:
    """Answer with an application and, once, its secret, which nobody on the way may keep."""
    view = AppWithSecret.of(kept.state, kept.version).model_copy(update={"secret": secret})
    answer = reply(view, status, version=kept.version)
    answer.headers["cache-control"] = "no-store"
    return answer


async def _repeated(office: Office, identity: str, status: int) -> Response:
    """Answer a request that was carried out before: the secret was shown then."""
    return _shown(await office.store.app(None, identity), None, status)


@router.get(
    "/organizations/{organization_id}/apps",
    operation_id="list_apps",
    summary="List an organisation's applications",
    description="One's own; without secrets, which nobody can read again.",
    response_model=AppPage,
    openapi_extra=refuses(UnknownOrganization.code),
)
async def list_apps(
    request: Request,
    organization_id: Identity,
    office: AtOffice,
    caller: OrganizationManager,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Answer with one page of applications."""
    organization = str(organization_id)
    if caller.organization != organization:
        raise UnknownOrganization
    listing = f"apps|{organization}"
    found = await apps(office.store, organization, position(request, listing, cursor), limit)
    items = tuple(AppView.of(kept.state, kept.version) for kept in found.items)
    return reply(AppPage(items=items, next=following(request, listing, found.next)))


@router.post(
    "/organizations/{organization_id}/apps",
    operation_id="register_app",
    summary="Register an application of one's organisation",
    description=(
        "Makes a client that signs in by client credentials, with scopes no wider than the organisation's own. The "
        "secret is shown in this answer and never again: lost, it is replaced. A person asks, never software."
    ),
    status_code=201,
    response_model=AppWithSecret,
    openapi_extra=refuses(
        UnknownOrganization.code,
        NotMember.code,
        ScopesTooWide.code,
        PersonRequired.code,
        SignInServerUnavailable.code,
    ),
)
async def register_app(
    organization_id: Identity,
    body: AppRegistration,
    office: AtOffice,
    keycloak: AtKeycloak,
    caller: OrganizationManager,
    once: once,
) -> Response:
    """Register."""
    if once.result is not None:
        return await _repeated(office, once.result, 201)
    place = str(organization_id)
    kept, secret = await commands.register(office, keycloak, caller, place, body.name, body.scopes, once)
    return _shown(kept, secret, 201)


@router.post(
    "/apps/{app_id}/secrets",
    operation_id="rotate_app_secret",
    summary="Give an application another secret",
    description=(
        "The secret before ends at once; tokens already given with it end within five minutes. The new one is shown "
        "in this answer and never again."
    ),
    response_model=AppWithSecret,
    openapi_extra=refuses(
        UnknownApp.code,
        AppAlreadyRemoved.code,
        PersonRequired.code,
        SignInServerUnavailable.code,
    ),
)
async def rotate_app_secret(
    app_id: Identity, office: AtOffice, keycloak: AtKeycloak, caller: OrganizationManager, once: once
) -> Response:
    """Rotate."""
    if once.result is not None:
        return await _repeated(office, once.result, 200)
    kept, secret = await commands.rotate_secret(office, keycloak, caller, str(app_id), once)
    return _shown(kept, secret, 200)


@router.delete(
    "/apps/{app_id}",
    operation_id="remove_app",
    summary="Remove an application",
    description="For good: its access ends within seconds, tokens valid or not, whether or not Keycloak answers.",
    status_code=204,
    openapi_extra=refuses(UnknownApp.code, AppAlreadyRemoved.code, PersonRequired.code),
)
async def remove_app(app_id: Identity, office: AtOffice, caller: OrganizationManager, once: once) -> Response:
    """Remove."""
    if once.result is None:
        await commands.remove(office, caller, str(app_id), once)
    return Response(status_code=204)
