"""What membership's jobs do in Keycloak, each as often as it likes."""

import asyncio
import re
import time
from uuid import uuid4

import httpx2
import pyotp
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from keycloak.exceptions import KeycloakError

from cli import sign_in, sign_in_pages
from kit.clock import utc_now
from kit.testing import eventually
from services.membership.keycloak import (
    Account,
    AccountUnknown,
    AliasTaken,
    App,
    AppUnknown,
    Keycloak,
    Organization,
    ProvisioningRefused,
    RoleUnknown,
    ScopesTooWide,
)
from tests.realm.conftest import PASSWORD, REDIRECT, an_account, an_organization, issuer
from tests.realm.test_tokens import claims, roles


def groups_of(realm, key: str) -> dict[str, list[str]]:
    return {
        group["name"]: realm.get(f"/organizations/{key}/groups/{group['id']}")["realmRoles"]
        for group in realm.get(f"/organizations/{key}/groups")
    }


async def test_an_organisation_is_provisioned_whole(realm, keycloak):
    shelter = an_organization()
    key = await keycloak.organizations.provision(shelter)
    held = realm.get(f"/organizations/{key}")
    assert (held["name"], held["alias"], held["enabled"]) == (shelter.alias, shelter.alias, True)
    assert held["attributes"] == {
        "org_id": [shelter.org_id], "sector": ["community"], "family": ["ngo"], "regime": ["private"],
    }  # fmt: skip
    expected = {role: [f"ngo.community.{role}"] for role in shelter.roles}
    assert groups_of(realm, key) == expected


async def test_provisioning_again_changes_nothing(realm, keycloak):
    shelter = an_organization()
    first = await keycloak.organizations.provision(shelter)
    before = (realm.get(f"/organizations/{first}"), groups_of(realm, first))
    assert await keycloak.organizations.provision(shelter) == first
    assert (realm.get(f"/organizations/{first}"), groups_of(realm, first)) == before


async def test_ten_at_once_make_one(realm, keycloak):
    shelter, account = an_organization(), an_account()
    users = await asyncio.gather(
        *(keycloak.people.provision(shelter, account, ("intake",)) for _ in range(10)), return_exceptions=True
    )
    made = {user for user in users if isinstance(user, str)}
    assert len(made) == 1
    assert not [fault for fault in users if isinstance(fault, ProvisioningRefused)]  # the others' jobs try again
    assert await keycloak.people.provision(shelter, account, ("intake",)) in made
    assert len(realm.get("/organizations", q=f"org_id:{shelter.org_id}")) == 1
    key = await keycloak.organizations.find(shelter.org_id)
    assert groups_of(realm, key) == {role: [f"ngo.community.{role}"] for role in shelter.roles}


async def test_a_half_made_organisation_is_completed(realm, keycloak):
    shelter = an_organization()
    attributes = {"org_id": [shelter.org_id]}
    realm.post("/organizations", {"name": shelter.alias, "alias": shelter.alias, "attributes": attributes})
    key = await keycloak.organizations.provision(shelter)
    assert realm.get(f"/organizations/{key}")["attributes"]["sector"] == ["community"]
    assert set(groups_of(realm, key)) == set(shelter.roles)


async def test_an_organisation_that_changed_sector_gets_the_new_roles_alone(realm, keycloak):
    before = an_organization("ngo", "victim-services")
    await keycloak.organizations.provision(before)
    after = Organization(before.org_id, before.alias, "victim-services", "public-agency", "public")
    key = await keycloak.organizations.provision(after)
    assert groups_of(realm, key)["intake"] == ["public-agency.victim-services.intake"]


async def test_an_alias_another_organisation_has_is_refused_for_good(keycloak):
    first, second = an_organization(), an_organization()
    await keycloak.organizations.provision(first)
    with pytest.raises(AliasTaken):
        await keycloak.organizations.provision(
            Organization(second.org_id, first.alias, second.sector, second.family, second.regime)
        )


async def test_a_sector_without_a_row_in_the_access_table_is_refused_for_good(keycloak):
    with pytest.raises(RoleUnknown):
        await keycloak.organizations.provision(an_organization("ngo", "astrology"))


