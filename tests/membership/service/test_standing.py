"""A member is suspended, reinstated, accredited, and leaves; what is taken away is gone in the same transaction."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.membership.service.conftest import an_accreditation, an_application


async def test_a_suspension_takes_access_away_in_its_own_transaction(api, coalition, records):
    identity = await coalition.member()
    service = await coalition.published(identity)
    answer = await api.post(
        f"/organizations/{identity}/suspension", json={"reason": "safety-concern"}, headers=coalition.staff()
    )
    assert (answer.status_code, answer.json()["state"], answer.json()["suspended_for"]) == (
        200,
        "suspended",
        "safety-concern",
    )
    assert await records.revoked(f"organization:{identity}") is True
    told = await records.mongo.db["outbox"].find_one({"subject": "membership.organization-suspended.v1"})
    assert told["data"] == f'{{"organization_id":"{identity}","reason":"safety-concern"}}'
    assert (await api.get(f"/services/{service}", headers=coalition.caseworker())).status_code == 404
    assert (await api.get("/services", headers=coalition.caseworker())).json()["items"] == []
    assert (await api.get("/members")).json()["items"] == []


async def test_a_reinstatement_by_the_board_gives_access_and_services_back(api, coalition, records):
    identity = await coalition.member()
    service = await coalition.published(identity)
    order = {"reason": "conduct"}
    await api.post(f"/organizations/{identity}/suspension", json=order, headers=coalition.staff())
    alone = await api.post(f"/organizations/{identity}/reinstatement", headers=coalition.staff())
    assert alone.status_code == 403
    answer = await api.post(f"/organizations/{identity}/reinstatement", headers=coalition.board())
    assert (answer.status_code, answer.json()["state"]) == (200, "admitted")
    assert await records.revoked(f"organization:{identity}") is False
    assert (await api.get(f"/services/{service}", headers=coalition.caseworker())).status_code == 200
    assert (await records.outbox(f"organization:{identity}"))[-2:] == [
        "organization-suspended.v1",
        "organization-reinstated.v1",
    ]


async def test_a_late_revocation_with_a_lower_sequence_changes_nothing(office, coalition, records, clock):
    identity = await coalition.member()

    async def write(sequence: int, *, revoked: bool) -> bool | None:
        async def work(session):
            await office.revocations.of_organization(session, identity, sequence, clock(), revoked=revoked)

        await office.mongo.transaction(work)
        return await records.revoked(f"organization:{identity}")

    assert await write(5, revoked=True) is True
    assert await write(4, revoked=False) is True
    assert await write(5, revoked=False) is True
    assert await write(6, revoked=False) is False
    assert await write(5, revoked=True) is False


@pytest.mark.parametrize(("path", "code"), [("suspension", "not-a-member"), ("reinstatement", "not-suspended")])
async def test_what_does_not_fit_the_state_is_refused_and_changes_nothing(api, coalition, records, path, code):
    identity = await coalition.under_review()
    before = await records.everything()
    headers = coalition.staff() if path == "suspension" else coalition.board()
    body = {"reason": "conduct"} if path == "suspension" else None
    answer = await api.post(f"/organizations/{identity}/{path}", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, f"membership.{code}")
    assert await records.everything() == before


async def test_a_suspension_needs_a_coded_reason(api, coalition):
    identity = await coalition.member()
    for body in ({}, {"reason": "because of Ada"}, {"reason": None}):
        answer = await api.post(f"/organizations/{identity}/suspension", json=body, headers=coalition.staff())
        assert answer.status_code == 422
        assert "Ada" not in answer.text


async def test_a_service_published_beside_a_suspension_is_never_left_listed(api, coalition, records):
    identity = await coalition.member()
    suspend = api.post(f"/organizations/{identity}/suspension", json={"reason": "conduct"}, headers=coalition.staff())
    publishing = (coalition.published(identity) for _ in range(5))
    await asyncio.gather(suspend, *publishing, return_exceptions=True)
    assert await records.count("directory") == 0


async def test_an_accreditation_needs_its_evidence_and_ends_by_the_clock(api, coalition, records, pass_time):
    identity = await coalition.member()
    place = f"/organizations/{identity}/accreditations"
    lone = an_accreditation(references=an_accreditation()["references"][:1])
    refused = await api.post(place, json=lone, headers=coalition.staff())
    assert (refused.status_code, refused.json()["code"]) == (422, "membership.references-missing")
    given = await api.post(place, json=an_accreditation(), headers=coalition.staff())
    assert given.status_code == 200
    assert given.json()["accredited_until"].startswith("2027-11-24T00:00")
    row = await records.mongo.db["outbox"].find_one({"subject": "membership.organization-accredited.v1"})
    assert '"accreditation":"may-handle-referrals"' in row["data"]
    await pass_time(timedelta(days=364))
    assert (await records.outbox(f"organization:{identity}"))[-1] == "organization-renewal-called.v1"
    await pass_time(timedelta(days=2))
    assert "organization-accreditation-ended.v1" in await records.outbox(f"organization:{identity}")
    read = await api.get(f"/organizations/{identity}", headers=coalition.staff())
    assert read.json()["accredited_until"] is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"until": "2026-11-24T00:00:00Z"}, "membership.accreditation-end-out-of-bounds"),
        ({"until": "2030-01-01T00:00:00Z"}, "membership.accreditation-end-out-of-bounds"),
        ({"until": "2027-01-01T00:00:00"}, "request.invalid"),
        ({"vetting_attested_on": "2026-12-01"}, "membership.evidence-in-future"),
        ({"business_number": "99"}, "membership.business-number-malformed"),
        ({"privacy_officer": None}, "request.invalid"),
    ],
)
async def test_evidence_that_does_not_hold_accredits_nobody(api, coalition, records, changes, code):
    identity = await coalition.member()
    before = await records.everything()
    place = f"/organizations/{identity}/accreditations"
    answer = await api.post(place, json=an_accreditation(**changes), headers=coalition.staff())
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await records.everything() == before


async def test_that_an_accreditation_ends_soon_is_told_once_and_anew_for_the_next(api, coalition, records, pass_time):
    identity = await coalition.member()
    place, told = f"/organizations/{identity}/accreditations", "organization-accreditation-ending.v1"
    await api.post(place, json=an_accreditation(), headers=coalition.staff())
    await pass_time(timedelta(days=304))
    assert told not in await records.outbox(f"organization:{identity}")
    await pass_time(timedelta(days=1))
    await pass_time(timedelta(days=1))
    assert (await records.outbox(f"organization:{identity}")).count(told) == 1
    later = an_accreditation(until="2028-09-24T00:00:00Z")
    assert (await api.post(place, json=later, headers=coalition.staff())).status_code == 200
    await pass_time(timedelta(days=310))
    assert (await records.outbox(f"organization:{identity}")).count(told) == 2


async def test_an_accreditation_is_ended_early_once(api, coalition):
    identity = await coalition.member()
    place = f"/organizations/{identity}/accreditations"
    await api.post(place, json=an_accreditation(), headers=coalition.staff())
    ended = await api.post(f"{place}/end", headers=coalition.staff())
    assert (ended.status_code, ended.json()["accredited_until"]) == (200, None)
    again = await api.post(f"{place}/end", headers=coalition.staff())
    assert (again.status_code, again.json()["code"]) == (409, "membership.not-accredited")


async def test_who_is_no_member_is_not_accredited(api, coalition):
    identity = await coalition.under_review()
    place = f"/organizations/{identity}/accreditations"
    answer = await api.post(place, json=an_accreditation(), headers=coalition.staff())
    assert (answer.status_code, answer.json()["code"]) == (409, "membership.not-a-member")


async def test_an_organisation_leaves_by_its_own_word_and_not_by_anothers(api, coalition, records):
    identity = await coalition.member()
    await coalition.published(identity)
    other = await api.post(f"/organizations/{identity}/withdrawal", headers=coalition.coordinator(str(uuid4())))
    assert (other.status_code, other.json()["code"]) == (404, "membership.unknown-organization")
    left = await api.post(f"/organizations/{identity}/withdrawal", headers=coalition.coordinator(identity))
    assert (left.status_code, left.json()["state"]) == (200, "withdrawn")
    assert await records.revoked(f"organization:{identity}") is True
    assert await records.count("directory") == 0
    assert await records.mongo.db["timers"].count_documents({"key": identity}) == 0
    assert (await records.outbox(f"organization:{identity}"))[-1] == "organization-withdrawn.v1"


async def test_a_suspension_under_its_key_happens_once(api, coalition, records):
    identity = await coalition.member()
    headers = coalition.staff() | {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        answer = await api.post(f"/organizations/{identity}/suspension", json={"reason": "conduct"}, headers=headers)
        assert answer.status_code == 200
    assert (await records.outbox(f"organization:{identity}")).count("organization-suspended.v1") == 1


async def test_every_act_names_who_did_it_in_the_audit_and_the_chain_holds(api, coalition, office, records):
    identity = await coalition.member()
    await api.post(f"/organizations/{identity}/suspension", json={"reason": "conduct"}, headers=coalition.staff())
    rows = await office.audit.entries(record=f"organization:{identity}")
    assert [(row["action"], row["by"]) for row in rows] == [
        ("organization.apply", "applicant"),
        ("organization.start-review", "staff"),
        ("organization.admit", "board-1"),
        ("organization.admit", "board-2"),
        ("organization.suspend", "staff"),
    ]
    assert rows[-1]["detail"] == "conduct"
    stored = str(await records.mongo.db["audit"].find().to_list())
    assert identity not in stored.replace(f"'owner': '{identity}'", "").replace(f"'organization': '{identity}'", "")


async def test_nothing_personal_is_told_on_the_bus(coalition, records):
    await coalition.member()
    rows = str(await records.mongo.db["outbox"].find().to_list())
    applied = an_application()
    told = (applied["address"], applied["address"].lower(), applied["given_name"], applied["family_name"])
    assert not any(value in rows for value in told)
