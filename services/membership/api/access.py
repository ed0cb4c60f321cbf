"""What every route needs: the office, the caller with their scope, a page's cursor."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Security

from kit.auth import Principal, principal
from kit.http import decode_cursor, encode_cursor
from services.membership.commands.office import Office
from services.membership.keycloak import Keycloak

PREFIX: Final = "/api/v1/membership"


async def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


async def _keycloak(request: Request) -> Keycloak:
    keycloak: Keycloak = request.app.state.keycloak
    return keycloak


AtKeycloak = Annotated[Keycloak, Depends(_keycloak)]
AtOffice = Annotated[Office, Depends(_office)]
Identity = Annotated[UUID, Path(description="The identifier.", examples=["0b8f7c52-6f0e-4b7e-9d5c-6a1f1d0e2c11"])]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=1024, description="`next` of the page before.")]

DirectoryReader = Annotated[Principal, Security(principal, scopes=["directory:read"])]
DirectoryWriter = Annotated[Principal, Security(principal, scopes=["directory:write"])]
OrganizationReader = Annotated[Principal, Security(principal, scopes=["organization:read"])]
OrganizationManager = Annotated[Principal, Security(principal, scopes=["organization:manage"])]
PeopleManager = Annotated[Principal, Security(principal, scopes=["representative:manage"])]
Coordination = Annotated[Principal, Security(principal, scopes=["membership:coordinate"])]
Board = Annotated[Principal, Security(principal, scopes=["membership:decide"])]


def position(request: Request, listing: str, cursor: str | None) -> str | None:
    """Return where a page begins; raises `MalformedCursor` for a cursor of another list."""
    return str(decode_cursor(request.app.state.cursor_key, listing, cursor)[0]) if cursor else None


def following(request: Request, listing: str, after: str | None) -> str | None:
    """Return the cursor of the next page, or None at the end."""
    return encode_cursor(request.app.state.cursor_key, listing, [after]) if after is not None else None