async def test_the_coalition_itself_has_its_own_roles(realm, keycloak, staff):
    coalition = Organization(str(uuid4()), f"coalition-{uuid4().hex[:8]}", "coalition", "coalition", "private")
    key = await keycloak.organizations.provision(coalition)
    assert set(groups_of(realm, key)) == {"coordination", "board", "auditor"}
    signed_in = await staff.tokens((coalition, ("board",)))
    assert "membership:decide" in roles(signed_in.access, coalition.alias)


async def test_a_provisioning_never_enables_what_is_suspended(realm, keycloak):
    shelter = an_organization()
    await keycloak.organizations.disable(shelter)
    key = await keycloak.organizations.provision(shelter)
    assert not realm.get(f"/organizations/{key}")["enabled"]
    await keycloak.organizations.enable(shelter)
    assert realm.get(f"/organizations/{key}")["enabled"]


async def test_a_suspension_ends_the_sessions_of_its_people(keycloak, staff, direct):
    shelter = an_organization()
    held = await staff.tokens((shelter, ("caseworker",)))
    await keycloak.organizations.disable(shelter)
    with pytest.raises(sign_in.SignInRefused, match="invalid_grant"):
        await sign_in.refresh(direct, held.refresh)


async def test_a_representative_keeps_one_account_in_two_organisations(realm, keycloak):
    first, second, account = an_organization(), an_organization(), an_account()
    user = await keycloak.people.provision(first, account, ("intake",))
    assert await keycloak.people.provision(second, account, ("coordinator",)) == user
    places = {place["alias"] for place in realm.get(f"/organizations/members/{user}/organizations")}
    assert places == {first.alias, second.alias}


async def test_an_account_is_found_whatever_the_case_of_its_address(keycloak):
    shelter, account = an_organization(), an_account()
    user = await keycloak.people.provision(shelter, account, ("intake",))
    assert await keycloak.people.provision(shelter, Account(account.email.upper()), ("intake",)) == user


async def test_an_address_that_only_begins_alike_is_another_account(keycloak):
    shelter, account = an_organization(), an_account()
    user = await keycloak.people.provision(shelter, account, ("intake",))
    assert await keycloak.people.provision(shelter, Account(account.email + ".evil"), ("intake",)) != user


async def test_an_address_keycloak_will_never_take_is_refused_for_good(keycloak):
    with pytest.raises(ProvisioningRefused) as refused:
        await keycloak.people.provision(an_organization(), Account("not an address"), ("intake",))
    assert "not an address" not in str(refused.value)


async def test_roles_are_set_to_exactly_those_given(keycloak, staff, direct):
    shelter = an_organization()
    user, person = await staff.hire((shelter, ("intake", "coordinator")))
    await keycloak.people.set_roles(shelter, user, ("privacy-officer",))
    held = await sign_in.tokens(direct, REDIRECT, person)
    assert claims(held.access)["organization"][shelter.alias]["groups"] == ["/privacy-officer"]


async def test_a_role_of_another_family_is_refused_for_good(keycloak):
    with pytest.raises(RoleUnknown):
        await keycloak.people.provision(an_organization(), an_account(), ("board",))


async def test_an_account_that_is_gone_is_refused_for_good(keycloak):
    for call in (
        keycloak.people.set_roles(an_organization(), str(uuid4()), ("intake",)),
        keycloak.people.end_sessions(str(uuid4())),
        keycloak.people.send_first_sign_in(str(uuid4())),
    ):
        with pytest.raises(AccountUnknown):
            await call


async def test_a_deactivated_representatives_refresh_fails(keycloak, staff, direct, realm):
    shelter = an_organization()
    user, person = await staff.hire((shelter, ("caseworker",)))
    held = await sign_in.tokens(direct, REDIRECT, person)
    await keycloak.people.deactivate(shelter.org_id, user)
    with pytest.raises(sign_in.SignInRefused, match="invalid_grant"):
        await sign_in.refresh(direct, held.refresh)
    with pytest.raises(sign_in.SignInRefused):
        await sign_in.tokens(direct, REDIRECT, person)
    assert not realm.get(f"/users/{user}")["enabled"]


