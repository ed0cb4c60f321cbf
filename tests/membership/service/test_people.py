"""People are invited by a code that exists only in a letter, take it up, get roles, and leave."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest

from kit.testing import tokens
from services.membership.commands.people import activate
from tests.membership.service.conftest import COALITION

NAMES = {"given_name": "Ève", "family_name": "O'Neil-Côté"}


async def accepted(api, coalition, office, person: str, **changes):
    code = await coalition.code_of(office, person)
    return await api.post("/invitations/acceptances", json={"code": code} | NAMES | changes)


async def active(api, coalition, office, organization: str, user: str, roles=("caseworker",)) -> str:
    person = await coalition.invited(organization, f"{user}@erable.example", roles)
    assert (await accepted(api, coalition, office, person)).status_code == 202
    await activate(office, person, user)
    return person


async def test_a_coordinator_invites_and_no_row_anywhere_holds_the_code(api, coalition, office, records):
    organization = await coalition.member()
    person = await coalition.invited(organization)
    code = await coalition.code_of(office, person)
    for name in await records.mongo.db.list_collection_names():
        stored = str(await records.mongo.db[name].find().to_list())
        assert code not in stored
        assert code.replace("-", "") not in stored
    assert await records.outbox(f"representative:{person}") == ["representative-invited.v1"]
    told = await records.mongo.db["outbox"].find_one({"aggregate": f"representative:{person}"})
    assert json.loads(told["data"]) == {
        "representative_id": person,
        "organization_id": organization,
        "roles": ["caseworker"],
    }
    read = await api.get(f"/representatives/{person}", headers=coalition.coordinator(organization))
    assert (read.json()["state"], read.json()["address"]) == ("invited", "eve@erable.example")
    assert "hash" not in read.text


async def test_an_invitation_is_taken_up_once(api, coalition, office, records):
    organization = await coalition.member()
    person = await coalition.invited(organization)
    first = await accepted(api, coalition, office, person)
    assert (first.status_code, first.json()) == (202, {"status": "received"})
    again = await accepted(api, coalition, office, person)
    assert (again.status_code, again.json()["code"]) == (404, "membership.invitation-not-valid")
    assert await records.outbox(f"representative:{person}") == [
        "representative-invited.v1",
        "representative-accepted.v1",
    ]
    assert "Neil" not in str(await records.mongo.db["outbox"].find().to_list())


async def test_two_at_once_take_it_up_once(api, coalition, office, records):
    person = await coalition.invited(await coalition.member())
    answers = await asyncio.gather(*(accepted(api, coalition, office, person) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 404, 404, 404]
    assert (await records.outbox(f"representative:{person}")).count("representative-accepted.v1") == 1


async def test_taking_it_up_again_under_its_key_answers_the_same(api, coalition, office):
    person = await coalition.invited(await coalition.member())
    code = await coalition.code_of(office, person)
    key = {"Idempotency-Key": str(uuid4())}
    answers = [await api.post("/invitations/acceptances", json={"code": code} | NAMES, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]


async def test_a_wrong_an_old_and_a_late_code_read_the_same(api, coalition, office, pass_time):
    organization = await coalition.member()
    person = await coalition.invited(organization)
    old = await coalition.code_of(office, person)
    await pass_time(timedelta(seconds=1))
    assert await coalition.invited(organization) == person
    late = await coalition.code_of(office, person)
    answers = [await api.post("/invitations/acceptances", json={"code": old} | NAMES)]
    answers.append(await api.post("/invitations/acceptances", json={"code": "ABCD-EFGH-IJKL"} | NAMES))
    await pass_time(timedelta(days=8))
    answers.append(await api.post("/invitations/acceptances", json={"code": late} | NAMES))
    assert {answer.status_code for answer in answers} == {404}
    bodies = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]


async def test_an_invitation_nobody_takes_up_ends_after_eight_days(coalition, records, pass_time):
    person = await coalition.invited(await coalition.member())
    await pass_time(timedelta(days=8))
    assert (await records.state("representatives", person))["state"]["state"] == "expired"
    assert (await records.outbox(f"representative:{person}"))[-1] == "representative-invitation-expired.v1"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "short"},
        {"code": {"$gt": ""}},
        {"code": "A" * 100},
        {"code": "ABCD-EFGH", "given_name": "x\r\ny", "family_name": "z"},
        {"code": "ABCD-EFGH", **NAMES, "address": "other@example.org"},
        {"code": "ABCD-EFGH", **NAMES, "language": "de"},
    ],
)
async def test_a_malformed_acceptance_is_refused(api, body):
    answer = await api.post("/invitations/acceptances", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert "other@example.org" not in answer.text


async def test_an_account_made_opens_access_and_is_told(api, coalition, office, records):
    organization = await coalition.member()
    person = await active(api, coalition, office, organization, "eve")
    assert (await records.outbox(f"representative:{person}"))[-1] == "representative-activated.v1"
    assert await records.revoked(f"member:{organization}:eve") is False
    await activate(office, person, "eve")
    assert (await records.outbox(f"representative:{person}")).count("representative-activated.v1") == 1


async def test_a_deactivation_takes_access_away_in_its_own_transaction(api, coalition, office, records):
    organization = await coalition.member()
    person = await active(api, coalition, office, organization, "eve")
    answer = await api.post(f"/representatives/{person}/deactivation", headers=coalition.coordinator(organization))
    assert (answer.status_code, answer.json()["state"]) == (200, "deactivated")
    assert await records.revoked(f"member:{organization}:eve") is True
    told = await records.mongo.db["outbox"].find_one({"subject": "membership.representative-deactivated.v1"})
    assert json.loads(told["data"])["user_id"] == "eve"
    again = await api.post(f"/representatives/{person}/deactivation", headers=coalition.coordinator(organization))
    assert (again.status_code, again.json()["code"]) == (409, "membership.already-deactivated")


async def test_who_comes_back_is_let_in_again_by_a_higher_sequence(api, coalition, office, records, pass_time):
    organization = await coalition.member()
    person = await active(api, coalition, office, organization, "eve")
    await api.post(f"/representatives/{person}/deactivation", headers=coalition.coordinator(organization))
    await pass_time(timedelta(seconds=1))
    assert await active(api, coalition, office, organization, "eve", ("intake",)) == person
    assert await records.revoked(f"member:{organization}:eve") is False
    assert (await records.state("representatives", person))["state"]["roles"] == ["intake"]


async def test_another_organisations_coordinator_finds_nobody(api, coalition, office, records):
    organization, other = (
        await coalition.member(),
        await coalition.member(business_number="1166000002", address="b@b.example"),
    )
    person = await active(api, coalition, office, organization, "eve")
    foreign = coalition.coordinator(other, "someone")
    before = await records.everything()
    body = {"address": "x@y.example", "roles": ["intake"]}
    answers = [
        await api.get(f"/representatives/{person}", headers=foreign),
        await api.get(f"/organizations/{organization}/representatives", headers=foreign),
        await api.post(f"/organizations/{organization}/representatives", json=body, headers=foreign),
        await api.put(f"/representatives/{person}/roles", json={"roles": ["intake"]}, headers=foreign),
        await api.post(f"/representatives/{person}/deactivation", headers=foreign),
        await api.get(f"/representatives/{uuid4()}", headers=foreign),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
        (404, "membership.unknown-representative")
    }
    assert await records.everything() == before


async def test_only_those_who_manage_people_see_them(api, coalition):
    organization = await coalition.member()
    person = await coalition.invited(organization)
    caseworker = coalition.caseworker(organization)
    for path in (f"/organizations/{organization}/representatives", f"/representatives/{person}"):
        assert (await api.get(path, headers=caseworker)).status_code == 403
        assert (await api.get(path)).status_code == 401


async def test_coordination_reads_another_organisations_people_and_it_is_audited(api, coalition, records):
    organization = await coalition.member()
    await coalition.invited(organization)
    place = f"/organizations/{organization}/representatives"
    own = (await api.get(place, headers=coalition.coordinator(organization))).json()["items"]
    assert [item["address"] for item in own] == ["ada@erable.example", "eve@erable.example"]
    assert "representative.list" not in await records.actions()
    assert (await api.get(place, headers=coalition.staff())).status_code == 200
    row = await records.mongo.db["audit"].find_one({"action": "representative.list"})
    assert (row["by"], row["owner"], len(row["records"])) == ("staff", organization, 2)


async def test_roles_change_and_nobody_changes_their_own(api, coalition, office, records):
    organization = await coalition.member()
    person = await active(api, coalition, office, organization, "eve", ("coordinator",))
    roles = {"roles": ["coordinator", "privacy-officer"]}
    own = coalition.coordinator(organization, "eve")
    refused = await api.put(f"/representatives/{person}/roles", json=roles, headers=own)
    assert (refused.status_code, refused.json()["code"]) == (403, "membership.own-roles")
    answer = await api.put(f"/representatives/{person}/roles", json=roles, headers=coalition.coordinator(organization))
    assert (answer.status_code, answer.json()["roles"]) == (200, ["coordinator", "privacy-officer"])
    assert (await records.outbox(f"representative:{person}"))[-1] == "representative-roles-changed.v1"


@pytest.mark.parametrize(
    ("roles", "status"), [([], 422), (["board"], 422), (["coordinator", "auditor"], 422), (["king"], 422)]
)
async def test_only_roles_of_the_organisation_are_given(api, coalition, roles, status):
    organization = await coalition.member()
    answer = await api.post(
        f"/organizations/{organization}/representatives",
        json={"address": "x@y.example", "roles": roles},
        headers=coalition.coordinator(organization),
    )
    assert answer.status_code == status


async def test_the_last_coordinators_at_once_leave_one(api, coalition, office, records):
    organization = await coalition.member()
    people = {user: await active(api, coalition, office, organization, user, ("coordinator",)) for user in ("a", "b")}
    answers = await asyncio.gather(
        api.post(f"/representatives/{people['b']}/deactivation", headers=coalition.coordinator(organization, "a")),
        api.post(f"/representatives/{people['a']}/deactivation", headers=coalition.coordinator(organization, "b")),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    states = [
        row["state"]["state"] async for row in records.mongo.db["representatives"].find({"state.user": {"$ne": None}})
    ]
    assert sorted(states) == ["active", "deactivated"]


async def test_an_address_that_is_there_is_not_invited_twice(api, coalition, office):
    organization = await coalition.member()
    await active(api, coalition, office, organization, "eve")
    body = {"address": "EVE@erable.example", "roles": ["intake"]}
    answer = await api.post(
        f"/organizations/{organization}/representatives", json=body, headers=coalition.coordinator(organization)
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "membership.already-representative")


async def test_the_same_invitation_at_once_is_one_person(api, coalition, records):
    organization = await coalition.member()
    answers = await asyncio.gather(*(coalition.invited(organization) for _ in range(4)), return_exceptions=True)
    assert len({answer for answer in answers if isinstance(answer, str)}) == 1
    assert await records.mongo.db["representatives"].count_documents({"state.address": "eve@erable.example"}) == 1


async def test_an_invitation_under_its_key_mails_once(api, coalition, records):
    organization = await coalition.member()
    headers = coalition.coordinator(organization) | {"Idempotency-Key": str(uuid4())}
    body = {"address": "eve@erable.example", "roles": ["intake"]}
    before = len(await records.jobs("invitation-letter"))
    answers = [
        await api.post(f"/organizations/{organization}/representatives", json=body, headers=headers) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(await records.jobs("invitation-letter")) == before + 1


async def test_a_suspended_organisations_invitation_is_worth_nothing(api, coalition, office):
    organization = await coalition.member()
    person = await coalition.invited(organization)
    await api.post(f"/organizations/{organization}/suspension", json={"reason": "conduct"}, headers=coalition.staff())
    answer = await accepted(api, coalition, office, person)
    assert (answer.status_code, answer.json()["code"]) == (404, "membership.invitation-not-valid")


async def test_staff_cannot_make_board_members(api, coalition, office, clock):
    from services.membership.commands.founding import Charter, bootstrap  # noqa: PLC0415 - the first start
    from services.membership.domain.text import Text  # noqa: PLC0415

    charter = Charter(Text("Coalition", "Coalition"), Text("m", "m"), "1166000009")
    await bootstrap(office, charter, ("a@c.example", "b@c.example"), COALITION)
    body = {"address": "x@c.example", "roles": ["board"]}
    place = f"/organizations/{COALITION}/representatives"
    answer = await api.post(place, json=body, headers=coalition.staff())
    assert (answer.status_code, answer.json()["code"]) == (403, "membership.board-role-reserved")
    seat = {"alias": "coalition", "family": "coalition", "sector": "coalition", "organization": COALITION}
    both = tokens.bearer(roles=("board", "coordination"), user="chair", at=clock(), **seat)
    assert (await api.post(place, json=body, headers=both)).status_code == 201
