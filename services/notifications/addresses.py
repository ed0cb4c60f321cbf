"""Where a person is reached and in which language: asked of Keycloak by user id, kept five minutes, never stored."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import quote

from keycloak import KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakGetError, raise_error_from_response

from services.notifications.domain.preferences import Language

KEPT = timedelta(minutes=5)
MOST_KEPT = 5_000
TIMEOUT_SECONDS = 8
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Address:
    """A person's verified e-mail address and language; it prints as nothing."""

    email: str = field(repr=False)
    language: Language


class NoAddress(Exception):  # noqa: N818 - it reads as what happened
    """Nobody can be written to under this id; `reason` is a code: no-account, account-disabled or no-address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Addresses:
    """Asks Keycloak as a client that may view users and nothing else.

    A Keycloak that does not answer raises python-keycloak's own error: the infrastructure's fault, worth another try.
    """

    def __init__(self, url: str, realm: str, client: str, secret: str, clock: Callable[[], datetime]) -> None:
        self._path = f"/admin/realms/{quote(realm, safe='')}/users/"
        self._clock = clock
        self._kept: dict[str, tuple[datetime, Address]] = {}
        # python-keycloak #708: concurrent calls would each fetch a token.
        self._one_at_a_time = asyncio.Lock()
        self._connection = KeycloakOpenIDConnection(
            server_url=url, realm_name=realm, client_id=client, client_secret_key=secret, timeout=TIMEOUT_SECONDS
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.aclose()
        await self._connection.keycloak_openid.connection.aclose()

    async def of(self, user: str) -> Address:
        """Return the address of a user; raises `NoAddress`."""
        async with self._one_at_a_time:
            kept = self._kept.get(user)
            if kept and self._clock() - kept[0] < KEPT:
                return kept[1]
            self._kept.pop(user, None)
            found = read(await self._account(user))
            self._keep(user, found)
            return found

    async def _account(self, user: str) -> dict[str, Any]:
        response = await self._connection.a_raw_get(self._path + quote(user, safe=""))
        if response.status_code == _NOT_FOUND:
            raise NoAddress("no-account")
        account = raise_error_from_response(response, KeycloakGetError)
        if not isinstance(account, dict):
            raise KeycloakGetError("not an account", response.status_code)
        return account

    def _keep(self, user: str, address: Address) -> None:
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[user] = (self._clock(), address)


def read(account: dict[str, Any]) -> Address:
    """Read an account as Keycloak shows it (UserRepresentation, 26.7); raises `NoAddress`."""
    if not account.get("enabled"):
        raise NoAddress("account-disabled")
    if not account.get("email") or not account.get("emailVerified"):
        raise NoAddress("no-address")
    locale = ((account.get("attributes") or {}).get("locale") or ["fr"])[0]
    return Address(account["email"], "en" if locale == "en" else "fr")
