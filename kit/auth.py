"""Bearer tokens: from a signed access token to the principal of exactly one organisation.

Sources: OpenID Connect Core 1.0, RFC 6750, RFC 7515, RFC 7519, RFC 8725; the token's form is measured on
Keycloak 26.7.3.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, cast

from fastapi import Depends
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from joserfc import jws, jwt
from joserfc.errors import JoseError
from starlette.requests import HTTPConnection

from kit.clock import Clock, utc_now
from kit.keyset import Keys
from kit.problems import Problem, Refusal

ALGORITHMS = ("RS256", "ES256")
"""What Keycloak signs with here; everything else, `none` and HMAC first, is refused before a key is looked up."""
LEEWAY = 30
"""Seconds by which two machines' clocks may differ."""
CACHED_TOKENS = 4096
"""Verified tokens remembered until they expire; people and apps at work at once are far fewer."""
MAX_TOKEN = 16_384
"""Bytes; a token longer than all allowed headers is not ours."""
_LONG_AGO = datetime.fromtimestamp(0, UTC)


class InvalidToken(Refusal):
    """The token is absent, malformed, not ours, expired, or not an access token; it never says which."""

    code = "auth.invalid-token"


class OrganizationCount(Refusal):
    """The token speaks for no organisation, or for several at once."""

    code = "auth.organization-count"


class MissingScope(Refusal):
    """The principal's organisation role does not carry the scope that the operation needs."""

    code = "auth.missing-scope"

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.detail = scope


PROBLEMS: dict[str, Problem] = {
    InvalidToken.code: Problem(
        401,
        fr="Vous n'êtes pas connecté, ou votre connexion a pris fin",
        en="You are not signed in, or your sign-in has ended",
        next_fr="Connectez-vous de nouveau; une application demande un nouveau jeton.",
        next_en="Sign in again; an application asks for a new token.",
    ),
    OrganizationCount.code: Problem(
        403,
        fr="Le jeton doit parler au nom d'une seule organisation",
        en="The token must speak for exactly one organisation",
        next_fr="Choisissez votre organisation; une application demande `scope=organization:<alias>`.",
        next_en="Choose your organisation; an application asks for `scope=organization:<alias>`.",
    ),
    MissingScope.code: Problem(
        403,
        fr="Votre rôle dans cette organisation ne permet pas cette action",
        en="Your role in this organisation does not allow this action",
        next_fr="Demandez cet accès à la coordonnatrice ou au coordonnateur de votre organisation.",
        next_en="Ask your organisation's coordinator for this access.",
    ),
}
"""What each refusal of this module says to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls, for which one organisation, and what the organisation lets them do.

    `organization` is our own id (`org_id`), `alias` the name Keycloak knows it by. `roles` are our roles in the
    organisation (`caseworker`), `scopes` what these allow (`referral:send`). An app has no `session`.
    `issued` is when the token was, in whole seconds; without one, the beginning of time.
    """

    user: str
    client: str
    organization: str
    alias: str
    family: str
    sector: str
    regime: str
    roles: frozenset[str]
    scopes: frozenset[str]
    session: str | None
    kind: Literal["person", "app"]
    expires: datetime
    issued: datetime = _LONG_AGO


