"""Who one is, and for which organisation one acts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.access import Access
from gateway.callers import Callers
from gateway.exchange import Exchange
from gateway.limits import Limits
from gateway.origin import SameOrigin, form, local_path
from gateway.pages import Pages
from gateway.refreshing import Sessions
from gateway.refusals import NotYourOrganization
from gateway.sealing import Sealing
from gateway.sessions import Session, session_id
from gateway.signin import SESSION_COOKIE, SignIn, cookie
from kit.auth import InvalidToken, Principal


@dataclass(frozen=True, kw_only=True)
class Account:
    """The endpoints `/auth/me`, `/auth/organization`, and the sign-out of a browser."""

    callers: Callers
    sessions: Sessions
    access: Access
    limits: Limits
    origin: SameOrigin
    sealing: Sealing
    pages: Pages
    sign_in: SignIn

    async def me(self, exchange: Exchange) -> None:
        """Tell a caller who they are; raise InvalidToken, AccessEnded or AccessUnknown."""
        self.access.require_known()
        if b"authorization" in exchange.head.own:
            caller = await self.callers.identify(exchange)
            self.access.require(caller.principal)
            exchange.limits = self.limits.take(caller.principal)
            await exchange.json(200, _acting(caller.principal))
            return
        session = await self._session(exchange)
        if session.principal is not None:
            self.access.require(session.principal)
        await exchange.json(200, self._of_session(session))

    async def choose_page(self, exchange: Exchange) -> None:
        """Show the person's organisations, to choose the one they act for."""
        session = await self._session(exchange)
        await self.pages.organizations(
            exchange,
            session,
            self.sealing.form_token(session.id),
            local_path(exchange.parameter("next")),
        )

    async def choose(self, exchange: Exchange) -> None:
        """Act for the chosen organisation, under a new cookie; raise NotYourOrganization or CrossSite."""
        session = await self._session(exchange)
        await self.origin.require(exchange, session.id)
        fields = await form(exchange)
        alias = fields.get("alias") or await _alias_in_json(exchange)
        if alias not in {organization.alias for organization in session.organizations}:
            raise NotYourOrganization
        value = await self.sessions.choose(session, alias)
        new = [cookie(SESSION_COOKIE, value)]
        if fields:
            await exchange.redirect(local_path(fields.get("next")), new)
            return
        chosen = await self.sessions.find(session_id(value))
        if chosen is None:
            raise InvalidToken
        await exchange.json(200, self._of_session(chosen), new)

    async def logout(self, exchange: Exchange) -> None:
        """Sign the browser out; raise CrossSite when it was not our page that asked, or AccessUnknown."""
        self.access.require_known()
        value = exchange.cookie(SESSION_COOKIE)
        if value is not None:
            await self.origin.require(exchange, session_id(value))
        await self.sign_in.logout(exchange)

    async def backchannel_logout(self, exchange: Exchange) -> None:
        """End sessions on Keycloak's word; raise InvalidLogoutToken or AccessUnknown."""
        self.access.require_known()
        await self.sign_in.backchannel_logout(exchange, await form(exchange))

    async def _session(self, exchange: Exchange) -> Session:
        """Return the session; one whose organisation was suspended may still choose another."""
        self.access.require_known()
        session = await self.callers.session(exchange)
        if session is None:
            self.limits.take_address(exchange)
            raise InvalidToken
        self.access.require_session(session.sid)
        if session.principal is not None:
            exchange.limits = self.limits.take(session.principal)
        else:
            exchange.limits = self.limits.take_address(exchange)
        return session

    def _of_session(self, session: Session) -> Mapping[str, Any]:
        acting = _acting(session.principal) if session.principal else {"kind": "person", "user": session.user}
        return {
            "organization": None,
            **acting,
            "name": session.name,
            "locale": session.locale,
            "organizations": [
                {"alias": organization.alias, "sector": organization.sector, "roles": list(organization.roles)}
                for organization in session.organizations
            ],
            "form_token": self.sealing.form_token(session.id),
        }


def _acting(principal: Principal) -> dict[str, Any]:
    return {
        "kind": principal.kind,
        "user": principal.user,
        "client": principal.client,
        "organization": {
            "id": principal.organization,
            "alias": principal.alias,
            "family": principal.family,
            "sector": principal.sector,
            "regime": principal.regime,
        },
        "roles": sorted(principal.roles),
        "scopes": sorted(principal.scopes),
    }


async def _alias_in_json(exchange: Exchange) -> str:
    try:
        value = json.loads(await exchange.read())
    except (ValueError, RecursionError):
        return ""
    alias = value.get("alias") if isinstance(value, dict) else None
    return alias if isinstance(alias, str) else ""
