"""What every route needs: the desk, the caller, and pages bound to one reader's list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request

from kit.auth import MissingScope, Principal
from kit.http import decode_cursor, encode_cursor
from kit.telemetry import request_id
from services.referral.commands.desk import Caller, Desk
from services.referral.domain.identifiers import OrganizationId, UserId
from services.referral.domain.party import CASEWORKER, INTAKE
from services.referral.domain.taxonomy import Sector

PREFIX = "/api/v1/referral"

# An organisation's own software has no role: its scopes alone bound it, and it works as intake and caseworker would.
_APP_ROLES = frozenset({INTAKE, CASEWORKER})
_SECTORS = frozenset(sector.value for sector in Sector)

T = TypeVar("T")


def caller_of(principal: Principal) -> Caller:
    """Return the caller as the use cases know one."""
    return Caller(
        organization=OrganizationId(principal.organization),
        user=UserId(principal.user),
        roles=_APP_ROLES if principal.kind == "app" else principal.roles,
        sector=Sector(principal.sector) if principal.sector in _SECTORS else None,
        request_id=request_id.get(),
    )


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]


def require_scope(principal: Principal, scope: str) -> None:
    """Raise `MissingScope` (403) where an operation that both parties share wants the one's own scope."""
    if scope not in principal.scopes:
        raise MissingScope(scope)


@dataclass(frozen=True, slots=True)
class Paging:
    """A page asked for, and the key that makes its cursors."""

    key: bytes
    cursor: str | None
    limit: int

    def after(self, purpose: str) -> tuple[datetime, Any] | None:
        """Return the position after which the page begins; raises `MalformedCursor`."""
        if self.cursor is None:
            return None
        at, identity = decode_cursor(self.key, purpose, self.cursor)
        return at, identity

    def cut(
        self, purpose: str, rows: Sequence[T], position: Callable[[T], tuple[Any, Any]]
    ) -> tuple[Sequence[T], str | None]:
        """Return the page of one row too many, and the cursor of the next."""
        if len(rows) <= self.limit:
            return rows, None
        shown = rows[: self.limit]
        return shown, encode_cursor(self.key, purpose, position(shown[-1]))


async def _paging(
    request: Request,
    cursor: Annotated[str | None, Query(max_length=1024, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 20,
) -> Paging:
    return Paging(request.app.state.cursor_key, cursor, limit)


Pages = Annotated[Paging, Depends(_paging)]
