"""Organisations' own applications in Keycloak: a client each, and scopes no wider than the organisation's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from services.membership.keycloak.console import Console, NotThere, ProvisioningRefused, described
from services.membership.keycloak.organizations import Organization, Organizations, RoleUnknown

CLIENT_SCOPES = ("basic", "organization", "coalition-api", "coalition-app")


class AppUnknown(ProvisioningRefused):
    """The application's client is not in Keycloak."""

    code: ClassVar[str] = "membership.app-unknown"


class ScopesTooWide(ProvisioningRefused):
    """An application asked for a scope its organisation does not hold."""

    code: ClassVar[str] = "membership.scopes-too-wide"


@dataclass(frozen=True)
class App:
    """An organisation's own software; with `jwks` (public keys) it signs its assertions, without it gets a secret."""

    client_id: str
    scopes: frozenset[str]
    jwks: Mapping[str, Any] | None = None


class Apps:
    """Keycloak's clients of member organisations."""

    def __init__(self, console: Console, organizations: Organizations) -> None:
        self._console = console
        self._organizations = organizations

    async def provision(self, organization: Organization, app: App) -> None:
        """Make the client; its service account is a member of exactly its organisation and holds exactly its scopes."""
        key = await self._organizations.ready(organization)
        if not app.scopes <= await self._scopes(organization):
            raise ScopesTooWide("beyond the organisation's own")
        client = await self._client(organization, app)
        account = (await self._console.get(f"/clients/{client}/service-account-user"))["id"]
        await self._organizations.join(key, account)
        group = await self._organizations.group(key, _group(app.client_id), app.scopes)
        await self._organizations.place(key, group, account)

    async def rotate_secret(self, client_id: str) -> str:
        """Give the application a new secret and return it; the old one stops at once."""
        client = await self._find(client_id)
        if client is None:
            raise AppUnknown("no such application")
        return str((await self._console.post(f"/clients/{client['id']}/client-secret", {}))["value"])

    async def remove(self, org_id: str, client_id: str) -> None:
        """Remove an application's client and its group."""
        client = await self._find(client_id)
        if client:
            await self._console.delete(f"/clients/{client['id']}")
        key = await self._organizations.find(org_id)
        group = (await self._organizations.groups(key)).get(_group(client_id)) if key else None
        if group:
            await self._console.delete(f"/organizations/{key}/groups/{group}")

    async def _scopes(self, organization: Organization) -> set[str]:
        """Return the scopes the organisation's own roles hold together."""
        held: set[str] = set()
        for role in organization.roles:
            try:
                composites = await self._console.get(f"/roles/{organization.composite(role)}/composites")
            except NotThere:
                raise RoleUnknown("the realm has no such role") from None
            held |= {scope["name"] for scope in composites}
        return held

    async def _client(self, organization: Organization, app: App) -> str:
        wanted = _representation(organization, app)
        found = await self._find(app.client_id)
        with described():
            if found is None:
                key = str(await self._console.post("/clients", wanted))
            else:
                key = str(found["id"])
                await self._console.put(f"/clients/{key}", found | wanted)
        await self._narrow(key)
        return key

    async def _narrow(self, key: str) -> None:
        # Keycloak adds a scope of its own to service accounts, which would put the caller's IP address in tokens.
        path = f"/clients/{key}/default-client-scopes"
        for scope in await self._console.get(path):
            if scope["name"] not in CLIENT_SCOPES:
                await self._console.delete(f"{path}/{scope['id']}")

    async def _find(self, client_id: str) -> dict[str, Any] | None:
        found = await self._console.get("/clients", clientId=client_id)
        return dict(found[0]) if found else None


def _group(client_id: str) -> str:
    return f"app-{client_id}"


def _representation(organization: Organization, app: App) -> dict[str, Any]:
    keys = {} if app.jwks is None else {"use.jwks.string": "true", "jwks.string": json.dumps(app.jwks)}
    return {
        "clientId": app.client_id,
        "protocol": "openid-connect",
        "enabled": True,
        "publicClient": False,
        "clientAuthenticatorType": "client-secret" if app.jwks is None else "client-jwt",
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "fullScopeAllowed": False,
        "redirectUris": [],
        "webOrigins": [],
        "defaultClientScopes": list(CLIENT_SCOPES),
        "optionalClientScopes": [],
        "attributes": {"org_id": organization.org_id, "client_credentials.use_refresh_token": "false"} | keys,
    }