async def test_deactivated_in_one_organisation_one_still_works_in_the_other(keycloak, staff, direct):
    left, kept = an_organization(), an_organization()
    user, person = await staff.hire((left, ("caseworker",)), (kept, ("caseworker",)))
    await sign_in.tokens(direct, REDIRECT, person)
    await keycloak.people.deactivate(left.org_id, user)
    held = await sign_in.tokens(direct, REDIRECT, person)
    assert set(claims(held.access)["organization"]) == {kept.alias}


async def test_deactivating_twice_or_someone_unknown_is_no_fault(keycloak):
    shelter = an_organization()
    user = await keycloak.people.provision(shelter, an_account(), ("intake",))
    await keycloak.people.deactivate(shelter.org_id, user)
    await keycloak.people.deactivate(shelter.org_id, user)
    await keycloak.people.deactivate(str(uuid4()), str(uuid4()))


async def test_one_who_comes_back_holds_only_the_new_roles(keycloak, staff, direct):
    shelter = an_organization()
    user, person = await staff.hire((shelter, ("coordinator",)))
    await keycloak.people.deactivate(shelter.org_id, user)
    assert await keycloak.people.provision(shelter, Account(person.username), ("intake",)) == user
    held = await sign_in.tokens(direct, REDIRECT, person)
    assert claims(held.access)["organization"][shelter.alias]["groups"] == ["/intake"]


def links_to(mailbox, address: str) -> list[str]:
    """Return the links mailed to an address."""
    bodies = [
        part.get_payload(decode=True).decode()
        for message in mailbox[0].received
        if message["To"] == address
        for part in message.walk()
        if part.get_content_type() == "text/plain"
    ]
    return [re.search(r"https?://\S+", body).group() for body in bodies]


async def mailed_link(mailbox, address: str) -> str:
    async def arrived():
        return links_to(mailbox, address)

    return (await eventually(arrived))[-1]


async def test_the_first_sign_in_is_by_a_mailed_link_in_ones_language(keycloak, mailbox, direct):
    shelter, account = an_organization(), an_account()
    user = await keycloak.people.provision(shelter, account, ("intake",))
    assert await keycloak.people.send_first_sign_in(user, "direct")
    link = await mailed_link(mailbox, account.email)
    person = sign_in.Person(account.email, PASSWORD)
    await sign_in.follow_link(link, person)
    assert person.totp_secret
    held = await sign_in.tokens(direct, REDIRECT, person)
    assert set(claims(held.access)["organization"]) == {shelter.alias}
    assert not await keycloak.people.send_first_sign_in(user, "direct")


async def test_a_mailed_link_works_once(keycloak, mailbox):
    account = an_account()
    user = await keycloak.people.provision(an_organization(), account, ("intake",))
    await keycloak.people.send_first_sign_in(user, "direct")
    link = await mailed_link(mailbox, account.email)
    await sign_in.follow_link(link, sign_in.Person(account.email, PASSWORD))
    with pytest.raises(sign_in.SignInRefused):
        await sign_in.follow_link(link, sign_in.Person(account.email, "another long password"))


async def test_a_forgotten_password_needs_the_second_factor_too(staff, direct, mailbox, realm):
    user, person = await staff.hire((an_organization(), ("caseworker",)))
    await sign_in.tokens(direct, REDIRECT, person)
    link = await _ask_for_a_reset(direct, person, mailbox)
    with pytest.raises(sign_in.SignInRefused):
        await sign_in.follow_link(link, sign_in.Person(person.username, "thief's password", pyotp.random_base32()))
    realm.delete(f"/attack-detection/brute-force/users/{user}")  # guessing made the account wait
    assert (await sign_in.tokens(direct, REDIRECT, person)).access


