"""The service with its real database and bus, and the world around it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from kit.testing import tokens
from services.notifications.main import create
from services.notifications.settings import NotificationsSettings
from tests.notifications.world import (
    AddressBook,
    MovableClock,
    Post,
    Someone,
    Tellers,
    service_server,
    serving,
)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest_asyncio.fixture
async def tellers(bus_of) -> AsyncIterator[Tellers]:
    async with bus_of("membership") as membership, bus_of("referral") as referral:
        await membership.ready()
        await referral.ready()
        yield Tellers(membership, referral)


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


@pytest.fixture
def settings(mongo, ops, seed, book, post) -> NotificationsSettings:
    return NotificationsSettings(
        port=0,
        mongodb_url=os.environ["TEST_MONGODB_URL"],
        mongodb_database=mongo.db.name,
        nats_url=os.environ["TEST_NATS_URL"],
        nats_seed=seed("notifications"),
        issuer=tokens.ISSUER,
        jwks_url="http://127.0.0.1:9/unused",
        audit_key="test-audit-key",
        keycloak_url=f"http://127.0.0.1:{book.port}",
        keycloak_secret="notifications-secret",
        smtp_host="127.0.0.1",
        smtp_port=post.port,
        public_url="https://coalition.example",
    )


@pytest.fixture
def replica(settings, clock):
    """Start one more process of the service: `async with replica() as client`."""

    @asynccontextmanager
    async def started() -> AsyncIterator[httpx2.AsyncClient]:
        app = create(settings, clock=clock, verifier=tokens.verifier())
        async with (
            serving(service_server(app)) as port,
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
        ):
            client.app = app
            yield client

    return started


@pytest_asyncio.fixture
async def api(replica) -> AsyncIterator[httpx2.AsyncClient]:
    """The service, called over HTTP."""
    async with replica() as client:
        yield client


@pytest.fixture
def hire(tellers, book):
    """Make someone an active person of an organisation, with an address: `await hire(organization)`."""

    async def hired(
        organization: str | None = None, language: str = "fr", roles: tuple[str, ...] = (), **account
    ) -> Someone:
        organization, user = organization or str(uuid4()), str(uuid4())
        email = account.pop("email", f"{user[:8]}@example.org")
        book.write(user, email, language, **account)
        representative = await tellers.activate(user, organization, roles=roles)
        return Someone(user, organization, email, representative)

    return hired
