"""Signing in and out of browsers: authorization code with PKCE, state and nonce; back-channel logout."""

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

import structlog

from gateway.access import Access
from gateway.exchange import Exchange
from gateway.identity import IdentityTokens
from gateway.keycloak import Grant, GrantRefused, Keycloak
from gateway.limits import Limits
from gateway.origin import local_path
from gateway.refreshing import Sessions
from gateway.refusals import InvalidLogoutToken, SignInFailed
from gateway.sealing import Sealing, Unopenable
from gateway.sessions import SessionStore, SignedIn, organizations_of, session_id
from kit.auth import InvalidToken, Verifier
from kit.clock import Clock

SESSION_COOKIE = b"__Host-session"
LOGIN_COOKIE = b"__Host-login"
LOGIN_SECONDS = 1800
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"

log = structlog.get_logger()

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way, sealed into a cookie of the browser that began it, so that no other can end it."""

    state: str
    nonce: str
    verifier: str
    next: str
    ends: float


def cookie(name: bytes, value: str, *, seconds: int | None = None) -> Header:
    """Return a Set-Cookie header; without `seconds` it ends with the browser, 0 removes it."""
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return b"set-cookie", f"{name.decode()}={value}; {_ATTRIBUTES}{age}".encode()


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """The endpoints `/auth/login`, `/auth/callback`, `/auth/logout` and `/auth/backchannel-logout`."""

    keycloak: Keycloak
    store: SessionStore
    sessions: Sessions
    access: Access
    limits: Limits
    sealing: Sealing
    verifier: Verifier
    identity: IdentityTokens
    issuer: str
    clock: Clock

    async def login(self, exchange: Exchange) -> None:
        """Send the browser to Keycloak, remembering in a sealed cookie what must come back; raise AccessUnknown."""
        self.access.require_known()
        await self.limits.take_sign_in(exchange)
        begun = Begun(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            next=local_path(exchange.parameter("next")),
            ends=self.clock().timestamp() + LOGIN_SECONDS,
        )
        sealed = self.sealing.seal(json.dumps(asdict(begun)), "login").hex()
        address = self.keycloak.sign_in_address(begun.state, begun.nonce, begun.verifier, exchange.language)
        await exchange.redirect(address, [cookie(LOGIN_COOKIE, sealed, seconds=LOGIN_SECONDS)])

    async def callback(self, exchange: Exchange) -> None:
        """Exchange the code for a session under a new cookie; raise SignInFailed, SignInUnavailable, AccessUnknown."""
        self.access.require_known()  # A code is good once; unspent, loading the page again completes it.
        begun = self._begun(exchange)
        code = exchange.parameter("code")
        if code is None or exchange.parameter("iss") not in (None, self.issuer):
            raise SignInFailed
        grant, who = await self._exchange(code, begun)
        alias = who.organizations[0].alias if len(who.organizations) == 1 else None
        if alias is not None:
            grant = await self._granted(grant, alias)
        await self._end_previous(exchange)
        value = await self.store.create(who, grant, alias)
        await self.limits.give_sign_in_back(exchange)
        after = begun.next if alias is not None else f"/auth/organization?next={quote(begun.next, safe='/')}"
        await exchange.redirect(after, [cookie(SESSION_COOKIE, value), cookie(LOGIN_COOKIE, "", seconds=0)])

    async def logout(self, exchange: Exchange) -> None:
        """End the session here and at Keycloak, on every replica; whoever asked is already known to be our page."""
        value = exchange.cookie(SESSION_COOKIE)
        session = await self.store.load(session_id(value)) if value else None
        after: str = "/"
        if session is not None:
            await self.access.end_session(session.sid)
            await self.store.delete_all(sid=session.sid, user=None)
            self.sessions.forget(session.id)
            if not await self.keycloak.end(session.refresh):
                after = self.keycloak.sign_out_address()
        await exchange.redirect(after, [cookie(SESSION_COOKIE, "", seconds=0)])

    async def backchannel_logout(self, exchange: Exchange, fields: Mapping[str, str]) -> None:
        """End the sessions that Keycloak says have ended (OpenID Connect Back-Channel Logout 1.0)."""
        claims = await self._logout_claims(fields.get("logout_token", ""))
        sids = await self.store.delete_all(sid=claims.get("sid"), user=claims.get("sub"))
        for sid in sids:
            await self.access.end_session(sid)
        await exchange.answer(200, [(b"cache-control", b"no-store")])

    def _begun(self, exchange: Exchange) -> Begun:
        sealed = exchange.cookie(LOGIN_COOKIE)
        try:
            begun = Begun(**json.loads(self.sealing.open(bytes.fromhex(sealed or ""), "login")))
        except (Unopenable, ValueError) as error:
            raise SignInFailed from error
        state = exchange.parameter("state") or ""
        if not hmac.compare_digest(state.encode(), begun.state.encode()) or begun.ends < self.clock().timestamp():
            raise SignInFailed
        return begun

    async def _exchange(self, code: str, begun: Begun) -> tuple[Grant, SignedIn]:
        try:
            grant = await self.keycloak.exchange(code, begun.verifier)
            access = await self.verifier.claims(grant.access)
            identity = await self.identity.id_token(grant.id_token or "", begun.nonce)
        except (GrantRefused, InvalidToken) as error:
            log.info("sign-in.refused", reason=getattr(error, "error", "token"))
            raise SignInFailed from error
        if identity["sub"] != access["sub"] or "sid" not in access:
            raise SignInFailed
        who = SignedIn(
            sid=access["sid"],
            user=access["sub"],
            name=str(identity.get("name", "")),
            locale=str(identity.get("locale", "fr")),
            organizations=organizations_of(access),
        )
        return grant, who

    async def _granted(self, grant: Grant, alias: str) -> Grant:
        try:
            return await self.keycloak.refresh(grant.refresh, alias)
        except GrantRefused as error:
            raise SignInFailed from error

    async def _end_previous(self, exchange: Exchange) -> None:
        """Forget the session this browser came with: an id known before the sign-in must not be worth more after."""
        value = exchange.cookie(SESSION_COOKIE)
        if value is not None:
            identity = session_id(value)
            await self.store.delete(identity)
            self.sessions.forget(identity)

    async def _logout_claims(self, token: str) -> dict[str, Any]:
        try:
            return await self.identity.logout_token(token)
        except InvalidToken as error:
            raise InvalidLogoutToken from error
