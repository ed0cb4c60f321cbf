"""An organisation's own software, as far as it goes without Keycloak: what is refused, and what is taken away."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest

from gateway.access import keys_of
from kit.auth import principal_of
from kit.testing import tokens
from services.membership.domain.app import App, Fact
from services.membership.main import timers_of

WANTED = {"name": "Gestion de dossiers", "scopes": ["directory:read"]}


async def registered(office, organization: str) -> App:
    """An application as its registration leaves it, with a client that no Keycloak of this test knows."""
    identity, at = str(uuid4()), office.clock()
    app = App(identity, organization, f"erable-{identity[:8]}", "Dossiers", ("directory:read",), "ada", at, at)

    async def save(session) -> None:
        await office.store.save_app(session, app, (Fact.REGISTERED,), at)

    await office.mongo.transaction(save)
    return app


async def test_without_keycloak_nothing_is_registered_and_the_answer_says_so(api, coalition, records, pass_time):
    organization = await coalition.member()
    before = await records.everything()
    headers = coalition.coordinator(organization) | {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        answer = await api.post(f"/organizations/{organization}/apps", json=WANTED, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "membership.sign-in-server-unavailable")
        assert answer.headers["retry-after"]
    after = await records.everything()
    # Only the timers that will take away whatever may have been begun there.
    assert after | {"timers": 0} == before | {"timers": 0, "apps": 0}
    await pass_time(timedelta(minutes=1))
    jobs = await records.jobs("app-removal")
    assert len(jobs) == 2
    assert {job["lane"] for job in jobs} == {f"keycloak:{organization}"}
    assert "app.register" not in await records.actions()


async def test_without_keycloak_a_secret_stays_what_it_is(api, coalition, office, records):
    organization = await coalition.member()
    app = await registered(office, organization)
    before = await records.everything(), await records.state("apps", app.id)
    answer = await api.post(f"/apps/{app.id}/secrets", headers=coalition.coordinator(organization))
    assert (answer.status_code, answer.json()["code"]) == (503, "membership.sign-in-server-unavailable")
    assert (await records.everything(), await records.state("apps", app.id)) == before


async def test_a_removal_takes_access_away_in_its_own_transaction_without_keycloak(api, coalition, office, records):
    organization = await coalition.member()
    app = await registered(office, organization)
    headers = coalition.coordinator(organization) | {"Idempotency-Key": str(uuid4())}
    assert [(await api.delete(f"/apps/{app.id}", headers=headers)).status_code for _ in range(2)] == [204, 204]
    assert await records.revoked(f"app:{app.client_id}") is True
    claims = tokens.claims_of(organization=organization, azp=app.client_id, kind="app")
    assert f"app:{app.client_id}" in keys_of(principal_of(claims))
    assert await records.outbox(f"app:{app.id}") == ["app-registered.v1", "app-removed.v1"]
    told = await records.mongo.db["outbox"].find_one({"subject": "membership.app-removed.v1"})
    identity = {"app_id": app.id, "organization_id": organization, "client_id": app.client_id}
    assert json.loads(told["data"]) == identity
    assert (await records.actions())[-1] == "app.remove"
    assert len(await records.jobs("app-removal")) == 1
    for call in (api.post(f"/apps/{app.id}/secrets", headers=coalition.coordinator(organization)),
                 api.delete(f"/apps/{app.id}", headers=coalition.coordinator(organization))):  # fmt: skip
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (409, "membership.app-removed")
    listed = await api.get(f"/organizations/{organization}/apps", headers=coalition.coordinator(organization))
    assert listed.json() == {"items": [], "next": None}


async def test_two_removals_at_once_are_one(api, coalition, office, records):
    organization = await coalition.member()
    app = await registered(office, organization)
    headers = coalition.coordinator(organization)
    answers = await asyncio.gather(*(api.delete(f"/apps/{app.id}", headers=headers) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409]
    assert (await records.outbox(f"app:{app.id}")).count("app-removed.v1") == 1


async def test_an_organisation_reads_its_applications_page_by_page_and_never_a_secret(api, coalition, office):
    organization = await coalition.member()
    apps = [await registered(office, organization) for _ in range(3)]
    seen, cursor = [], ""
    while cursor is not None:
        place = f"/organizations/{organization}/apps?limit=2{cursor}"
        page = (await api.get(place, headers=coalition.coordinator(organization))).json()
        seen += page["items"]
        cursor = f"&cursor={page['next']}" if page["next"] else None
    assert sorted(item["id"] for item in seen) == sorted(app.id for app in apps)
    assert not any("secret" in item for item in seen)


async def test_nobody_else_learns_of_an_application_or_touches_it(api, coalition, office, records):
    organization = await coalition.member()
    app = await registered(office, organization)
    other = await coalition.member(business_number="1166000002", address="b@b.example")
    before = await records.everything()
    place = f"/organizations/{organization}/apps"
    for headers in (coalition.coordinator(other), coalition.staff()):
        for call, code in (
            (api.get(place, headers=headers), "unknown-organization"),
            (api.post(place, json=WANTED, headers=headers), "unknown-organization"),
            (api.post(f"/apps/{app.id}/secrets", headers=headers), "unknown-app"),
            (api.delete(f"/apps/{app.id}", headers=headers), "unknown-app"),
            (api.delete(f"/apps/{uuid4()}", headers=headers), "unknown-app"),
        ):
            answer = await call
            assert (answer.status_code, answer.json()["code"]) == (404, f"membership.{code}")
    assert await records.everything() == before


async def test_only_who_manages_the_organisation_and_never_software(api, coalition, office, clock):
    organization = await coalition.member()
    app = await registered(office, organization)
    software = tokens.as_app(scopes={"organization:manage"}, organization=organization, at=clock())
    place = f"/organizations/{organization}/apps"
    for headers, status, code in (
        ({}, 401, "auth.invalid-token"),
        (coalition.caseworker(organization), 403, "auth.missing-scope"),
        (software, 403, "membership.person-required"),
    ):
        for call in (
            api.post(place, json=WANTED, headers=headers),
            api.post(f"/apps/{app.id}/secrets", headers=headers),
            api.delete(f"/apps/{app.id}", headers=headers),
        ):
            answer = await call
            assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "scopes": ["a:b' or 1"]},
        {"name": "a\nb", "scopes": ["directory:read"]},
        {"name": "x", "scopes": ["directory:read"], "client_id": "gateway"},
        {"name": "x", "scopes": [f"a:{letter}" for letter in "abcdefghijklmnopqrstu"]},
    ],
)
async def test_a_malformed_registration_is_refused_and_changes_nothing(api, coalition, records, body):
    organization = await coalition.member()
    before = await records.everything()
    headers = coalition.coordinator(organization)
    answer = await api.post(f"/organizations/{organization}/apps", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert await records.everything() == before


async def test_who_is_no_member_registers_nothing(api, coalition, office):
    organization = await coalition.under_review()
    headers = coalition.coordinator(organization)
    answer = await api.post(f"/organizations/{organization}/apps", json=WANTED, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "membership.not-a-member")
    assert not await timers_of(office).fire_next()
