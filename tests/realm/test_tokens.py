"""What a token carries: one organisation's roles, and nobody's name."""

import base64
import json

import pytest

from cli import sign_in
from cli.realm.code import composites
from services.membership.keycloak import Account, App
from tests.realm.conftest import REDIRECT, an_account, an_organization, issuer


def claims(token: str) -> dict:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def roles(token: str, alias: str) -> set[str]:
    return set(claims(token)["organization"][alias]["realm_access"]["roles"])


async def test_a_token_carries_the_chosen_organisation_whole(staff, direct, settings):
    shelter = an_organization()
    signed_in = await staff.tokens((shelter, ("caseworker",)))
    found = claims((await sign_in.refresh(direct, signed_in.refresh, f"openid organization:{shelter.alias}")).access)
    place = found["organization"].pop(shelter.alias)
    assert found["organization"] == {}
    assert place["org_id"] == [shelter.org_id]
    assert (place["sector"], place["family"], place["regime"]) == (["community"], ["ngo"], ["private"])
    assert place["groups"] == ["/caseworker"]
    expected = {*composites()["ngo.community.caseworker"], "ngo.community.caseworker"}
    assert set(place["realm_access"]["roles"]) == expected
    assert (found["iss"], found["aud"], found["typ"], found["kind"], found["azp"]) == (
        issuer(settings), "coalition-api", "Bearer", "person", "direct",
    )  # fmt: skip
    assert found["exp"] - found["iat"] == 300


async def test_no_token_of_access_names_anyone(staff):
    shelter = an_organization()
    signed_in = await staff.tokens((shelter, ("caseworker",)))
    assert set(claims(signed_in.access)) <= {
        "exp", "iat", "auth_time", "jti", "iss", "aud", "sub", "typ", "azp", "sid", "acr", "scope", "kind",
        "organization",
    }  # fmt: skip
    assert "example.org" not in json.dumps(claims(signed_in.access))
    greeted = claims(signed_in.id_token)
    assert (greeted["name"], greeted["locale"]) == ("Prénom Nom", "fr")
    assert "organization" not in greeted


async def test_roles_of_one_organisation_never_show_under_another(staff, direct):
    shelter, police = an_organization(), an_organization("police", "law-enforcement", "public")
    signed_in = await staff.tokens((shelter, ("privacy-officer",)), (police, ("caseworker",)))
    both = signed_in.access
    assert set(claims(both)["organization"]) == {shelter.alias, police.alias}
    assert "referral:send" not in roles(both, shelter.alias)
    assert "audit:read" not in roles(both, police.alias)
    one = (await sign_in.refresh(direct, signed_in.refresh, f"openid organization:{police.alias}")).access
    assert set(claims(one)["organization"]) == {police.alias}
    assert "audit:read" not in json.dumps(claims(one))
    assert "realm_access" not in claims(one)


async def test_switching_goes_back_and_forth_within_a_session(staff, direct):
    first, second = an_organization(), an_organization()
    held = await staff.tokens((first, ("intake",)), (second, ("coordinator",)))
    for place in (first, second, first):
        held = await sign_in.refresh(direct, held.refresh, f"openid organization:{place.alias}")
        assert set(claims(held.access)["organization"]) == {place.alias}
    held = await sign_in.refresh(direct, held.refresh)
    assert set(claims(held.access)["organization"]) == {first.alias, second.alias}


async def test_choosing_an_organisation_one_is_not_in_yields_none(staff, direct, keycloak):
    mine, theirs = an_organization(), an_organization()
    await keycloak.organizations.provision(theirs)
    held = await staff.tokens((mine, ("caseworker",)))
    held = await sign_in.refresh(direct, held.refresh, f"openid organization:{theirs.alias}")
    assert not claims(held.access).get("organization")
    with pytest.raises(sign_in.SignInRefused, match="invalid_scope"):
        await sign_in.refresh(direct, held.refresh, "openid organization:there-is-none")


