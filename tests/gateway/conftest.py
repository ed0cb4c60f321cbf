"""One gateway for most tests; replicas of their own for those that cut, kill or count."""

import os
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import pytest_asyncio
from pymongo import MongoClient

from kit.testing import tokens
from tests.gateway.world import Issuer, Replica, World, running_upstream


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with Issuer().running() as found:
        yield found


@pytest.fixture(scope="session")
def upstream(tmp_path_factory) -> Iterator[str]:
    with running_upstream(tmp_path_factory.mktemp("upstream")) as url:
        yield url


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory, issuer, upstream) -> Iterator[World]:
    found = World(tmp_path_factory.mktemp("gateway"), upstream, tokens.ISSUER, issuer.url)
    yield found
    drop(found)


@pytest.fixture
def world(tmp_path, issuer, upstream) -> Iterator[World]:
    """A world of the test's own."""
    found = World(tmp_path, upstream, tokens.ISSUER, issuer.url)
    yield found
    drop(found)


def drop(world: World) -> None:
    with MongoClient(os.environ["TEST_MONGODB_URL"]) as client:
        client.drop_database(world.database)
        client.drop_database(world.access_database)


@pytest.fixture(scope="session")
def gateway(shared_world) -> Iterator[Replica]:
    """The gateway that most tests knock at."""
    with shared_world.replica() as found:
        yield found


@pytest.fixture(scope="session")
def pair(shared_world, gateway) -> Iterator[tuple[Replica, Replica]]:
    """That gateway and a second replica of it."""
    with shared_world.replica() as second:
        yield gateway, second


@pytest_asyncio.fixture
async def http(gateway) -> AsyncIterator[httpx2.AsyncClient]:
    async with gateway.http() as client:
        yield client
