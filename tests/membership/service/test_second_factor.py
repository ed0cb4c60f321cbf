"""A lost second factor takes two people to reset, neither of them its owner, within a day."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest_asyncio

from kit.testing import tokens
from tests.membership.service.conftest import COALITION
from tests.membership.service.test_people import active


@pytest_asyncio.fixture
async def organization(coalition) -> str:
    return await coalition.member()


@pytest_asyncio.fixture
async def eve(api, coalition, office, organization) -> str:
    return await active(api, coalition, office, organization, "eve")


def asking(person: str) -> str:
    return f"/representatives/{person}/second-factor-resets"


def confirming(person: str) -> str:
    return f"{asking(person)}/confirmation"


async def test_a_coordinator_asks_coordination_confirms_and_a_job_does_it(
    api, coalition, records, organization, eve, clock
):
    manager = coalition.coordinator(organization)
    before = clock()
    asked = await api.post(asking(eve), headers=manager)
    assert asked.status_code == 200
    assert asked.json()["reset_until"] == "2026-11-25T03:10:00Z"
    assert await records.jobs("second-factor-reset") == []
    waiting = (await api.get("/second-factor-resets", headers=coalition.staff())).json()["items"]
    assert waiting == [
        {
            "representative_id": eve,
            "organization_id": organization,
            "asked_by": "coordinator",
            "asked_at": "2026-11-24T03:10:00Z",
            "until": "2026-11-25T03:10:00Z",
        }
    ]
    confirmed = await api.post(confirming(eve), headers=coalition.staff())
    assert (confirmed.status_code, confirmed.json()["reset_until"]) == (200, None)
    [job] = await records.jobs("second-factor-reset")
    assert job["payload"] == {"representative_id": eve, "before": before}
    assert (await records.actions())[-2:] == ["representative.ask-reset", "representative.confirm-reset"]
    told = await records.mongo.db["outbox"].find({"aggregate": f"representative:{eve}"}).sort("sequence", -1).to_list(2)
    assert [row["subject"].split(".")[1] for row in told] == [
        "representative-reset-confirmed",
        "representative-reset-asked",
    ]
    assert json.loads(told[0]["data"]) == {"representative_id": eve, "organization_id": organization}
    assert (await api.get("/second-factor-resets", headers=coalition.staff())).json()["items"] == []


async def test_the_same_person_never_does_both(api, coalition, records, eve):
    assert (await api.post(asking(eve), headers=coalition.staff("rob"))).status_code == 200
    answer = await api.post(confirming(eve), headers=coalition.staff("rob"))
    assert (answer.status_code, answer.json()["code"]) == (403, "membership.same-asker")
    assert (await api.post(confirming(eve), headers=coalition.staff("zoe"))).status_code == 200
    assert len(await records.jobs("second-factor-reset")) == 1


async def test_nobody_does_it_for_themselves(api, coalition, records, organization, eve):
    own = coalition.coordinator(organization, "eve")
    answer = await api.post(asking(eve), headers=own)
    assert (answer.status_code, answer.json()["code"]) == (403, "membership.own-second-factor")
    await api.post(asking(eve), headers=coalition.coordinator(organization))
    answer = await api.post(confirming(eve), headers=coalition.staff("eve"))
    assert (answer.status_code, answer.json()["code"]) == (403, "membership.own-second-factor")
    assert await records.jobs("second-factor-reset") == []


async def test_one_reset_waits_and_only_for_a_day(api, coalition, records, organization, eve, clock):
    manager = coalition.coordinator(organization)
    answers = await asyncio.gather(*(api.post(asking(eve), headers=manager) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert (await records.outbox(f"representative:{eve}")).count("representative-reset-asked.v1") == 1
    clock.advance(timedelta(hours=24))
    assert (await api.get("/second-factor-resets", headers=coalition.staff())).json()["items"] == []
    answer = await api.post(confirming(eve), headers=coalition.staff())
    assert (answer.status_code, answer.json()["code"]) == (409, "membership.no-reset-pending")
    assert (await api.post(asking(eve), headers=coalition.coordinator(organization))).status_code == 200
    assert (await api.post(confirming(eve), headers=coalition.staff())).status_code == 200


async def test_confirmations_at_once_bring_one_job(api, coalition, records, organization, eve):
    await api.post(asking(eve), headers=coalition.coordinator(organization))
    staff = [coalition.staff(user) for user in ("rob", "zoe", "max")]
    answers = await asyncio.gather(*(api.post(confirming(eve), headers=who) for who in staff))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await records.jobs("second-factor-reset")) == 1


async def test_asked_again_under_its_key_it_is_asked_once(api, coalition, records, organization, eve):
    headers = coalition.coordinator(organization) | {"Idempotency-Key": str(uuid4())}
    answers = [await api.post(asking(eve), headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await records.outbox(f"representative:{eve}")).count("representative-reset-asked.v1") == 1


async def test_whoever_may_not_learns_and_changes_nothing(api, coalition, records, organization, eve, clock):
    other = await coalition.member(business_number="1166000002", address="b@b.example")
    await api.post(asking(eve), headers=coalition.coordinator(organization))
    software = tokens.as_app(
        scopes={"representative:manage", "membership:coordinate"}, organization=COALITION, at=clock()
    )
    before = await records.everything()
    for headers, path, status, code in (
        ({}, asking(eve), 401, "auth.invalid-token"),
        (coalition.caseworker(organization), asking(eve), 403, "auth.missing-scope"),
        (coalition.coordinator(organization), confirming(eve), 403, "auth.missing-scope"),
        (coalition.board(), confirming(eve), 403, "auth.missing-scope"),
        (coalition.coordinator(other), asking(eve), 404, "membership.unknown-representative"),
        (coalition.staff(), confirming(str(uuid4())), 404, "membership.unknown-representative"),
        (software, asking(eve), 403, "membership.person-required"),
        (software, confirming(eve), 403, "membership.person-required"),
    ):
        answer = await api.post(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    listed = await api.get("/second-factor-resets", headers=coalition.coordinator(organization))
    assert listed.status_code == 403
    assert await records.everything() == before


async def test_who_was_never_active_has_nothing_to_reset(api, coalition, organization):
    person = await coalition.invited(organization, "max@erable.example")
    answer = await api.post(asking(person), headers=coalition.coordinator(organization))
    assert (answer.status_code, answer.json()["code"]) == (409, "membership.not-active")


async def test_the_list_of_what_waits_is_read_by_an_index(api, coalition, records, organization, eve, clock):
    await api.post(asking(eve), headers=coalition.coordinator(organization))
    found = (
        records.mongo.db["representatives"].find({"state.reset.until": {"$gt": clock()}}).sort("state.reset.until", 1)
    )
    plan = str((await found.explain())["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in plan
    assert "SORT" not in plan
    assert "COLLSCAN" not in plan
