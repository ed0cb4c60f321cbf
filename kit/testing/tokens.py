"""Signed tokens for tests: a local key, builders by role, and the keys a service's Verifier is given.

The form is that of the realm's own tokens, measured on Keycloak 26.7.3; nothing here is ever trusted outside tests.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import RSAKey

from kit.auth import Verifier
from kit.clock import Clock, utc_now
from kit.keyset import Keys

ISSUER = "http://localhost/realms/coalition"
AUDIENCE = "coalition-api"
LIFETIME = 300
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": "test-key"})

SCOPES = {
    "intake": {
        *("directory:read", "organization:read", "inbox:read", "referral:receive", "referral:read"),
        *("person:read", "person:write", "consent:write", "capacity:ask", "capacity:answer"),
    },
    "caseworker": {
        *("directory:read", "organization:read", "inbox:read", "referral:send", "referral:receive", "referral:read"),
        *("person:read", "person:write", "consent:write", "capacity:ask"),
    },
    "coordinator": {
        *("directory:read", "directory:write", "organization:read", "organization:manage", "representative:manage"),
        *("inbox:read", "referral:send", "referral:receive", "referral:read", "person:read", "person:write"),
        *("consent:write", "capacity:ask", "capacity:answer", "emergency:review"),
    },
    "privacy-officer": {"directory:read", "organization:read", "inbox:read", "audit:read", "emergency:review"},
    "coordination": {
        *("directory:read", "organization:read", "organization:manage", "representative:manage", "inbox:read"),
        *("membership:coordinate", "emergency:review"),
    },
    "board": {"directory:read", "organization:read", "inbox:read", "membership:decide"},
    "auditor": {"organization:read", "inbox:read", "audit:verify"},
}
"""What each role holds in a community organisation, or in the coalition's own; the realm's table is the truth."""


def jwks() -> dict[str, Any]:
    """Return the public keys, as an issuer publishes them."""
    return {"keys": [KEY.as_dict(private=False)]}


def verifier(clock: Clock = utc_now) -> Verifier:
    """Return a Verifier that trusts the tokens of this module, without any server."""
    return Verifier(ISSUER, "", AUDIENCE, clock, keys=Keys("", clock, _local))


async def _local() -> Mapping[str, Any]:
    return jwks()


def sign(claims: Mapping[str, Any], **header: Any) -> str:
    """Sign any claims with the trusted key; `header` adds to or replaces the header's members."""
    return jwt.encode({"alg": "RS256", "kid": KEY.kid, **header}, dict(claims), KEY)


def claims_of(
    *,
    organization: str | None = None,
    user: str | None = None,
    alias: str = "refuge-du-nord",
    family: str = "ngo",
    sector: str = "community",
    regime: str = "private",
    roles: tuple[str, ...] = ("caseworker",),
    scopes: set[str] | None = None,
    at: datetime | None = None,
    **others: Any,
) -> dict[str, Any]:
    """Return the claims of a person's access token; `others` adds or replaces claims."""
    granted = scopes if scopes is not None else set().union(*(SCOPES[role] for role in roles))
    now = int(at.timestamp() if at else time.time())
    entry = {
        "id": str(uuid4()),
        "org_id": [organization or str(uuid4())],
        "sector": [sector],
        "family": [family],
        "regime": [regime],
        "groups": [f"/{role}" for role in roles],
        "realm_access": {"roles": [*sorted(granted), *(f"{family}.{sector}.{role}" for role in roles)]},
    }
    times = {"exp": now + LIFETIME, "iat": now}
    issued = {"jti": str(uuid4()), "iss": ISSUER, "aud": AUDIENCE, "typ": "Bearer", "azp": "gateway", "kind": "person"}
    holder = {"sub": user or str(uuid4()), "sid": str(uuid4()), "scope": f"openid organization:{alias}"}
    return {**times, **issued, **holder, "organization": {alias: entry}, **others}


def token(**changes: Any) -> str:
    """Return a signed access token; the arguments are those of `claims_of`."""
    return sign(claims_of(**changes))


def bearer(**changes: Any) -> dict[str, str]:
    """Return the Authorization header of a signed access token; the arguments are those of `claims_of`."""
    return {"Authorization": f"Bearer {token(**changes)}"}


def as_intake(**changes: Any) -> dict[str, str]:
    """Return the header of someone who receives referrals."""
    return bearer(roles=("intake",), **changes)


def as_caseworker(**changes: Any) -> dict[str, str]:
    """Return the header of a caseworker."""
    return bearer(roles=("caseworker",), **changes)


def as_coordinator(**changes: Any) -> dict[str, str]:
    """Return the header of an organisation's coordinator."""
    return bearer(roles=("coordinator",), **changes)


def as_privacy_officer(**changes: Any) -> dict[str, str]:
    """Return the header of an organisation's privacy officer."""
    return bearer(roles=("privacy-officer",), **changes)


def as_coalition(role: str, **changes: Any) -> dict[str, str]:
    """Return the header of the coalition's own staff: coordination, board or auditor."""
    seat = {"alias": "coalition", "family": "coalition", "sector": "coalition"}
    return bearer(**{**seat, "roles": (role,), **changes})


def as_app(client: str = "demo-app", *, scopes: set[str], **changes: Any) -> dict[str, str]:
    """Return the header of an organisation's own software, with the scopes it was registered with."""
    claims = claims_of(roles=(f"app-{client}",), scopes=scopes, azp=client, kind="app", **changes)
    del claims["sid"]
    return {"Authorization": f"Bearer {sign(claims)}"}
