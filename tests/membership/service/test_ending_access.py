"""Whoever loses a role is shut out by the gateway at once, with no bus at all, until Keycloak has the others."""

import asyncio
import contextlib
from datetime import timedelta

import pytest_asyncio

from gateway.access import Access
from kit.auth import principal_of
from kit.testing import eventually, tokens
from services.membership.commands.people import activate, let_in_again
from tests.membership.service.test_people import accepted, active

PROMISED = 5.0


@pytest_asyncio.fixture
async def gateway(app, mongo, settings):
    """What a gateway knows of the rows membership writes; no bus runs beside."""
    found = Access(mongo.client[settings.access_database], "replica", lambda: None)
    await found.ensure_indexes()
    loops = [asyncio.create_task(work) for work in (found.keep_reading(), found.tail())]
    await asyncio.sleep(0)
    yield found
    for loop in loops:
        loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await loop


def bearer(organization: str, user: str, at):
    return principal_of(tokens.claims_of(organization=organization, user=user, at=at))


async def lets(gateway, principal, *, within: float = PROMISED) -> None:
    async def passes() -> bool:
        return gateway.holds(principal)

    await eventually(passes, within=within)


async def shuts(gateway, principal) -> None:
    async def refuses() -> bool:
        return gateway.fresh and not gateway.holds(principal)

    await eventually(refuses, within=PROMISED)


async def test_a_role_taken_away_ends_at_the_gateway_while_the_bus_is_cut(
    api, coalition, office, records, gateway, clock
):
    organization = await coalition.member()
    person = await active(api, coalition, office, organization, "eve", ("caseworker", "privacy-officer"))
    held = bearer(organization, "eve", clock())
    await lets(gateway, held)
    manager = coalition.coordinator(organization)
    await api.put(f"/representatives/{person}/roles", json={"roles": ["caseworker"]}, headers=manager)
    assert await records.revoked(f"member:{organization}:eve") is True
    await shuts(gateway, held)
    told = await records.mongo.db["outbox"].find_one({"subject": "membership.representative-roles-changed.v1"})
    assert told["pending"] is True


async def test_once_keycloak_has_the_roles_only_tokens_issued_since_are_let_in(api, coalition, office, gateway, clock):
    organization = await coalition.member()
    person = await active(api, coalition, office, organization, "eve", ("caseworker", "intake"))
    earlier = bearer(organization, "eve", clock())
    manager = coalition.coordinator(organization)
    await api.put(f"/representatives/{person}/roles", json={"roles": ["intake"]}, headers=manager)
    await shuts(gateway, earlier)
    clock.advance(timedelta(seconds=3))
    await let_in_again(office, await office.store.representative(None, person), clock())
    await lets(gateway, bearer(organization, "eve", clock()))
    assert not gateway.holds(earlier)
    assert not gateway.holds(bearer(organization, "eve", clock() - timedelta(seconds=1)))


async def test_what_was_taken_away_since_is_not_given_back(api, coalition, office, records, gateway, clock):
    organization = await coalition.member()
    person = await active(api, coalition, office, organization, "eve", ("caseworker", "intake"))
    manager = coalition.coordinator(organization)
    await api.put(f"/representatives/{person}/roles", json={"roles": ["intake"]}, headers=manager)
    late = await office.store.representative(None, person)
    await api.post(f"/representatives/{person}/deactivation", headers=manager)
    await let_in_again(office, late, clock())
    await shuts(gateway, bearer(organization, "eve", clock() + timedelta(minutes=1)))


async def test_a_role_given_takes_nothing_away(api, coalition, office, records):
    organization = await coalition.member()
    person = await active(api, coalition, office, organization, "eve", ("intake",))
    manager = coalition.coordinator(organization)
    await api.put(f"/representatives/{person}/roles", json={"roles": ["intake", "caseworker"]}, headers=manager)
    assert await records.revoked(f"member:{organization}:eve") is False
    await let_in_again(office, await office.store.representative(None, person), office.clock())
    assert await records.revoked(f"member:{organization}:eve") is False


async def test_who_comes_back_is_not_let_in_by_a_token_of_before(api, coalition, office, gateway, clock):
    organization = await coalition.member()
    person = await active(api, coalition, office, organization, "eve", ("caseworker",))
    old = bearer(organization, "eve", clock())
    await api.post(f"/representatives/{person}/deactivation", headers=coalition.coordinator(organization))
    await shuts(gateway, old)
    clock.advance(timedelta(seconds=20))
    await coalition.invited(organization, "eve@erable.example", ("intake",))
    assert (await accepted(api, coalition, office, person)).status_code == 202
    await activate(office, person, "eve", clock())
    await lets(gateway, bearer(organization, "eve", clock()))
    assert not gateway.holds(old)
