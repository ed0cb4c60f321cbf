"""A coordinator registers software with a real Keycloak: it signs in by a secret shown once."""

import asyncio
from uuid import uuid4

import pytest
import pytest_asyncio

from cli import sign_in
from kit.testing import eventually
from services.membership.commands.apps import clean_up
from services.membership.keycloak import App, Organization
from tests.realm.conftest import issuer
from tests.realm.test_tokens import roles

WANTED = {"name": "Gestion de dossiers", "scopes": ["directory:read", "capacity:answer"]}


@pytest_asyncio.fixture
async def organization(coalition, name) -> str:
    return await coalition.member(name=name)


@pytest.fixture
def name() -> dict:
    return {"fr": f"Maison {uuid4().hex[:8]}", "en": "House"}


async def registered(api, coalition, organization: str, **headers) -> dict:
    place = f"/organizations/{organization}/apps"
    answer = await api.post(place, json=WANTED, headers=coalition.coordinator(organization) | headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def token(settings, app: dict, secret: str | None = None) -> str:
    client = sign_in.Client(issuer(settings), app["client_id"], secret or app["secret"])
    return (await sign_in.app_token(client)).access


async def everything_written(records) -> str:
    names = await records.mongo.db.list_collection_names()
    rows = [await records.mongo.db[name].find().to_list() for name in names]
    return str(rows) + str(await records.mongo.client[records.access]["revocations"].find().to_list())


async def test_software_signs_in_with_the_scopes_it_was_given_and_its_secret_stands_nowhere(
    api, coalition, records, settings, organization, capfd
):
    app = await registered(api, coalition, organization)
    alias = app["client_id"].rsplit("-", 1)[0]
    assert roles(await token(settings, app), alias) == set(WANTED["scopes"])
    assert await records.outbox(f"app:{app['id']}") == ["app-registered.v1"]
    row = await records.mongo.db["audit"].find_one({"action": "app.register"})
    assert (row["by"], row["owner"], row["detail"]) == ("coordinator", organization, "capacity:answer,directory:read")
    place = f"/organizations/{organization}/apps"
    listed = await api.get(place, headers=coalition.coordinator(organization))
    assert [item["client_id"] for item in listed.json()["items"]] == [app["client_id"]]
    logged = capfd.readouterr()
    for written in (await everything_written(records), listed.text, logged.out, logged.err):
        assert app["secret"] not in written


async def test_a_registration_repeated_under_its_key_is_one_application_whose_secret_is_not_shown_again(
    api, coalition, records, organization, realm
):
    key = {"Idempotency-Key": str(uuid4())}
    first = await registered(api, coalition, organization, **key)
    again = await registered(api, coalition, organization, **key)
    assert again == first | {"secret": None}
    assert await records.count("apps") == 1
    assert len(realm.get("/clients", clientId=first["client_id"])) == 1


async def test_registrations_at_once_under_one_key_leave_one_client(api, coalition, records, organization):
    headers = coalition.coordinator(organization) | {"Idempotency-Key": str(uuid4())}
    place = f"/organizations/{organization}/apps"
    answers = await asyncio.gather(*(api.post(place, json=WANTED, headers=headers) for _ in range(3)))
    assert sorted({answer.status_code for answer in answers}) in ([201], [201, 409])
    assert len([answer for answer in answers if answer.json().get("secret")]) == 1
    assert await records.count("apps") == 1


async def test_what_the_organisation_may_not_do_its_software_may_not(api, coalition, records, organization, realm):
    before = await records.count("apps"), await records.count("audit")
    wide = WANTED | {"scopes": ["directory:read", "membership:decide"]}
    place = f"/organizations/{organization}/apps"
    answer = await api.post(place, json=wide, headers=coalition.coordinator(organization))
    assert (answer.status_code, answer.json()["code"]) == (422, "membership.scopes-too-wide")
    assert (await records.count("apps"), await records.count("audit")) == before
    assert not [
        client for client in realm.get("/clients") if client.get("attributes", {}).get("org_id") == organization
    ]


async def test_another_secret_ends_the_one_before_at_once(api, coalition, records, settings, organization):
    app = await registered(api, coalition, organization)
    key = {"Idempotency-Key": str(uuid4())}
    place = f"/apps/{app['id']}/secrets"
    headers = coalition.coordinator(organization) | key
    fresh = (await api.post(place, headers=headers)).json()
    repeated = (await api.post(place, headers=headers)).json()
    assert fresh["secret"] not in (None, app["secret"])
    assert repeated == fresh | {"secret": None}
    assert await token(settings, fresh)
    with pytest.raises(sign_in.SignInRefused):
        await token(settings, app)
    assert fresh["rotated_at"] > app["rotated_at"]
    assert (await records.outbox(f"app:{app['id']}"))[1:] == ["app-secret-rotated.v1"]
    assert fresh["secret"] not in await everything_written(records)


async def test_software_removed_is_gone_from_keycloak_too(api, coalition, records, settings, organization, realm):
    app = await registered(api, coalition, organization)
    answer = await api.delete(f"/apps/{app['id']}", headers=coalition.coordinator(organization))
    assert answer.status_code == 204
    assert await records.revoked(f"app:{app['client_id']}") is True

    async def gone() -> bool:
        return realm.get("/clients", clientId=app["client_id"]) == []

    await eventually(gone, within=40)
    with pytest.raises(sign_in.SignInRefused):
        await token(settings, app)


async def test_a_client_whose_registration_never_ended_is_taken_away_and_a_registered_one_stays(
    app, api, coalition, organization, realm, keycloak
):
    kept = await registered(api, coalition, organization)
    place = Organization(organization, kept["client_id"].rsplit("-", 1)[0], "community", "ngo", "private")
    orphan = App(f"{place.alias}-deadbeef", frozenset({"directory:read"}))
    await keycloak.apps.provision(place, orphan)
    for client in (orphan.client_id, kept["client_id"]):
        await clean_up(app.state.office, f"{organization}|{client}")

    async def gone() -> bool:
        return realm.get("/clients", clientId=orphan.client_id) == []

    await eventually(gone, within=40)
    assert realm.get("/clients", clientId=kept["client_id"])