async def test_a_forgotten_password_is_replaced_by_who_has_both(staff, direct, mailbox):
    _, person = await staff.hire((an_organization(), ("caseworker",)))
    await sign_in.tokens(direct, REDIRECT, person)
    person.password = "another long password"
    await sign_in.follow_link(await _ask_for_a_reset(direct, person, mailbox), person)
    assert (await sign_in.tokens(direct, REDIRECT, person)).access


async def _ask_for_a_reset(direct, person, mailbox) -> str:
    async with sign_in.browser(direct.issuer) as client:
        answer = await client.get(sign_in.authorization_address(direct, REDIRECT, "openid", "v" * 50))
        form = sign_in_pages.read(answer.text).form_with("username")
        fields = form.fields | {"username": person.username}
        answer = await client.post(form.action, data=fields, follow_redirects=True)
        address = re.search(r'href="([^"]*reset-credentials[^"]*)"', answer.text).group(1).replace("&amp;", "&")
        answer = await client.get(httpx2.URL(str(answer.url)).join(address), follow_redirects=True)
        form = sign_in_pages.read(answer.text).form_with("username")
        if form:
            await client.post(form.action, data=form.fields | {"username": person.username}, follow_redirects=True)
    return await mailed_link(mailbox, person.username)


async def test_a_lost_second_factor_is_set_up_anew_after_its_reset(keycloak, staff, direct):
    user, person = await staff.hire((an_organization(), ("caseworker",)))
    held = await sign_in.tokens(direct, REDIRECT, person)
    lost = person.totp_secret
    await keycloak.people.reset_second_factor(user, utc_now())
    with pytest.raises(sign_in.SignInRefused, match="invalid_grant"):
        await sign_in.refresh(direct, held.refresh)
    await sign_in.tokens(direct, REDIRECT, person)
    assert person.totp_secret != lost


async def test_a_reset_done_again_leaves_alone_what_was_set_up_since(keycloak, staff, direct):
    user, person = await staff.hire((an_organization(), ("caseworker",)))
    before = utc_now()
    await sign_in.tokens(direct, REDIRECT, person)
    await keycloak.people.reset_second_factor(user, before)
    kept = person.totp_secret
    await sign_in.tokens(direct, REDIRECT, person)
    assert person.totp_secret == kept


async def test_an_app_wider_than_its_organisation_is_refused_for_good(keycloak, realm):
    police = an_organization("police", "law-enforcement", "public")
    app = App(f"app-{police.alias}", frozenset({"directory:read", "capacity:ask"}))
    with pytest.raises(ScopesTooWide):
        await keycloak.apps.provision(police, app)
    assert realm.get("/clients", clientId=app.client_id) == []


async def test_an_app_provisioned_again_with_fewer_scopes_loses_the_others(keycloak, settings):
    shelter = an_organization()
    name = f"app-{shelter.alias}"
    await keycloak.apps.provision(shelter, App(name, frozenset({"directory:read", "capacity:answer"})))
    oauth = sign_in.Client(issuer(settings), name, await keycloak.apps.rotate_secret(name))
    await keycloak.apps.provision(shelter, App(name, frozenset({"directory:read"})))
    assert roles((await sign_in.app_token(oauth)).access, shelter.alias) == {"directory:read"}


async def test_a_rotated_secret_replaces_the_old_one_at_once(keycloak, settings):
    shelter = an_organization()
    name = f"app-{shelter.alias}"
    await keycloak.apps.provision(shelter, App(name, frozenset({"directory:read"})))
    old = await keycloak.apps.rotate_secret(name)
    new = await keycloak.apps.rotate_secret(name)
    assert (await sign_in.app_token(sign_in.Client(issuer(settings), name, new))).access
    with pytest.raises(sign_in.SignInRefused, match="unauthorized_client"):
        await sign_in.app_token(sign_in.Client(issuer(settings), name, old))


