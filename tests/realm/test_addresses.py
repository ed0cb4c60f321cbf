"""Notifications reads addresses by user id from the real Keycloak, and can do nothing else there."""

import asyncio
from uuid import uuid4

import pytest
from keycloak import KeycloakOpenIDConnection

from kit.clock import utc_now
from services.membership.keycloak import Account
from services.notifications.addresses import Addresses, NoAddress
from tests.realm.conftest import an_organization


@pytest.fixture
async def addresses(realm, settings):
    async with Addresses(
        settings.keycloak_url, settings.name, "notifications", "notifications-secret", utc_now
    ) as found:
        yield found


async def test_an_invited_persons_address_and_language_are_read_by_user_id(keycloak, addresses):
    organization, email = an_organization(), f"p-{uuid4().hex[:12]}@example.org"
    user = await keycloak.people.provision(organization, Account(email, "Prénom", "Nom", "en"), ("intake",))
    found = await asyncio.gather(*(addresses.of(user) for _ in range(20)))
    assert {(one.email, one.language) for one in found} == {(email, "en")}
    assert email not in repr(found[0])


async def test_who_left_every_organisation_or_never_was_has_no_address(keycloak, addresses):
    organization = an_organization()
    account = Account(f"p-{uuid4().hex[:12]}@example.org")
    user = await keycloak.people.provision(organization, account, ("intake",))
    await keycloak.people.deactivate(organization.org_id, user)
    for who, reason in ((user, "account-disabled"), (str(uuid4()), "no-account"), ("../roles", "no-account")):
        with pytest.raises(NoAddress) as refused:
            await addresses.of(who)
        assert refused.value.reason == reason


async def test_the_client_may_view_users_and_nothing_else(realm, settings, keycloak):
    user = await keycloak.people.provision(an_organization(), Account(f"p-{uuid4().hex[:12]}@example.org"), ("intake",))
    connection = KeycloakOpenIDConnection(
        server_url=settings.keycloak_url,
        realm_name=settings.name,
        client_id="notifications",
        client_secret_key="notifications-secret",
    )
    base = f"/admin/realms/{settings.name}"
    own = f"{base}/users/{user}"
    async with connection.async_s:
        assert (await connection.a_raw_get(own)).status_code == 200
        for refused in (
            await connection.a_raw_put(own, data='{"email": "x@example.org"}'),
            await connection.a_raw_put(f"{own}/reset-password", data='{"type": "password", "value": "x"}'),
            await connection.a_raw_post(f"{own}/logout", data="{}"),
            await connection.a_raw_post(f"{base}/users", data='{"username": "x"}'),
            await connection.a_raw_delete(own),
            await connection.a_raw_get(f"{base}/clients"),
            await connection.a_raw_get(f"{base}/organizations"),
        ):
            assert refused.status_code == 403
    await connection.keycloak_openid.connection.aclose()
