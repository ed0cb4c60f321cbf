"""Two replicas of the gateway, a real Keycloak, real people; a toy service behind."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient, MongoClient

from cli import sign_in
from cli.realm.settings import RealmSettings
from cli.servers.process import free_port
from kit.testing import eventually
from tests.gateway.world import Replica, World, running_upstream
from tests.realm.conftest import an_organization, direct, issuer, keycloak, mailbox, realm, realm_code, server, staff
from tests.realm.conftest import settings as realm_settings

__all__ = ["direct", "keycloak", "mailbox", "realm", "realm_code", "realm_settings", "server", "staff"]


@pytest.fixture(scope="session")
def settings(realm_settings) -> RealmSettings:
    """A realm of these tests' own, since they change how long its tokens last."""
    address = f"http://localhost:{free_port()}"
    return realm_settings.model_copy(update={"name": f"{realm_settings.name}-gateway", "gateway_url": address})


@dataclass
class Site:
    """One gateway in two replicas, on the one public address that the realm knows."""

    world: World
    one: Replica
    other: Replica
    rows: AsyncMongoClient = field(repr=False)

    @property
    def sessions(self):
        return self.rows[self.world.database]["sessions"]

    @property
    def revocations(self):
        return self.rows[self.world.access_database]["revocations"]


@pytest.fixture(scope="session")
def replicas(realm, settings, tmp_path_factory) -> Iterator[tuple[World, Replica, Replica]]:
    with running_upstream(tmp_path_factory.mktemp("upstream")) as upstream:
        world = World(tmp_path_factory.mktemp("gateway"), upstream, issuer(settings), settings.keycloak_url)
        world.public_url = settings.gateway_url
        with world.replica(urlsplit(settings.gateway_url).port) as one, world.replica() as other:
            yield world, one, other
        with MongoClient(world.mongodb_url) as client:
            client.drop_database(world.database)
            client.drop_database(world.access_database)


@pytest_asyncio.fixture
async def site(replicas) -> AsyncIterator[Site]:
    world, one, other = replicas
    async with AsyncMongoClient(world.mongodb_url) as rows:
        await rows[world.database]["limits"].delete_many({})
        yield Site(world, one, other, rows)


@pytest.fixture
def lasting(realm) -> Iterator[Callable[[int], None]]:
    """Set for how many seconds the realm's access tokens hold from now on."""
    before = realm.get()["accessTokenLifespan"]

    def last(seconds: int) -> None:
        realm.put("", realm.get() | {"accessTokenLifespan": seconds})

    yield last
    last(before)


@pytest_asyncio.fixture
async def caseworker(staff) -> sign_in.Person:
    _, person = await staff.hire((an_organization(), ("caseworker",)))
    return person


def at(replica: Replica, browser: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """The same browser, its session included, at another replica: cookies do not tell ports apart."""
    return with_cookie(replica, browser.cookies["__Host-session"])


def with_cookie(replica: Replica, value: str, name: str = "__Host-session") -> httpx2.AsyncClient:
    """A browser that holds just this cookie."""
    return httpx2.AsyncClient(base_url=replica.url, timeout=30, headers={"Cookie": f"{name}={value}"})


async def answers(client: httpx2.AsyncClient, status: int, path: str = "/api/v1/toy/things", within: float = 5) -> None:
    async def as_expected() -> bool:
        return (await client.get(path)).status_code == status

    await eventually(as_expected, within=within)
