"""A browser's whole way: the gateway, Keycloak's pages, the session; and how Keycloak ends it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from cli import sign_in
from kit.testing import eventually
from tests.gateway.world import Replica, World
from tests.realm.conftest import an_organization, issuer


@pytest.fixture(scope="module")
def gateway(realm, settings, tmp_path_factory) -> Iterator[Replica]:
    """A real gateway at the address the realm knows."""
    world = World(tmp_path_factory.mktemp("gateway"), "http://127.0.0.1:1", issuer(settings), settings.keycloak_url)
    world.public_url = settings.gateway_url
    with world.replica(urlsplit(settings.gateway_url).port) as found:
        yield found


async def signed_in(client: httpx2.AsyncClient) -> bool:
    return (await client.get("/auth/me")).status_code == 200


async def test_one_organisation_is_acted_for_at_once(gateway, staff):
    shelter = an_organization()
    user, person = await staff.hire((shelter, ("caseworker",)))
    async with sign_in.through_gateway(gateway.url, person) as client:
        found = (await client.get("/auth/me")).json()
    assert (found["user"], found["kind"]) == (user, "person")
    assert found["organization"]["id"] == shelter.org_id
    assert "referral:send" in found["scopes"]
    assert (found["name"], found["locale"]) == ("Prénom Nom", "fr")


async def test_of_two_organisations_one_is_chosen_and_switched(gateway, staff):
    shelter, police = an_organization(), an_organization("police", "law-enforcement", "public")
    _, person = await staff.hire((shelter, ("caseworker",)), (police, ("intake",)))
    async with sign_in.through_gateway(gateway.url, person, police.alias) as client:
        found = (await client.get("/auth/me")).json()
        assert found["organization"]["alias"] == police.alias
        assert "capacity:ask" not in found["scopes"]
        await sign_in.act_for(client, shelter.alias)
        found = (await client.get("/auth/me")).json()
        assert found["organization"]["alias"] == shelter.alias
        with pytest.raises(sign_in.SignInRefused):
            await sign_in.act_for(client, "somewhere-else")


async def test_a_deactivation_ends_the_gateways_session_through_the_back_channel(gateway, staff, keycloak):
    shelter = an_organization()
    user, person = await staff.hire((shelter, ("caseworker",)))
    async with sign_in.through_gateway(gateway.url, person) as client:
        await keycloak.people.deactivate(shelter.org_id, user)

        async def ended():
            return not await signed_in(client)

        await eventually(ended, within=5)
    with pytest.raises(sign_in.SignInRefused):
        async with sign_in.through_gateway(gateway.url, person):
            pass


async def test_a_suspension_ends_every_session_of_its_people(gateway, staff, keycloak):
    shelter = an_organization()
    _, person = await staff.hire((shelter, ("caseworker",)))
    async with sign_in.through_gateway(gateway.url, person) as client:
        await keycloak.organizations.disable(shelter)

        async def ended():
            return not await signed_in(client)

        await eventually(ended, within=5)


async def test_signing_out_ends_the_session_at_keycloak_too(gateway, staff, realm):
    user, person = await staff.hire((an_organization(), ("caseworker",)))
    async with sign_in.through_gateway(gateway.url, person) as client:
        assert realm.get(f"/users/{user}/sessions")
        answer = await client.post("/auth/logout")
        assert answer.status_code < 400
        assert not await signed_in(client)
    assert not realm.get(f"/users/{user}/sessions")
