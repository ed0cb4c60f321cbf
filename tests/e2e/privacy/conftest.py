"""The gateway and services as processes before a real Keycloak, with people who really sign in."""

import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.notifications.world import Post, Tellers
from tests.realm.conftest import (
    an_organization,
    direct,
    issuer,
    keycloak,
    mailbox,
    realm,
    realm_code,
    server,
    settings,
    staff,
)
from tests.telemetry.planting import Party, tell_of_members
from tests.telemetry.system import Collector, Realm, System, own_databases, running_system, settings_of

__all__ = ["direct", "keycloak", "mailbox", "realm", "realm_code", "server", "settings", "staff"]

RUN = "keycloak-of-the-run"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector().running() as found:
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
def databases() -> Iterator[dict[str, str]]:
    with own_databases() as found:
        yield found


@pytest.fixture
def system(tmp_path, collector, databases, ops, seed, post, realm, settings) -> Iterator[System]:
    trusted = Realm(issuer(settings), settings.keycloak_url)
    told = settings_of(databases, seed, tmp_path, settings.keycloak_url, settings.name, post.port)
    with running_system(tmp_path, told, collector, trusted) as found:
        yield found


@pytest.fixture
def keycloak_log(server, tmp_path_factory) -> Path:
    """What the Keycloak of this run has written."""
    base = tmp_path_factory.getbasetemp()
    return next(place for place in (base, base.parent) if (place / RUN).exists()) / RUN / "server" / "keycloak.log"


@pytest_asyncio.fixture
async def parties(system, staff, tellers, ops, settings) -> AsyncIterator[tuple[Party, Party, str]]:
    """A caseworker and an intake who signed in, and a service that can be asked."""
    places = {"caseworker": an_organization(), "intake": an_organization()}
    tokens = {role: (await staff.tokens((place, (role,)))).access for role, place in places.items()}
    people = {role: decode(token)["sub"] for role, token in tokens.items()}
    sender, receiver = (place.org_id for place in places.values())
    service = await tell_of_members(tellers, ops, sender, receiver, people)
    async with system.http() as http:
        caseworker, intake = (
            Party(http, {"Authorization": f"Bearer {tokens[role]}"}, place.org_id) for role, place in places.items()
        )
        yield caseworker, intake, service


def decode(token: str) -> dict[str, Any]:
    """Return a token's claims, unchecked: the gateway checks them."""
    body = token.split(".")[1]
    return json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
