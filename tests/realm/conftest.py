"""A real Keycloak a run; a realm a worker, made by `coalition realm apply`; people and organisations a test."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import pytest_asyncio
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from cli import sign_in
from cli.realm import apply, code, console
from cli.realm.code import RealmCode
from cli.realm.console import Console
from cli.realm.settings import RealmSettings
from cli.servers.process import free_port
from services.membership.keycloak import Account, Keycloak, Organization
from tests.realm_server import KeycloakServer, keycloak_of_the_run

REDIRECT = "http://localhost:9/callback"
PASSWORD = "érable et bouleau 27"


class Mailbox(Message):
    """Keeps the mail Keycloak sends."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list = []

    def handle_message(self, message) -> None:
        self.received.append(message)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> KeycloakServer:
    """The Keycloak of this run, shared by its workers."""
    return keycloak_of_the_run(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    port, kept = free_port(), Mailbox()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    yield kept, port
    controller.stop()


@pytest.fixture(scope="session")
def settings(server, mailbox) -> RealmSettings:
    return RealmSettings(
        keycloak_url=server.url,
        admin_client=server.admin_client,
        admin_secret=server.admin_secret,
        # Of its own: each folder that borrows these fixtures makes its realm anew.
        name=f"test-{uuid4().hex[:12]}",
        gateway_url=f"http://localhost:{free_port()}",
        gateway_secret="gateway-secret",
        membership_secret="membership-secret",
        notifications_secret="notifications-secret",
        smtp_host="127.0.0.1",
        smtp_port=mailbox[1],
    )


@pytest.fixture(scope="session")
def realm_code(settings) -> RealmCode:
    return code.read(settings.parameters())


def open_console(settings: RealmSettings) -> Console:
    return console.connect(
        settings.keycloak_url, settings.admin_client, settings.admin_secret.get_secret_value(), settings.name
    )


@pytest.fixture(scope="session")
def realm(settings, realm_code) -> Iterator[Console]:
    """This worker's realm, as the code states it, and one public client that only tests have."""
    found = open_console(settings)
    apply.apply(found, realm_code)
    found.post("/clients", _direct())
    direct = found.get("/clients", clientId="direct")[0]["id"]
    for kind, names in {"default": ("coalition-api", "coalition-person"), "optional": ("organization",)}.items():
        scopes = {scope["name"]: scope["id"] for scope in found.get("/client-scopes")}
        for name in names:
            found.put(f"/clients/{direct}/{kind}-client-scopes/{scopes[name]}", {})
    yield found
    found.delete("")


def _direct() -> dict:
    return {
        "clientId": "direct",
        "publicClient": True,
        "standardFlowEnabled": True,
        "redirectUris": [REDIRECT],
        "protocol": "openid-connect",
    }


@pytest.fixture(scope="session")
def direct(realm, settings) -> sign_in.Client:
    """The public client, which signs people in without a gateway."""
    return sign_in.Client(issuer(settings), "direct")


def issuer(settings: RealmSettings) -> str:
    return f"{settings.keycloak_url}/realms/{settings.name}"


@pytest_asyncio.fixture
async def keycloak(realm, settings) -> AsyncIterator[Keycloak]:
    """Membership's adapter, signed in as membership."""
    found = Keycloak(settings.keycloak_url, settings.name, "membership", "membership-secret")
    yield found
    await found.close()


def an_organization(family: str = "ngo", sector: str = "community", regime: str = "private") -> Organization:
    key = uuid4()
    return Organization(str(key), f"org-{key.hex[:12]}", sector, family, regime)


def an_account() -> Account:
    return Account(f"p-{uuid4().hex[:12]}@example.org", "Prénom", "Nom", "fr")


class Staff:
    """Makes people who can sign in: provisioned by membership's adapter, the password given by the operator."""

    def __init__(self, realm: Console, keycloak: Keycloak, direct: sign_in.Client) -> None:
        self._realm, self._keycloak, self._direct = realm, keycloak, direct

    async def hire(self, *places: tuple[Organization, tuple[str, ...]]) -> tuple[str, sign_in.Person]:
        """Return the user id and the person, a member of each organisation with its roles."""
        account, user = an_account(), ""
        for organization, roles in places:
            user = await self._keycloak.people.provision(organization, account, roles)
        if not user:
            user = self._realm.post("/users", {"username": account.email, "email": account.email, "enabled": True})
        self._realm.put(f"/users/{user}", self._realm.get(f"/users/{user}") | {"requiredActions": []})
        self._realm.put(f"/users/{user}/reset-password", {"type": "password", "value": PASSWORD, "temporary": False})
        return user, sign_in.Person(account.email, PASSWORD)

    async def tokens(self, *places: tuple[Organization, tuple[str, ...]], scope: str = "openid organization:*"):
        """Hire someone, sign them in, and return their tokens."""
        _, person = await self.hire(*places)
        return await sign_in.tokens(self._direct, REDIRECT, person, scope)


@pytest.fixture
def staff(realm, keycloak, direct) -> Staff:
    return Staff(realm, keycloak, direct)
