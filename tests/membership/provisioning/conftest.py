"""The whole service, loops and all, with a real bus, a real Keycloak and a mailbox."""

import os
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from kit.clock import utc_now
from kit.mongo import ensure_indexes
from kit.testing import tokens
from services.membership.main import create
from services.membership.settings import MembershipSettings
from services.membership.store import INDEXES
from tests.membership.service.conftest import PREFIX, Coalition, Records
from tests.realm.conftest import keycloak, mailbox, realm, realm_code, server
from tests.realm.conftest import settings as realm_settings

__all__ = ["keycloak", "mailbox", "realm", "realm_code", "realm_settings", "server"]


@pytest.fixture(scope="session")
def settings(realm_settings):
    """The realm's settings, under the name its fixtures ask for."""
    return realm_settings


@pytest.fixture
def service_settings(mongo, ops, seed, realm, settings, mailbox) -> MembershipSettings:
    return MembershipSettings(
        port=0,
        mongodb_url=os.environ["TEST_MONGODB_URL"],
        mongodb_database=mongo.db.name,
        nats_url=os.environ["TEST_NATS_URL"],
        nats_seed=seed("membership"),
        issuer=tokens.ISSUER,
        jwks_url="http://127.0.0.1:9/unused",
        audit_key="test-audit-key",
        access_database=f"{mongo.db.name}_access",
        invitation_key="an invitation key of at least 32 characters",
        keycloak_url=settings.keycloak_url,
        keycloak_realm=settings.name,
        keycloak_secret="membership-secret",
        smtp_host="127.0.0.1",
        smtp_port=mailbox[1],
        public_url="https://coalition.example",
    )


@pytest_asyncio.fixture
async def app(mongo, service_settings) -> AsyncIterator:
    made = create(service_settings, verifier=tokens.verifier())
    await ensure_indexes(mongo.db, INDEXES)
    async with made.router.lifespan_context(made):
        yield made
    await mongo.client.drop_database(service_settings.access_database)


@pytest_asyncio.fixture
async def api(app) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://membership{PREFIX}") as client:
        yield client


@pytest.fixture
def coalition(api, mongo) -> Coalition:
    return Coalition(api, mongo, utc_now)


@pytest.fixture
def records(mongo, service_settings) -> Records:
    return Records(mongo, service_settings.access_database)
