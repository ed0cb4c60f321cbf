"""Representatives in Keycloak: accounts found by address, members of organisations, in the groups of their roles."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from services.membership.keycloak.console import AlreadyThere, Console, NotThere, ProvisioningRefused, described
from services.membership.keycloak.organizations import Organization, Organizations, RoleUnknown

FIRST_SIGN_IN = ("UPDATE_PASSWORD", "CONFIGURE_TOTP")
SECOND_FACTORS = frozenset({"otp", "webauthn"})
LINK_SECONDS = 259_200


class AccountUnknown(ProvisioningRefused):
    """The account is no longer in Keycloak."""

    code: ClassVar[str] = "membership.account-unknown"


@dataclass(frozen=True)
class Account:
    """A person as Keycloak knows them: an address, a name colleagues read, `language` fr or en."""

    email: str = field(repr=False)
    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    language: str = "fr"


class People:
    """Keycloak's accounts of people."""

    def __init__(self, console: Console, organizations: Organizations) -> None:
        self._console = console
        self._organizations = organizations

    async def provision(self, organization: Organization, account: Account, roles: Iterable[str]) -> str:
        """Make the account, a member with exactly these roles; return the user id (the token's `sub`)."""
        key = await self._organizations.ready(organization)
        user = await self._ready(account)
        await self._organizations.join(key, user)
        await self._assign(organization, key, user, roles)
        return user

    async def set_roles(self, organization: Organization, user: str, roles: Iterable[str]) -> None:
        """Give a member exactly these roles."""
        await self._assign(organization, await self._organizations.ready(organization), user, roles)

    async def deactivate(self, org_id: str, user: str) -> None:
        """Take someone out of an organisation and end their sessions; one in no organisation any more is disabled."""
        key = await self._organizations.find(org_id)
        if key:
            await self._console.delete(f"/organizations/{key}/members/{user}")
        try:
            if not await self._console.get(f"/organizations/members/{user}/organizations"):
                await self._enable(user, enabled=False)
            await self.end_sessions(user)
        except (NotThere, AccountUnknown):
            return

    async def end_sessions(self, user: str) -> None:
        """Sign someone out everywhere; Keycloak tells the gateway."""
        try:
            await self._console.post(f"/users/{user}/logout", {})
        except NotThere:
            raise AccountUnknown("no such account") from None

    async def send_first_sign_in(self, user: str, client: str = "gateway") -> bool:
        """Have Keycloak mail the link that sets password and second factor; False where a password is set already."""
        if any(held["type"] == "password" for held in await self._credentials(user)):
            return False
        query = {"client_id": client, "lifespan": str(LINK_SECONDS)}
        await self._console.put(f"/users/{user}/execute-actions-email", list(FIRST_SIGN_IN), **query)
        return True

    async def reset_second_factor(self, user: str, before: datetime) -> None:
        """Forget second factors set up before an instant and end the person's sessions; the next sign-in asks for one.

        What was set up since stays, so that this may be repeated.
        """
        limit = before.timestamp() * 1000
        for held in await self._credentials(user):
            if held["type"] in SECOND_FACTORS and held["createdDate"] < limit:
                await self._console.delete(f"/users/{user}/credentials/{held['id']}")
        await self.end_sessions(user)

    async def _ready(self, account: Account) -> str:
        user = await self.find(account) or await self._new(account)
        await self._enable(user, enabled=True)
        return user

    async def find(self, account: Account) -> str | None:
        """Return the user id of the account with this address, or None."""
        found = await self._console.get("/users", email=account.email, exact="true")
        return str(found[0]["id"]) if found else None

    async def _new(self, account: Account) -> str:
        wanted = {
            "username": account.email,
            "email": account.email,
            "emailVerified": True,  # membership's single-use link went to it
            "enabled": True,
            "firstName": account.given_name,
            "lastName": account.family_name,
            "attributes": {"locale": [account.language]},
            "requiredActions": list(FIRST_SIGN_IN),
        }
        try:
            with described():
                return str(await self._console.post("/users", wanted))
        except AlreadyThere:
            user = await self.find(account)
            if user is None:
                raise
            return user

    async def _enable(self, user: str, *, enabled: bool) -> None:
        held = await self._account(user)
        if held["enabled"] != enabled:
            await self._console.put(f"/users/{user}", held | {"enabled": enabled})

    async def _assign(self, organization: Organization, key: str, user: str, roles: Iterable[str]) -> None:
        wanted = set(roles)
        if not wanted <= set(organization.roles):
            raise RoleUnknown("the family has no such role")
        await self._account(user)
        for name, group in (await self._organizations.groups(key)).items():
            if name in wanted:
                await self._organizations.place(key, group, user)
            elif name in organization.roles:
                await self._console.delete(f"/organizations/{key}/groups/{group}/members/{user}")

    async def _account(self, user: str) -> dict[str, Any]:
        return dict(await self._known(f"/users/{user}"))

    async def _credentials(self, user: str) -> list[dict[str, Any]]:
        return list(await self._known(f"/users/{user}/credentials"))

    async def _known(self, path: str) -> Any:
        try:
            return await self._console.get(path)
        except NotThere:
            raise AccountUnknown("no such account") from None
