"""A system of processes a test, on the run's MongoDB and NATS, with an address book and a mailbox beside it."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.notifications.world import AddressBook, Post, Tellers
from tests.telemetry.system import Collector, System, local_realm, own_databases, running_system, settings_of


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector().running() as found:
        yield found


@pytest_asyncio.fixture
async def book() -> AsyncIterator[AddressBook]:
    async with AddressBook().open() as found:
        yield found


@pytest_asyncio.fixture
async def post(tmp_path) -> AsyncIterator[Post]:
    found = Post(tmp_path / "mail")
    await found.open()
    yield found
    await found.shut()


@pytest_asyncio.fixture
async def tellers(bus_of) -> AsyncIterator[Tellers]:
    async with bus_of("membership") as membership, bus_of("referral") as referral:
        await membership.ready()
        await referral.ready()
        yield Tellers(membership, referral)


@pytest.fixture
def system(tmp_path, collector, ops, seed, book, post) -> Iterator[System]:
    with own_databases() as databases, local_realm() as realm:
        address = f"http://127.0.0.1:{book.port}"
        settings = settings_of(databases, seed, tmp_path, address, "coalition", post.port)
        with running_system(tmp_path, settings, collector, realm) as found:
            yield found