async def test_a_removed_app_gets_no_token(keycloak, settings, realm):
    shelter = an_organization()
    name = f"app-{shelter.alias}"
    await keycloak.apps.provision(shelter, App(name, frozenset({"directory:read"})))
    secret = await keycloak.apps.rotate_secret(name)
    for _ in range(2):
        await keycloak.apps.remove(shelter.org_id, name)
    with pytest.raises(sign_in.SignInRefused, match="invalid_client"):
        await sign_in.app_token(sign_in.Client(issuer(settings), name, secret))
    assert set(groups_of(realm, await keycloak.organizations.find(shelter.org_id))) == set(shelter.roles)
    with pytest.raises(AppUnknown):
        await keycloak.apps.rotate_secret(name)


def an_assertion(key: RSAKey, client_id: str, audience: str) -> str:
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": audience, "jti": str(uuid4()), "iat": now, "exp": now + 60}
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


async def assert_app(oauth: sign_in.Client, assertion: str) -> httpx2.Response:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    async with httpx2.AsyncClient() as client:
        grant = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": assertion}
        return await client.post(oauth.token_url, data=grant)


async def test_an_app_with_keys_of_its_own_signs_its_assertions(keycloak, settings):
    shelter, key = an_organization(), RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    name = f"app-{shelter.alias}"
    jwks = {"keys": [key.as_dict(private=False)]}
    await keycloak.apps.provision(shelter, App(name, frozenset({"directory:read"}), jwks))
    oauth = sign_in.Client(issuer(settings), name)
    good = await assert_app(oauth, an_assertion(key, name, oauth.issuer))
    assert roles(good.json()["access_token"], shelter.alias) == {"directory:read"}
    stranger = RSAKey.generate_key(2048, {"kid": key.kid})
    assert (await assert_app(oauth, an_assertion(stranger, name, oauth.issuer))).is_error
    with pytest.raises(sign_in.SignInRefused):
        await sign_in.app_token(sign_in.Client(issuer(settings), name, "a secret"))


async def test_notifications_reads_people_and_nothing_else(realm, settings, staff):
    user, person = await staff.hire((an_organization(), ("intake",)))
    token = (await sign_in.app_token(sign_in.Client(issuer(settings), "notifications", "notifications-secret"))).access
    base = f"{settings.keycloak_url}/admin/realms/{settings.name}"
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        found = (await client.get(f"{base}/users/{user}")).json()
        assert (found["email"], found["attributes"]["locale"]) == (person.username, ["fr"])
        assert (await client.put(f"{base}/users/{user}", json=found | {"enabled": False})).status_code == 403
        for path in ("/organizations", "/clients", "/admin-events"):
            assert (await client.get(base + path)).status_code == 403, path
        assert (await client.delete(base)).status_code == 403


async def test_membership_cannot_change_the_realm_itself(settings, realm):
    token = (await sign_in.app_token(sign_in.Client(issuer(settings), "membership", "membership-secret"))).access
    base = f"{settings.keycloak_url}/admin/realms/{settings.name}"
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        assert (await client.put(base, json={"bruteForceProtected": False})).status_code == 403
        assert (await client.post(f"{base}/roles", json={"name": "person:sell"})).status_code == 403
        assert (await client.get(f"{base}/admin-events")).status_code == 403


async def test_a_fault_of_the_infrastructure_is_raised_as_it_is(settings):
    unreachable = Keycloak("http://127.0.0.1:9", settings.name, "membership", "membership-secret")
    with pytest.raises(KeycloakError):
        await unreachable.organizations.provision(an_organization())
    await unreachable.close()
    mistaken = Keycloak(settings.keycloak_url, settings.name, "membership", "not the secret")
    with pytest.raises(KeycloakError):
        await mistaken.organizations.provision(an_organization())
    await mistaken.close()


async def test_administration_events_keep_nothing_that_was_sent(keycloak, realm):
    account = an_account()
    user = await keycloak.people.provision(an_organization(), account, ("intake",))
    events = realm.get("/admin-events", resourcePath=f"*{user}*", max="50")
    assert events
    assert not [event for event in events if "representation" in event]
    # Keycloak writes the address into events of joining an organisation, whatever is asked: nowhere else.
    naming = {event["resourceType"] for event in events if account.email in str(event)}
    assert naming <= {"ORGANIZATION_MEMBERSHIP", "ORGANIZATION_GROUP_MEMBERSHIP"}
