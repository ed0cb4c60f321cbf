"""The issuer's public keys, fetched from its internal address and remembered."""

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from kit.clock import Clock, utc_now
from kit.problems import Problem, Refusal

REFETCH = timedelta(minutes=1)
"""An unknown `kid` asks the issuer again at most this often, or anyone could make us call it at will."""
MAX_AGE = timedelta(minutes=10)
"""Known keys are read again after this long, so that a key the issuer withdrew stops being accepted."""
RETRY = timedelta(seconds=2)
"""After a failed fetch, wait this long before the next, so that a dead issuer is not called by each request."""
TIMEOUT = 5
MAX_JWKS = 262_144

Fetch = Callable[[], Awaitable[Mapping[str, Any]]]


class KeysUnavailable(Refusal):
    """The issuer's keys were never read yet and cannot be read now."""

    code = "auth.keys-unavailable"


PROBLEMS: dict[str, Problem] = {
    KeysUnavailable.code: Problem(
        503,
        fr="La vérification des connexions est momentanément impossible",
        en="Sign-ins cannot be verified at the moment",
        next_fr="Réessayez dans quelques secondes.",
        next_en="Try again in a few seconds.",
    )
}


class Keys:
    """The signing keys of one issuer, by `kid`; keys already known serve on while the issuer is down."""

    def __init__(self, url: str, clock: Clock = utc_now, fetch: Fetch | None = None) -> None:
        self._url = url
        self._clock = clock
        self._fetch = fetch or self._fetch_url
        self._keys: dict[str, Key] = {}
        self._next = self._stale = datetime.min.replace(tzinfo=UTC)
        self._one_at_a_time = asyncio.Lock()

    async def find(self, kid: str) -> Key | None:
        """Return the issuer's key of that id, or None when the issuer has none; raise KeysUnavailable."""
        if kid not in self._keys or self._clock() >= self._stale:
            async with self._one_at_a_time:
                await self._refresh(kid)
        return self._keys.get(kid)

    async def _refresh(self, kid: str) -> None:
        now = self._clock()
        wanted = kid not in self._keys or now >= self._stale
        if wanted and now >= self._next:
            self._next = now + RETRY
            with suppress(OSError, http.client.HTTPException, TypeError, KeyError, ValueError):
                self._keys = _signing_keys(await self._fetch())
                self._next, self._stale = now + REFETCH, now + MAX_AGE
        if not self._keys:
            raise KeysUnavailable

    async def _fetch_url(self) -> Mapping[str, Any]:
        return await asyncio.to_thread(_get_json, self._url)


def _signing_keys(jwks: Mapping[str, Any]) -> dict[str, Key]:
    """Return the public RSA and EC keys meant for signatures; anything else published beside them is passed over."""
    keys: dict[str, Key] = {}
    for described in jwks["keys"]:
        if described.get("kty") in ("RSA", "EC") and described.get("use", "sig") == "sig":
            with suppress(JoseError, ValueError):
                keys[described["kid"]] = import_key(described)
    return keys


def _get_json(url: str) -> Mapping[str, Any]:
    """Read a JSON object; no redirect is followed, so only the configured address is ever called."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT)
    try:
        connection.request("GET", parts.path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(MAX_JWKS + 1)
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK or len(body) > MAX_JWKS:
        raise OSError(response.status)
    found: Mapping[str, Any] = json.loads(body)
    return found
