"""An organisation joins: by anyone's application, coordination's review and two board members' votes."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from kit.testing import tokens
from tests.membership.service.conftest import COALITION, an_application


async def test_anyone_applies_and_learns_only_that_it_was_received(api, records):
    answer = await api.post("/applications", json=an_application())
    assert (answer.status_code, answer.json()) == (202, {"status": "received"})
    [row] = await records.mongo.db["organizations"].find().to_list()
    assert row["state"]["state"] == "applied"
    assert row["state"]["applicant"]["address"] == "ada@erable.example"
    assert await records.outbox(f"organization:{row['_id']}") == ["organization-applied.v1"]
    assert await records.actions() == ["organization.apply"]


async def test_the_same_application_again_is_one_application_and_the_same_answer(api, records):
    first = await api.post("/applications", json=an_application())
    again = await api.post("/applications", json=an_application(name={"fr": "Autre", "en": "Other"}))
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert await records.count("organizations") == await records.count("outbox") == 1


async def test_an_application_sent_again_under_its_key_has_its_effect_once(api, records):
    key = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        assert (await api.post("/applications", json=an_application(), headers=key)).status_code == 202
    changed = await api.post("/applications", json=an_application(website="https://a.example"), headers=key)
    assert (changed.status_code, changed.json()["code"]) == (422, "request.key-reused")
    assert await records.count("organizations") == 1


async def test_software_that_fills_every_field_is_thanked_and_not_read(api, records):
    answer = await api.post("/applications", json=an_application(comments="buy now"))
    assert (answer.status_code, answer.json()) == (202, {"status": "received"})
    assert await records.count("organizations") == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"family": "police"}, "membership.family-not-of-sector"),
        ({"sector": "coalition", "family": "coalition"}, "membership.family-not-of-sector"),
        ({"business_number": "12"}, "membership.business-number-malformed"),
        ({"address": "ada@erable.example\r\nBcc: x@y.example"}, "request.invalid"),
        ({"address": "not an address"}, "request.invalid"),
        ({"given_name": "Ada\nBcc"}, "request.invalid"),
        ({"regions": ["18"]}, "request.invalid"),
        ({"regions": []}, "request.invalid"),
        ({"website": "javascript:alert(1)"}, "request.invalid"),
        ({"name": {"$gt": ""}}, "request.invalid"),
        ({"state": "admitted"}, "request.invalid"),
        ({"mission": {"fr": "x" * 2001, "en": "x"}}, "request.invalid"),
    ],
)
async def test_a_malformed_application_is_refused_and_changes_nothing(api, records, changes, code):
    before = await records.everything()
    answer = await api.post("/applications", json=an_application(**changes))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert "javascript" not in answer.text
    assert await records.everything() == before


async def test_a_huge_application_is_refused(api, records):
    answer = await api.post("/applications", content=b"x" * 300_000, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert await records.count("organizations") == 0


async def test_nobody_unsigned_sees_or_decides_anything(api, coalition):
    identity = await coalition.applied()
    for method, path in (
        ("GET", "/applications"),
        ("GET", "/organizations"),
        ("GET", f"/organizations/{identity}"),
        ("POST", f"/organizations/{identity}/review"),
        ("POST", f"/organizations/{identity}/votes"),
        ("POST", f"/organizations/{identity}/suspension"),
        ("POST", f"/organizations/{identity}/accreditations"),
    ):
        assert (await api.request(method, path)).status_code == 401


async def test_a_member_sees_no_application_and_moves_none(api, coalition):
    identity = await coalition.applied()
    coordinator = coalition.coordinator(str(uuid4()))
    refused = await api.get("/applications", headers=coordinator)
    assert (refused.status_code, refused.json()["code"]) == (403, "auth.missing-scope")
    assert (await api.get(f"/organizations/{identity}", headers=coordinator)).status_code == 404
    for path, body in (("review", None), ("votes", {"choice": "admit"}), ("suspension", {"reason": "conduct"})):
        answer = await api.post(f"/organizations/{identity}/{path}", json=body, headers=coordinator)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.missing-scope")


async def test_coordination_reviews_and_does_not_vote_and_the_board_votes_and_does_not_review(api, coalition):
    identity = await coalition.applied()
    vote = {"choice": "admit"}
    reviewed = await api.post(f"/organizations/{identity}/review", headers=coalition.board())
    voted = await api.post(f"/organizations/{identity}/votes", json=vote, headers=coalition.staff())
    assert reviewed.status_code == voted.status_code == 403


async def test_the_board_reads_applications_with_who_applied(api, coalition):
    identity = await coalition.applied()
    [item] = (await api.get("/applications", headers=coalition.board())).json()["items"]
    assert (item["id"], item["applicant_name"], item["state"]) == (identity, "Ada Tremblay", "applied")


async def test_two_board_members_admit_and_the_applicant_is_invited_as_coordinator(api, coalition, records):
    identity = await coalition.member()
    assert await records.outbox(f"organization:{identity}") == [
        "organization-applied.v1",
        "organization-review-started.v1",
        "organization-admitted.v1",
    ]
    stored = (await records.state("organizations", identity))["state"]
    assert (stored["state"], stored["alias"], len(stored["votes"])) == ("admitted", "maison-de-erable", 2)
    [person] = await records.mongo.db["representatives"].find().to_list()
    assert (person["state"]["address"], person["state"]["roles"]) == ("ada@erable.example", ["coordinator"])
    assert await records.outbox(f"representative:{person['_id']}") == ["representative-invited.v1"]
    [letter] = await records.jobs("invitation-letter")
    assert letter["payload"]["representative_id"] == person["_id"]
    assert (await records.actions())[-1] == "organization.admit"


async def test_names_that_sound_alike_get_different_aliases(coalition, records):
    first = await coalition.member()
    second = await coalition.member(name={"fr": "Maison de l’érable", "en": "M"}, address="bo@erable.example")
    third = await coalition.member(short_name="Érable", address="cy@erable.example")
    aliases = [(await records.state("organizations", key))["state"]["alias"] for key in (first, second, third)]
    assert aliases == ["maison-de-erable", "maison-de-erable-2", "erable"]


async def test_the_same_board_member_twice_decides_nothing(api, coalition, records):
    identity = await coalition.under_review()
    first, second = [
        await api.post(f"/organizations/{identity}/votes", json={"choice": "admit"}, headers=coalition.board())
        for _ in range(2)
    ]
    assert (first.status_code, first.json()["state"]) == (200, "under-review")
    assert (second.status_code, second.json()["code"]) == (409, "membership.already-voted")
    assert await records.count("representatives") == 0


async def test_a_vote_sent_again_under_its_key_answers_the_same(api, coalition):
    identity = await coalition.under_review()
    headers = coalition.board() | {"Idempotency-Key": str(uuid4())}
    answers = [
        await api.post(f"/organizations/{identity}/votes", json={"choice": "admit"}, headers=headers) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_two_board_members_at_once_both_count(api, coalition, records):
    identity = await coalition.under_review()
    answers = await asyncio.gather(
        *(
            api.post(f"/organizations/{identity}/votes", json={"choice": "admit"}, headers=coalition.board(user))
            for user in ("board-1", "board-2")
        )
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await records.state("organizations", identity))["state"]["state"] == "admitted"
    assert await records.count("representatives") == 1


async def test_the_same_board_member_twice_at_once_counts_once(api, coalition, records):
    identity = await coalition.under_review()
    answers = await asyncio.gather(
        *(
            api.post(f"/organizations/{identity}/votes", json={"choice": "admit"}, headers=coalition.board())
            for _ in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert (await records.state("organizations", identity))["state"]["state"] == "under-review"


async def test_two_declines_end_the_application_and_write_a_letter(api, coalition, records):
    identity = await coalition.under_review()
    for user in ("board-1", "board-2"):
        await api.post(f"/organizations/{identity}/votes", json={"choice": "decline"}, headers=coalition.board(user))
    assert (await records.outbox(f"organization:{identity}"))[-1] == "organization-declined.v1"
    assert len(await records.jobs("decline-letter")) == 1
    late = await api.post(
        f"/organizations/{identity}/votes", json={"choice": "admit"}, headers=coalition.board("board-3")
    )
    assert (late.status_code, late.json()["code"]) == (409, "membership.not-under-review")


async def test_nobody_votes_on_the_application_they_made_or_for_where_they_belong(api, coalition, office, mongo):
    member = await coalition.member(address="odile@sorbier.example")
    [person] = await mongo.db["representatives"].find().to_list()
    code = await coalition.code_of(office, person["_id"])
    names = {"code": code, "given_name": "Odile", "family_name": "Roy"}
    assert (await api.post("/invitations/acceptances", json=names)).status_code == 202
    from services.membership.commands.people import activate  # noqa: PLC0415 - what the Keycloak job does next

    await activate(office, person["_id"], "board-9")
    own = await coalition.under_review(address="odile@sorbier.example", business_number="1166000002")
    answer = await api.post(f"/organizations/{own}/votes", json={"choice": "admit"}, headers=coalition.board("board-9"))
    assert (answer.status_code, answer.json()["code"]) == (403, "membership.own-organization")
    order = {"reason": "conduct"}
    answer = await api.post(f"/organizations/{member}/suspension", json=order, headers=coalition.staff("board-9"))
    assert (answer.status_code, answer.json()["code"]) == (403, "membership.own-organization")


async def test_software_cannot_vote(api, coalition, clock):
    identity = await coalition.under_review()
    seat = {"alias": "coalition", "family": "coalition", "sector": "coalition", "organization": COALITION}
    app = tokens.as_app(scopes={"membership:decide"}, at=clock(), **seat)
    answer = await api.post(f"/organizations/{identity}/votes", json={"choice": "admit"}, headers=app)
    assert (answer.status_code, answer.json()["code"]) == (403, "membership.person-required")


@pytest.mark.parametrize("path", ["review", "votes"])
async def test_an_unknown_organisation_is_not_found(api, coalition, path):
    headers = coalition.staff() if path == "review" else coalition.board()
    body = None if path == "review" else {"choice": "admit"}
    answer = await api.post(f"/organizations/{uuid4()}/{path}", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "membership.unknown-organization")


async def test_members_read_each_other_without_the_application_and_the_public_reads_the_listed(api, coalition):
    shown = await coalition.member()
    hidden = await coalition.member(
        name={"fr": "Abri caché", "en": "Hidden"}, listed=False, business_number="1166000002", address="x@y.example"
    )
    listed = (await api.get("/members")).json()["items"]
    assert [item["id"] for item in listed] == [shown]
    assert set(listed[0]) == {"id", "name", "sector", "mission", "regions", "website"}
    among = (await api.get("/organizations", headers=coalition.coordinator(shown))).json()["items"]
    assert [item["id"] for item in among] == [hidden, shown]
    assert "applicant_name" not in among[0]
    one = await api.get(f"/organizations/{hidden}", headers=coalition.coordinator(shown))
    assert "applicant_name" not in one.json()
    assert "ada@erable.example" not in one.text


async def test_a_list_is_read_page_by_page_and_its_cursor_only_there(api, coalition):
    for number in range(3):
        name, address = {"fr": f"Org {number}", "en": "O"}, f"p{number}@o.example"
        await coalition.member(name=name, business_number=f"116600000{number}", address=address)
    first = (await api.get("/members?limit=2")).json()
    second = (await api.get(f"/members?limit=2&cursor={first['next']}")).json()
    assert [item["name"]["fr"] for item in first["items"] + second["items"]] == ["Org 0", "Org 1", "Org 2"]
    assert second["next"] is None
    foreign = await api.get(f"/applications?cursor={first['next']}", headers=coalition.board())
    assert (foreign.status_code, foreign.json()["code"]) == (400, "request.malformed-cursor")


async def test_a_membership_is_called_renewed_and_lapses_by_the_clock(api, coalition, records, pass_time):
    identity = await coalition.member()
    await pass_time(timedelta(days=334))
    assert (await records.state("organizations", identity))["state"]["state"] == "admitted"
    early = await api.post(f"/organizations/{identity}/renewals", headers=coalition.staff())
    assert early.json()["code"] == "membership.renewal-not-due"
    await pass_time(timedelta(days=1))
    assert (await records.outbox(f"organization:{identity}"))[-1] == "organization-renewal-called.v1"
    renewed = await api.post(f"/organizations/{identity}/renewals", headers=coalition.staff())
    assert renewed.json()["state"] == "admitted"
    await pass_time(timedelta(days=365))
    await pass_time(timedelta(days=90))
    told = await records.outbox(f"organization:{identity}")
    assert told[-3:] == ["organization-renewed.v1", "organization-renewal-called.v1", "organization-lapsed.v1"]
    assert await records.revoked(f"organization:{identity}") is None
