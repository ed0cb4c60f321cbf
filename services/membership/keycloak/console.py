"""Keycloak's administration interface for our realm, asynchronously, as JSON in and JSON out."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import quote

from httpx import Response
from keycloak import KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakGetError, raise_error_from_response

BAD_REQUEST, NOT_FOUND, CONFLICT = 400, 404, 409


class ProvisioningRefused(Exception):  # noqa: N818 - it reads as what happened
    """Keycloak will never do what was asked: trying again changes nothing.

    It carries none of Keycloak's own text, which may name people.
    """

    code: ClassVar[str] = "membership.provisioning-refused"


class NotThere(Exception):  # noqa: N818 - it reads as what happened
    """What the path names is not in Keycloak."""


class NotAccepted(Exception):  # noqa: N818 - it reads as what happened
    """Keycloak did not accept a request; while two of us work on one thing the next attempt may pass."""


class AlreadyThere(Exception):  # noqa: N818 - it reads as what happened
    """What was to be created is in Keycloak already."""


@contextmanager
def described() -> Iterator[None]:
    """Around the call that describes something to Keycloak: what it does not accept there it never will."""
    try:
        yield
    except NotAccepted as fault:
        raise ProvisioningRefused(str(fault)) from None


class Console:
    """Calls under `/admin/realms/<realm>` as a service client of that realm.

    400 raises NotAccepted, 404 NotThere, 409 AlreadyThere; every other failure (no connection, 401, 403, 5xx)
    raises python-keycloak's own error, which is the infrastructure's fault and worth another try.
    """

    def __init__(self, url: str, realm: str, client: str, secret: str) -> None:
        self._realm = quote(realm)
        self._signing_in = asyncio.Lock()
        self._connection = KeycloakOpenIDConnection(
            server_url=url, realm_name=realm, client_id=client, client_secret_key=secret, timeout=10
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.aclose()
        await self._connection.keycloak_openid.connection.aclose()

    async def get(self, path: str, **query: str) -> Any:
        """Return what stands at the path."""
        return await self._answer("get", path, query)

    async def post(self, path: str, body: Any, **query: str) -> Any:
        """Post; return the answer's JSON, or the new id Keycloak tells."""
        return await self._answer("post", path, query, json.dumps(body))

    async def put(self, path: str, body: Any, **query: str) -> None:
        """Replace what stands at the path."""
        await self._answer("put", path, query, json.dumps(body))

    async def delete(self, path: str, body: Any = None) -> None:
        """Remove what stands at the path; nothing there is as good."""
        try:
            await self._answer("delete", path, {}, None if body is None else json.dumps(body))
        except NotThere:
            return

    async def _answer(self, verb: str, path: str, query: dict[str, str], data: str | None = None) -> Any:
        await self._sign_in()
        call = getattr(self._connection, f"a_raw_{verb}")
        url = f"/admin/realms/{self._realm}{path}"
        response: Response = await (call(url, **query) if verb == "get" else call(url, data=data, **query))
        return _read(response, f"{verb} {path}")

    async def _sign_in(self) -> None:
        # python-keycloak #708: concurrent calls would each fetch a token.
        async with self._signing_in:
            await self._connection.a__refresh_if_required()


def _read(response: Response, asked: str) -> Any:
    refusals: dict[int, type[Exception]] = {
        BAD_REQUEST: NotAccepted,
        NOT_FOUND: NotThere,
        CONFLICT: AlreadyThere,
    }
    if response.status_code in refusals:
        raise refusals[response.status_code](f"Keycloak answered {response.status_code} to {asked}")
    answer = raise_error_from_response(response, KeycloakGetError)
    made = response.headers.get("Location", "")
    return answer or made.rsplit("/", 1)[-1]