class Verifier:
    """Verifies access tokens locally; one a process, shared by all requests."""

    def __init__(
        self,
        issuer: str,
        jwks_url: str,
        audience: str = "coalition-api",
        clock: Clock = utc_now,
        *,
        keys: Keys | None = None,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._keys = keys or Keys(jwks_url, clock)
        self._registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
            azp={"essential": True},
        )
        self._verified: dict[bytes, Principal] = {}

    def known(self, token: str) -> Principal | None:
        """Return the principal of a token already verified here that has not expired, without waiting."""
        known = self._verified.get(sha256(token.encode()).digest())
        return known if known is not None and known.expires > self._clock() else None

    async def verify(self, token: str) -> Principal:
        """Return the principal of a valid access token; raise InvalidToken, OrganizationCount or KeysUnavailable."""
        found = self.known(token)
        if found is None:
            found = principal_of(await self.claims(token))
            self._remember(token, found)
        return found

    async def claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a valid access token, whatever organisations it names; raise InvalidToken."""
        claims = await self.signed(token)
        try:
            self._claims.validate(claims)
        except JoseError as error:
            raise InvalidToken from error
        if claims.get("typ") != "Bearer":
            raise InvalidToken  # An ID, refresh or logout token is signed by the same key.
        return claims

    async def signed(self, token: str) -> dict[str, Any]:
        """Return the claims of a token signed by the realm, unchecked otherwise; raise InvalidToken."""
        header = _header(token)
        # The key is chosen among the realm's own, by `kid` alone: a `jku`, `x5u` or `jwk` in the header is not read.
        key = await self._keys.find(header["kid"])
        if key is None:
            raise InvalidToken
        try:
            return jwt.decode(token, key, registry=self._registry).claims
        except (JoseError, ValueError) as error:
            raise InvalidToken from error

    def _remember(self, token: str, found: Principal) -> None:
        if len(self._verified) >= CACHED_TOKENS:
            now = self._clock()
            self._verified = {key: known for key, known in self._verified.items() if known.expires > now}
        while len(self._verified) >= CACHED_TOKENS:
            self._verified.pop(next(iter(self._verified)))
        # Its hash alone: a dump of memory shows no token.
        self._verified[sha256(token.encode()).digest()] = found


def _header(token: str) -> dict[str, Any]:
    """Return the protected header of a token whose algorithm, `kid` and `crit` are acceptable; raise InvalidToken."""
    if len(token) > MAX_TOKEN or not token.isascii():
        raise InvalidToken
    segment = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError) as error:
        raise InvalidToken from error
    if not isinstance(header, dict) or header.get("alg") not in ALGORITHMS or "crit" in header or "b64" in header:
        raise InvalidToken  # We understand no critical extension, so any is unknown (RFC 7515, 4.1.11).
    if not isinstance(header.get("kid"), str):
        raise InvalidToken
    return header


def principal_of(claims: Mapping[str, Any]) -> Principal:
    """Read the principal from verified claims; raise InvalidToken or OrganizationCount."""
    organizations = claims.get("organization") or {}
    if not isinstance(organizations, Mapping) or claims.get("kind") not in ("person", "app"):
        raise InvalidToken
    if len(organizations) != 1:
        raise OrganizationCount
    [(alias, organization)] = organizations.items()
    try:
        return _principal(claims, alias, organization)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InvalidToken from error


def _principal(claims: Mapping[str, Any], alias: str, organization: Mapping[str, Any]) -> Principal:
    # The roles of this organisation alone: a top-level `realm_access` would unite those of all organisations.
    granted = organization.get("realm_access", {}).get("roles", [])
    return Principal(
        user=claims["sub"],
        client=claims["azp"],
        organization=_one(organization, "org_id"),
        alias=alias,
        family=_one(organization, "family"),
        sector=_one(organization, "sector"),
        regime=_one(organization, "regime"),
        roles=frozenset(group.removeprefix("/") for group in organization.get("groups", [])),
        scopes=frozenset(role for role in granted if ":" in role),
        session=claims.get("sid"),
        kind=cast("Literal['person', 'app']", claims["kind"]),
        expires=datetime.fromtimestamp(claims["exp"], UTC),
        issued=datetime.fromtimestamp(claims["iat"], UTC),
    )


def _one(organization: Mapping[str, Any], attribute: str) -> str:
    """Return the single text of an organisation's attribute; raise ValueError or TypeError when it is anything else."""
    [value] = organization[attribute]
    if not isinstance(value, str):
        raise TypeError(attribute)
    return value


class _Bearer(SecurityBase):
    """Reads the bearer token, and names the scheme in OpenAPI so that scopes appear on each operation."""

    scheme_name = "token"
    model = HTTPBearerModel(
        bearerFormat="JWT",
        description="Access token of one organisation, from Keycloak (RFC 6750). See the documentation: signing in.",
    )

    async def __call__(self, connection: HTTPConnection) -> str:
        return bearer(connection.headers.getlist("authorization"))


def bearer(headers: list[str]) -> str:
    """Return the token of the only Authorization header; raise InvalidToken when there is none, or another form."""
    if len(headers) != 1:
        raise InvalidToken
    scheme, _, token = headers[0].partition(" ")
    if scheme.lower() != "bearer" or not token or " " in token:
        raise InvalidToken
    return token


_bearer = _Bearer()


async def principal(
    connection: HTTPConnection, scopes: SecurityScopes, token: Annotated[str, Depends(_bearer)]
) -> Principal:
    """FastAPI dependency: the caller, holding every scope of `Security(principal, scopes=[...])`.

    Reads `app.state.verifier`; raises InvalidToken (401), OrganizationCount or MissingScope (403).
    """
    verifier: Verifier = connection.app.state.verifier
    found = await verifier.verify(token)
    for scope in scopes.scopes:
        if scope not in found.scopes:
            raise MissingScope(scope)
    return found
