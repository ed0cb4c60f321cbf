"""The directory of services: searched by everyone who refers, kept right by each organisation."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from kit.http import Expected, etag, once, reply
from kit.problems import refuses
from services.membership.api.access import (
    PREFIX,
    AtOffice,
    DirectoryReader,
    DirectoryWriter,
    Identity,
    following,
    position,
)
from services.membership.api.requests import ServiceEntry
from services.membership.api.searching import PARAMETERS, read_query
from services.membership.commands import directory as commands
from services.membership.commands.office import Office
from services.membership.domain.directory import (
    AgesInconsistent,
    PlacesInconsistent,
    ScheduleMalformed,
    ServiceWithdrawn,
    UnknownService,
    UnknownTerm,
)
from services.membership.domain.organization import UnknownOrganization
from services.membership.domain.region import NEIGHBOURS, REGIONS, UnknownRegion
from services.membership.domain.standing import NotMember
from services.membership.domain.taxonomy import ACCESSIBILITY, NEEDS, POPULATIONS
from services.membership.domain.text import Text
from services.membership.views import RegionView, ServicePage, ServiceView, TaxonomyView, TermView

router = APIRouter(prefix=PREFIX, tags=["directory"])

_ENTRY_RULES = (
    UnknownTerm.code,
    UnknownRegion.code,
    PlacesInconsistent.code,
    AgesInconsistent.code,
    ScheduleMalformed.code,
)


async def _answer(office: Office, reader: str, identity: str, status: int = 200) -> Response:
    """Answer with a service as the reader's organisation may see it."""
    row = await office.directory.one(identity, reader)
    if row is None:
        raise UnknownService
    headers = {"etag": etag(row.version)}
    if status == 201:  # noqa: PLR2004 - created
        headers["location"] = f"{PREFIX}/services/{identity}"
    return Response(row.rendered, status, headers, "application/json")


def _terms(taxonomy: dict[str, Text]) -> tuple[TermView, ...]:
    return tuple(TermView(code=code, name=name) for code, name in taxonomy.items())


_TAXONOMY = TaxonomyView(
    needs=_terms(NEEDS),
    populations=_terms(POPULATIONS),
    accessibility=_terms(ACCESSIBILITY),
    regions=tuple(RegionView(code=code, name=name, neighbours=NEIGHBOURS[code]) for code, name in REGIONS.items()),
)


@router.get(
    "/services",
    operation_id="search_services",
    summary="Search the directory of services",
    description=(
        "Services that serve the region first, then (with `neighbours`) those of the regions next to it; each by name, "
        "stale and closed ones last. Accents, elisions and plurals do not count in `q`. A confidential place shows its "
        "region only, to everyone but its own organisation."
    ),
    response_model=ServicePage,
    openapi_extra=refuses(UnknownTerm.code, "request.invalid", "request.malformed-cursor") | {"parameters": PARAMETERS},
)
async def search_services(request: Request, office: AtOffice, caller: DirectoryReader) -> Response:
    """Answer with one page, joined from what was rendered when each service was saved."""
    query = read_query(request)
    listing = query.listing()
    search = query.search(position(request, listing, query.cursor) or "", office.clock())
    found = await office.directory.search(search, caller.organization)
    more = following(request, listing, found.next)
    tail = f'"{more}"' if more else "null"
    return Response(f'{{"items":[{",".join(found.items)}],"next":{tail}}}', media_type="application/json")


@router.post(
    "/services",
    operation_id="publish_service",
    summary="Publish a service",
    description="Of the caller's own organisation; whoever publishes it assures that it is right.",
    status_code=201,
    response_model=ServiceView,
    openapi_extra=refuses(*_ENTRY_RULES, NotMember.code, UnknownOrganization.code, UnknownService.code),
)
async def publish_service(body: ServiceEntry, office: AtOffice, caller: DirectoryWriter, once: once) -> Response:
    """Publish."""
    identity = once.result
    if identity is None:
        identity = (await commands.publish(office, caller, body.entry(), once)).state.id
    return await _answer(office, caller.organization, identity, 201)


@router.get(
    "/services/{service_id}",
    operation_id="read_service",
    summary="Read a service",
    description="With the version to send back as `If-Match` when changing it.",
    response_model=ServiceView,
    openapi_extra=refuses(UnknownService.code),
)
async def read_service(service_id: Identity, office: AtOffice, caller: DirectoryReader) -> Response:
    """Answer with one service."""
    return await _answer(office, caller.organization, str(service_id))


@router.put(
    "/services/{service_id}",
    operation_id="change_service",
    summary="Change a service",
    description="Replaces the whole entry, over the version that was read; whoever changes it assures it.",
    response_model=ServiceView,
    openapi_extra=refuses(*_ENTRY_RULES, UnknownService.code, ServiceWithdrawn.code),
)
async def change_service(
    service_id: Identity,
    body: ServiceEntry,
    office: AtOffice,
    caller: DirectoryWriter,
    expected: Expected,
    once: once,
) -> Response:
    """Change."""
    if once.result is None:
        await commands.change(office, caller, str(service_id), body.entry(), expected, once)
    return await _answer(office, caller.organization, str(service_id))


@router.post(
    "/services/{service_id}/assurances",
    operation_id="assure_service",
    summary="Say that a service's entry is still right",
    description="Half a year later the entry would be flagged as stale.",
    response_model=ServiceView,
    openapi_extra=refuses(UnknownService.code, ServiceWithdrawn.code),
)
async def assure_service(service_id: Identity, office: AtOffice, caller: DirectoryWriter, once: once) -> Response:
    """Assure."""
    if once.result is None:
        await commands.assure(office, caller, str(service_id), once)
    return await _answer(office, caller.organization, str(service_id))


@router.delete(
    "/services/{service_id}",
    operation_id="withdraw_service",
    summary="Take a service out of the directory",
    description="For good; referrals under way go on.",
    status_code=204,
    openapi_extra=refuses(UnknownService.code, ServiceWithdrawn.code),
)
async def withdraw_service(service_id: Identity, office: AtOffice, caller: DirectoryWriter, once: once) -> Response:
    """Withdraw."""
    if once.result is None:
        await commands.withdraw(office, caller, str(service_id), once)
    return Response(status_code=204)


@router.get(
    "/taxonomy",
    operation_id="read_taxonomy",
    summary="Read the coalition's words for needs, populations, accessibility and regions",
    description="In French and in English; regions with those next to them.",
    response_model=TaxonomyView,
    openapi_extra=refuses(access="public"),
)
async def read_taxonomy() -> Response:
    """Answer with the taxonomy."""
    return reply(_TAXONOMY)
