"""The realm's other signed statements: who signed in (ID token), and who is signed out (logout token)."""

from typing import Any

from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from kit.auth import LEEWAY, InvalidToken, Verifier
from kit.clock import Clock

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_AGE = 300


class IdentityTokens:
    """Verifies ID and logout tokens meant for this client; raises InvalidToken."""

    def __init__(self, verifier: Verifier, issuer: str, client: str, clock: Clock) -> None:
        self._verifier = verifier
        self._client = client
        self._clock = clock
        self._claims = JWTClaimsRegistry(
            now=lambda: int(clock().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client},
            iat={"essential": True},
        )

    async def id_token(self, token: str, nonce: str) -> dict[str, Any]:
        """Return the claims of an ID token that answers this sign-in (OpenID Connect Core 1.0, 3.1.3.7)."""
        claims = await self._meant_for_us(token)
        # `azp` always: Keycloak states it, and it is what tells us apart where several audiences are named.
        ours = claims.get("azp") == self._client and claims.get("nonce") == nonce
        if claims.get("typ") != "ID" or not ours or "exp" not in claims or "sub" not in claims:
            raise InvalidToken
        return claims

    async def logout_token(self, token: str) -> dict[str, Any]:
        """Return the claims of a logout token (OpenID Connect Back-Channel Logout 1.0, 2.6)."""
        claims = await self._meant_for_us(token)
        recent = claims["iat"] > self._clock().timestamp() - LOGOUT_AGE
        events = claims.get("events")
        names_event = isinstance(events, dict) and LOGOUT_EVENT in events
        if not recent or not names_event or "nonce" in claims or not _names_someone(claims):
            raise InvalidToken
        return claims

    async def _meant_for_us(self, token: str) -> dict[str, Any]:
        claims = await self._verifier.signed(token)
        try:
            self._claims.validate(claims)
        except JoseError as error:
            raise InvalidToken from error
        return claims


def _names_someone(claims: dict[str, Any]) -> bool:
    named = [claims[name] for name in ("sid", "sub") if name in claims]
    return bool(named) and all(isinstance(name, str) for name in named)
