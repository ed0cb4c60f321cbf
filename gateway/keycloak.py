"""The realm's endpoints the gateway calls as its confidential client (OpenID Connect Core 1.0, RFC 7636, RFC 9207)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import aiohttp

from gateway.refusals import SignInUnavailable
from gateway.settings import GatewaySettings

TIMEOUT = 5
ALL = "openid organization:*"
_PROTOCOL = "/protocol/openid-connect"


class GrantRefused(Exception):  # noqa: N818 - it reads as what happened
    """Keycloak answered 4xx to a grant; `error` is OAuth's code (`invalid_grant`, `invalid_scope`)."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True, slots=True)
class Grant:
    """What the token endpoint gave; `refresh_seconds` is how long the session lives without another refresh."""

    access: str
    refresh: str
    refresh_seconds: int
    id_token: str | None


class Keycloak:
    """Calls the realm at its internal address; sends browsers to its public one."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._public = settings.issuer + _PROTOCOL
        self._internal = settings.realm_url + _PROTOCOL
        self._client = {
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
        }
        self.callback = f"{settings.public_url}/auth/callback"
        self.home = f"{settings.public_url}/"
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool; it connects at first use."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def sign_in_address(self, state: str, nonce: str, verifier: str, language: str) -> str:
        """Return where a browser signs in."""
        query = {
            "response_type": "code",
            "client_id": self._client["client_id"],
            "redirect_uri": self.callback,
            "scope": ALL,
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        return f"{self._public}/auth?{urlencode(query)}"

    def sign_out_address(self) -> str:
        """Return where a browser can end its Keycloak session itself; it is asked to confirm."""
        query = {"client_id": self._client["client_id"], "post_logout_redirect_uri": self.home}
        return f"{self._public}/logout?{urlencode(query)}"

    async def exchange(self, code: str, verifier: str) -> Grant:
        """Exchange an authorization code; raise GrantRefused or SignInUnavailable."""
        grant = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return await self._grant({**grant, "redirect_uri": self.callback})

    async def refresh(self, token: str, alias: str | None) -> Grant:
        """Refresh for one organisation, or for all; the scope is always said, or Keycloak goes back to all.

        Raise GrantRefused or SignInUnavailable. The refresh token is spent, except by `invalid_scope`.
        """
        scope = ALL if alias is None else f"openid organization:{alias}"
        return await self._grant({"grant_type": "refresh_token", "refresh_token": token, "scope": scope})

    async def end(self, refresh: str) -> bool:
        """End the Keycloak session directly, so that no token travels through a browser's address bar."""
        try:
            status, _ = await self._post("/logout", {"refresh_token": refresh})
        except SignInUnavailable:
            return False
        return status < 300  # noqa: PLR2004 - 2xx

    async def _grant(self, grant: Mapping[str, str]) -> Grant:
        status, body = await self._post("/token", grant)
        if status != 200:  # noqa: PLR2004 - RFC 6749, 5.1
            raise GrantRefused(str(body.get("error", "unknown")))
        return Grant(
            access=body["access_token"],
            refresh=body["refresh_token"],
            refresh_seconds=int(body["refresh_expires_in"]),
            id_token=body.get("id_token"),
        )

    async def _post(self, path: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        assert self._session is not None  # noqa: S101 - opened by the lifespan
        try:
            async with self._session.post(
                self._internal + path, data={**form, **self._client}, allow_redirects=False
            ) as answer:
                if answer.status >= 500:  # noqa: PLR2004 - 5xx
                    raise SignInUnavailable
                body = await answer.json(content_type=None) if answer.status != 204 else {}  # noqa: PLR2004
                return answer.status, body or {}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise SignInUnavailable from error
