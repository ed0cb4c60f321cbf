"""Provisions members in Keycloak: organisations, their people, their applications. Every call may be repeated.

What a job knows is passed whole, so no order between jobs is needed: an organisation is made where it is missing.
A fault of the infrastructure raises as it is (try again); ProvisioningRefused and its kinds are for good.
"""

from keycloak.exceptions import KeycloakError

from services.membership.keycloak.apps import App, Apps, AppUnknown, ScopesTooWide
from services.membership.keycloak.console import (
    AlreadyThere,
    Console,
    NotAccepted,
    NotThere,
    ProvisioningRefused,
)
from services.membership.keycloak.organizations import AliasTaken, Organization, Organizations, RoleUnknown
from services.membership.keycloak.people import Account, AccountUnknown, People

__all__ = [
    "FAULTS",
    "Account",
    "AccountUnknown",
    "AliasTaken",
    "App",
    "AppUnknown",
    "Keycloak",
    "Organization",
    "ProvisioningRefused",
    "RoleUnknown",
    "ScopesTooWide",
]

FAULTS = (KeycloakError, NotAccepted, NotThere, AlreadyThere)
"""What is the infrastructure's fault, or comes of two of us working on one thing: another try may pass."""


class Keycloak:
    """The realm as membership changes it, signed in as a service client of that realm."""

    def __init__(self, url: str, realm: str, client: str, secret: str) -> None:
        self._console = Console(url, realm, client, secret)
        self.organizations = Organizations(self._console)
        self.people = People(self._console, self.organizations)
        self.apps = Apps(self._console, self.organizations)

    async def close(self) -> None:
        """Close the connections."""
        await self._console.close()