async def test_joined_during_a_session_it_is_not_yet_alone_in_a_token(staff, direct, keycloak):
    """Keycloak answers both organisations, which every service refuses: one signs in again."""
    mine, new = an_organization(), an_organization()
    _, person = await staff.hire((mine, ("caseworker",)))
    held = await sign_in.tokens(direct, REDIRECT, person)
    await keycloak.people.provision(new, Account(person.username), ("intake",))
    held = await sign_in.refresh(direct, held.refresh, f"openid organization:{new.alias}")
    assert set(claims(held.access)["organization"]) == {mine.alias, new.alias}
    again = await sign_in.tokens(direct, REDIRECT, person, f"openid organization:{new.alias}")
    assert set(claims(again.access)["organization"]) == {new.alias}


async def test_someone_in_no_organisation_gets_none(staff):
    signed_in = await staff.tokens()
    assert not claims(signed_in.access).get("organization")


async def test_a_police_caseworker_lacks_what_a_community_one_has(staff):
    shelter, police = an_organization(), an_organization("police", "law-enforcement", "public")
    ngo = await staff.tokens((shelter, ("caseworker",)))
    officer = await staff.tokens((police, ("caseworker",)))
    lacking = roles(ngo.access, shelter.alias) - roles(officer.access, police.alias)
    assert lacking == {"capacity:ask", "organization:read", "ngo.community.caseworker"}


async def test_two_roles_add_up(staff):
    shelter = an_organization()
    signed_in = await staff.tokens((shelter, ("intake", "privacy-officer")))
    assert {"capacity:answer", "audit:read"} <= roles(signed_in.access, shelter.alias)
    assert sorted(claims(signed_in.access)["organization"][shelter.alias]["groups"]) == ["/intake", "/privacy-officer"]


async def test_a_suspended_organisation_leaves_every_new_token(staff, keycloak, direct):
    shelter, other = an_organization(), an_organization()
    _, person = await staff.hire((shelter, ("caseworker",)), (other, ("intake",)))
    await keycloak.organizations.disable(shelter)
    held = await sign_in.tokens(direct, REDIRECT, person)
    assert set(claims(held.access)["organization"]) == {other.alias}
    with pytest.raises(sign_in.SignInRefused, match="invalid_scope"):
        await sign_in.refresh(direct, held.refresh, f"openid organization:{shelter.alias}")
    await keycloak.organizations.enable(shelter)
    again = await sign_in.tokens(direct, REDIRECT, person, f"openid organization:{shelter.alias}")
    assert set(claims(again.access)["organization"]) == {shelter.alias}


async def test_an_app_acts_for_its_organisation_with_its_own_scopes_alone(keycloak, settings):
    shelter, other = an_organization(), an_organization()
    await keycloak.organizations.provision(other)
    app = App(f"app-{shelter.alias}", frozenset({"directory:read", "capacity:answer"}))
    await keycloak.apps.provision(shelter, app)
    oauth = sign_in.Client(issuer(settings), app.client_id, await keycloak.apps.rotate_secret(app.client_id))
    answered = await sign_in.app_token(oauth)
    found = claims(answered.access)
    assert set(found["organization"]) == {shelter.alias}
    assert roles(answered.access, shelter.alias) == {"directory:read", "capacity:answer"}
    assert (found["kind"], found["aud"], found["azp"]) == ("app", "coalition-api", app.client_id)
    assert "sid" not in found
    assert not {"clientHost", "clientAddress"} & set(found)
    assert not answered.refresh
    foreign = await sign_in.app_token(oauth, f"organization:{other.alias}")
    assert not set(claims(foreign.access).get("organization", {})) - {shelter.alias}


async def test_a_suspended_organisation_leaves_its_apps_tokens(keycloak, settings):
    shelter = an_organization()
    app = App(f"app-{shelter.alias}", frozenset({"directory:read"}))
    await keycloak.apps.provision(shelter, app)
    oauth = sign_in.Client(issuer(settings), app.client_id, await keycloak.apps.rotate_secret(app.client_id))
    await keycloak.organizations.disable(shelter)
    assert not claims((await sign_in.app_token(oauth)).access).get("organization")


@pytest.mark.parametrize("client", ["membership", "notifications"])
async def test_our_own_service_clients_cannot_call_the_interfaces(realm, settings, client):
    answered = await sign_in.app_token(sign_in.Client(issuer(settings), client, f"{client}-secret"))
    found = claims(answered.access)
    assert "coalition-api" not in (found.get("aud") or [])
    assert "kind" not in found


def test_an_account_never_prints_an_address():
    assert "@" not in repr(an_account())
