"""The referral service with its real database, and where a test asks for it, its real bus and loops."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kit.clock import utc_now
from kit.testing import ManualClock, tokens
from services.referral.main import create
from services.referral.settings import ReferralSettings
from tests.referral.world import Scene, World, a_scene, quiet_world


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(utc_now())


@pytest_asyncio.fixture
async def settings(mongo, seed, tmp_path) -> AsyncIterator[ReferralSettings]:
    keys = f"{mongo.db.name}_keys"
    yield ReferralSettings(
        port=0,
        mongodb_url=os.environ["TEST_MONGODB_URL"],
        mongodb_database=mongo.db.name,
        keys_mongodb_database=keys,
        kms_file=tmp_path / "kms.key",
        nats_url=os.environ["TEST_NATS_URL"],
        nats_seed=seed("referral"),
        issuer=tokens.ISSUER,
        jwks_url="http://127.0.0.1:9/unused",
        audit_key="test-audit-key",
    )
    await mongo.client.drop_database(keys)


@pytest_asyncio.fixture
async def world(settings, clock) -> AsyncIterator[World]:
    app = create(settings, clock=clock, verifier=tokens.verifier())
    async with quiet_world(app, clock) as found:
        yield found


@pytest_asyncio.fixture
async def scene(world) -> Scene:
    return await a_scene(world)


@pytest.fixture
def scene_of(world):
    """Make a scene with a receiver of another sector: `await scene_of("law-enforcement", "police-complaint")`."""

    async def made(*arguments, **options) -> Scene:
        return await a_scene(world, *arguments, **options)

    return made
