"""Organisations in Keycloak: attributes, a group a role, and the roles those groups carry."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

from services.membership.keycloak.console import AlreadyThere, Console, NotThere, ProvisioningRefused, described

MEMBER_ROLES = ("intake", "caseworker", "coordinator", "privacy-officer")
COALITION_ROLES = ("coordination", "board", "auditor")
EVERYONE = "10000"  # Keycloak answers ten at a time unless told otherwise


class AliasTaken(ProvisioningRefused):
    """Another organisation has the alias."""

    code: ClassVar[str] = "membership.alias-taken"


class RoleUnknown(ProvisioningRefused):
    """The organisation's family has no such role."""

    code: ClassVar[str] = "membership.role-unknown"


@dataclass(frozen=True)
class Organization:
    """What Keycloak keeps of a member; names and texts stay in membership."""

    org_id: str
    alias: str
    sector: str
    family: str
    regime: str

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles one can hold in it."""
        return COALITION_ROLES if self.family == "coalition" else MEMBER_ROLES

    def composite(self, role: str) -> str:
        """Return the realm role that bundles a role's scopes here."""
        return f"{self.family}.{self.sector}.{role}"


class Organizations:
    """Keycloak's organisations, found by our own id."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def provision(self, organization: Organization) -> str:
        """Make the organisation with its attributes, its groups and their roles; return Keycloak's id for it."""
        key = await self._described(organization)
        for role in organization.roles:
            await self.group(key, role, (organization.composite(role),))
        return key

    async def enable(self, organization: Organization) -> None:
        """Let the organisation act again."""
        await self._enable(await self.ready(organization), enabled=True)

    async def disable(self, organization: Organization) -> None:
        """Take the organisation out of every new token, and end its people's sessions."""
        key = await self.ready(organization)
        await self._enable(key, enabled=False)
        for member in await self._console.get(f"/organizations/{key}/members", max=EVERYONE):
            await self._console.post(f"/users/{member['id']}/logout", {})

    async def ready(self, organization: Organization) -> str:
        """Return Keycloak's id for the organisation, made first where it is missing."""
        return await self.find(organization.org_id) or await self.provision(organization)

    async def find(self, org_id: str) -> str | None:
        """Return Keycloak's id for the organisation of ours, or None."""
        found = await self._console.get("/organizations", q=f"org_id:{org_id}")
        return str(found[0]["id"]) if found else None

    async def join(self, key: str, user: str) -> None:
        """Make an account a member."""
        try:
            await self._console.post(f"/organizations/{key}/members", user)
        except AlreadyThere:
            return

    async def place(self, key: str, group: str, user: str) -> None:
        """Put a member into one of the organisation's groups."""
        try:
            await self._console.put(f"/organizations/{key}/groups/{group}/members/{user}", {})
        except AlreadyThere:
            return

    async def groups(self, key: str) -> dict[str, str]:
        """Return the organisation's groups: name to id."""
        found = await self._console.get(f"/organizations/{key}/groups", max=EVERYONE)
        return {group["name"]: group["id"] for group in found}

    async def group(self, key: str, name: str, roles: Collection[str]) -> str:
        """Make one of the organisation's groups and give it exactly these realm roles; return its id."""
        group = (await self.groups(key)).get(name) or await self._new_group(key, name)
        path = f"/organizations/{key}/groups/{group}/role-mappings/realm"
        mapped = {role["name"]: role for role in await self._console.get(path)}
        surplus = [role for held, role in mapped.items() if held not in roles]
        missing = [await self._role(role) for role in roles if role not in mapped]
        if surplus:
            await self._console.delete(path, surplus)
        if missing:
            await self._console.post(path, missing)
        return group

    async def _described(self, organization: Organization) -> str:
        """Make the organisation or bring its description up to date; it stays enabled or not as it is."""
        wanted = _description(organization)
        key = await self.find(organization.org_id)
        if key is None:
            return await self._new(wanted, organization.org_id)
        found = await self._console.get(f"/organizations/{key}")
        if {name: found.get(name) for name in wanted} != wanted:
            with described():
                await self._console.put(f"/organizations/{key}", found | wanted)
        return key

    async def _new(self, wanted: dict[str, Any], org_id: str) -> str:
        try:
            with described():
                return str(await self._console.post("/organizations", wanted | {"enabled": True}))
        except AlreadyThere:
            key = await self.find(org_id)
            if key is None:
                raise AliasTaken("another organisation has the alias") from None
            return key

    async def _new_group(self, key: str, name: str) -> str:
        try:
            return str((await self._console.post(f"/organizations/{key}/groups", {"name": name}))["id"])
        except AlreadyThere:
            return (await self.groups(key))[name]

    async def _role(self, name: str) -> Any:
        try:
            return await self._console.get(f"/roles/{name}")
        except NotThere:
            raise RoleUnknown("the realm has no such role") from None

    async def _enable(self, key: str, *, enabled: bool) -> None:
        found = await self._console.get(f"/organizations/{key}")
        if found["enabled"] != enabled:
            await self._console.put(f"/organizations/{key}", found | {"enabled": enabled})


def _description(organization: Organization) -> dict[str, Any]:
    return {
        "name": organization.alias,
        "alias": organization.alias,
        "attributes": {
            "org_id": [organization.org_id],
            "sector": [organization.sector],
            "family": [organization.family],
            "regime": [organization.regime],
        },
    }
