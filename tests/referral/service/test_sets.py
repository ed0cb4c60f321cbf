"""One need sent to several at once: all or none are sent, each may accept, or the first has it alone."""

import asyncio
import json
import re
from datetime import datetime, timedelta

import pytest

from tests.referral.several import several
from tests.referral.world import NEED

NOBODY = "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60"


async def test_a_set_is_drafted_and_sent_in_one_call_each_under_its_own_consent(scene):
    many = await several(scene)
    await many.consent_to_all()
    made = await many.make("all")
    assert made.status_code == 201
    lines = made.json()["referrals"]
    assert [line["state"] for line in lines] == ["requested"] * 3
    assert {line["receiver_organization_id"] for line in lines} == {member.id for member in many.members}
    stored = [await scene.world.stored("referrals", line["id"]) for line in lines]
    assert len({row["consent"] for row in stored}) == 3
    for line in lines:
        assert await scene.world.subjects(line["id"]) == ["drafted", "requested"]
    read = await scene.caseworker.get(made.headers["location"].removeprefix("/api/v1/referral"))
    assert read.json() == made.json()
    assert (await scene.caseworker.get(f"/referrals/{lines[0]['id']}")).json()["referral_set_id"] == made.json()["id"]


async def test_a_receiver_learns_nothing_of_the_set_or_of_the_others(scene):
    many = await several(scene)
    await many.consent_to_all()
    referrals = await many.sent("all")
    seen = await many.intakes[0].get(f"/referrals/{referrals[0]}")
    assert seen.json()["referral_set_id"] is None
    for hidden in (*referrals[1:], *(member.id for member in many.members[1:])):
        assert hidden not in seen.text
    stored = await scene.world.stored("referrals", referrals[0])
    assert (await many.intakes[0].get(f"/referral-sets/{stored['sent_with']}")).status_code == 404


async def test_a_set_is_sent_whole_or_not_at_all_and_says_what_is_in_the_way_of_each(scene):
    many = await several(scene)
    await many.consent_to(many.members[1])
    refused = await many.make("all")
    assert (refused.status_code, refused.json()["code"]) == (409, "referral-set.not-ready")
    assert refused.json()["errors"] == [
        {"pointer": "/recipients/0", "code": "consent.not-live"},
        {"pointer": "/recipients/2", "code": "consent.not-live"},
    ]
    for collection in ("referrals", "referral_sets", "outbox"):
        assert await scene.world.db[collection].count_documents({}) == 0
    acts = [row for row in await scene.world.acts(scene.sender.id) if row["action"] == "referral-set.make"]
    assert [row["detail"] for row in acts] == ["referral-set.not-ready"]


async def test_a_set_may_be_drafted_first_and_says_which_consents_to_ask_for(scene):
    many = await several(scene)
    await many.consent_to(many.members[0])
    await many.consent_to(many.members[1], classes=["identity"])
    made = (await many.make("all", send=False)).json()
    asked = [line["consent_to_ask"] for line in made["referrals"]]
    assert asked[0] is None
    assert (asked[1]["code"], asked[1]["classes"]) == ("consent.too-narrow", ["safe-contact", "practical-needs"])
    assert (asked[2]["code"], asked[2]["recipient_organization_id"]) == ("consent.not-live", many.members[2].id)
    refused = await scene.caseworker.post(f"/referral-sets/{made['id']}/request")
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/recipients/1", "/recipients/2"]
    assert {line["state"] for line in made["referrals"]} == {"draft"}
    await many.consent_to(many.members[2])
    await scene.caseworker.post(f"/referrals/{made['referrals'][1]['id']}/cancel", {"reason": "other"})
    sent = await scene.caseworker.post(f"/referral-sets/{made['id']}/request")
    assert [line["state"] for line in sent.json()["referrals"]] == ["requested", "cancelled", "requested"]
    again = await scene.caseworker.post(f"/referral-sets/{made['id']}/request")
    assert again.json()["code"] == "referral-set.already-sent"


async def test_the_same_request_again_makes_no_second_set(scene):
    many = await several(scene, 2)
    await many.consent_to_all()
    first, second = [await many.make("all", key="a-set-for-two-shelters") for _ in range(2)]
    assert first.json() == second.json()
    assert await scene.world.db["referrals"].count_documents({}) == 2


async def test_an_organisation_gets_one_referral_of_a_person_at_most(scene):
    many = await several(scene, 2)
    await many.consent_to_all()
    many.services.append(await scene.world.service(many.members[0]))
    refused = await many.make("all")
    assert [each["code"] for each in refused.json()["errors"]] == ["referral.already-open"] * 2
    many.services.pop()
    [first, _] = await many.sent("all")
    alone = await scene.drafted()
    again = await scene.caseworker.post(f"/referrals/{alone}/request")
    assert (again.status_code, again.json()["code"]) == (409, "referral.already-open")
    await scene.caseworker.post(f"/referrals/{first}/cancel", {"reason": "other"})
    assert (await scene.caseworker.post(f"/referrals/{alone}/request")).status_code == 200


async def test_two_drafts_to_one_organisation_sent_at_once_leave_one_open(scene_of):
    scene = await scene_of("victim-services", "shelter-tonight", "legal-advice")
    for purpose in ("support", "legal-representation"):
        await scene.consented(purpose=purpose)
    drafts = [await scene.drafted(purpose=purpose) for purpose in ("support", "legal-representation")]
    answers = await asyncio.gather(*(scene.caseworker.post(f"/referrals/{draft}/request") for draft in drafts))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.parametrize("size", [0, 1, 11])
async def test_a_set_has_two_to_ten_recipients(scene, size):
    many = await several(scene, 1)
    many.services = many.services * size
    assert (await many.make()).json()["code"] == "request.invalid"


async def test_nobody_sends_a_set_of_another_organisations_person_or_to_whom_the_person_excludes(scene):
    many = await several(scene)
    await many.consent_to_all()
    listed = {"organization_ids": [many.members[1].id], "user_ids": []}
    await scene.caseworker.post(f"/persons/{scene.person}/exclusions", listed)
    refused = await many.make()
    assert refused.json()["errors"] == [{"pointer": "/recipients/1", "code": "referral.recipient-unavailable"}]
    scene.caseworker = await scene.world.worker(await scene.world.member())
    assert (await many.make()).json()["code"] == "referral.not-found"


async def test_with_all_each_may_accept(scene):
    many = await several(scene)
    await many.consent_to_all()
    referrals = await many.sent("all")
    for intake, referral in zip(many.intakes, referrals, strict=True):
        assert (await intake.post(f"/referrals/{referral}/accept", {})).status_code == 200
    assert await many.states(referrals) == ["accepted"] * 3


async def test_the_first_to_accept_has_it_and_the_others_close_neutrally(scene):
    many = await several(scene, 5)
    await many.consent_to_all()
    made = (await many.make(send=False)).json()
    referrals = [line["id"] for line in made["referrals"]]
    for referral in referrals[:4]:
        assert (await scene.caseworker.post(f"/referrals/{referral}/request")).status_code == 200
    await many.intakes[1].post(f"/referrals/{referrals[1]}/waitlist")
    await many.intakes[2].post(f"/referrals/{referrals[2]}/review")
    await many.intakes[3].post(f"/referrals/{referrals[3]}/decline", {"reason": "other"})
    assert (await many.intakes[0].post(f"/referrals/{referrals[0]}/accept", {})).status_code == 200
    assert await many.states(referrals) == ["accepted", "cancelled", "cancelled", "declined", "cancelled"]
    for intake, referral in list(zip(many.intakes, referrals, strict=True))[1:3]:
        seen = (await intake.get(f"/referrals/{referral}")).json()
        assert (seen["state"], seen["need"], seen["reason"]) == ("cancelled", None, None)
        late = await intake.post(f"/referrals/{referral}/accept", {})
        assert (late.status_code, late.json()["code"]) == (409, "referral.closed")
        assert (await scene.world.subjects(referral))[-2:] == ["cancelled", "closed"]
    assert await scene.world.subjects(referrals[4]) == ["drafted", "cancelled"]
    read = (await scene.caseworker.get(f"/referral-sets/{made['id']}")).json()
    assert [line["state"] for line in read["referrals"]] == [
        *("accepted", "cancelled", "cancelled", "declined", "cancelled")
    ]


@pytest.mark.parametrize("accepts", [1, 10])
async def test_of_all_who_accept_at_once_one_has_it_and_no_other_takes_a_place(scene_of, accepts):
    scene = await scene_of(places=3)
    many = await several(scene, 2, places=3)
    await many.consent_to_all()
    referrals = await many.sent()
    answers = await asyncio.gather(
        *(
            intake.post(f"/referrals/{referral}/accept", {})
            for _ in range(accepts)
            for intake, referral in zip(many.intakes, referrals, strict=True)
        )
    )
    assert [answer.status_code for answer in answers].count(200) == 1
    assert sorted(await many.states(referrals)) == ["accepted", "cancelled"]
    held = [place["held"] async for place in scene.world.db["places"].find({})]
    assert sorted(sum(each.values()) for each in held if each) == [1]
    winner = referrals[(await many.states(referrals)).index("accepted")]
    for answer in answers:
        if answer.status_code != 200:
            assert answer.json()["code"] in {"referral.closed", "referral.already-accepted"}
    [loser] = set(referrals) - {winner}
    assert await scene.world.subjects(loser) == ["drafted", "requested", "cancelled", "closed"]
    assert await scene.world.db["outbox"].count_documents({"subject": "referral.accepted.v1"}) == 1


async def test_ten_services_that_accept_at_once_leave_one(scene):
    many = await several(scene, 10)
    await many.consent_to_all()
    referrals = await many.sent()
    pairs = list(zip(many.intakes, referrals, strict=True)) * 2
    answers = await asyncio.gather(*(intake.post(f"/referrals/{referral}/accept", {}) for intake, referral in pairs))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert sorted(await many.states(referrals)) == ["accepted"] + ["cancelled"] * 9


@pytest.mark.parametrize("_", range(3))
async def test_a_withdrawal_while_another_accepts_touches_its_own_line_alone(scene, _):
    many = await several(scene)
    await many.consent_to_all()
    referrals = await many.sent()
    accepted, withdrawn = await asyncio.gather(
        many.intakes[0].post(f"/referrals/{referrals[0]}/accept", {}),
        scene.caseworker.post(f"/referrals/{referrals[1]}/consent-withdrawal"),
    )
    assert (accepted.status_code, withdrawn.status_code) == (200, 200)
    states = await many.states(referrals)
    assert (states[0], states[2]) == ("accepted", "cancelled")
    assert states[1] in {"withdrawn", "cancelled"}


@pytest.mark.parametrize("_", range(3))
async def test_accepting_while_ones_own_consent_ends_leaves_the_others_open_or_closed_with_it(scene, _):
    many = await several(scene, 2)
    await many.consent_to_all()
    referrals = await many.sent()
    accepted, _w = await asyncio.gather(
        many.intakes[0].post(f"/referrals/{referrals[0]}/accept", {}),
        scene.caseworker.post(f"/referrals/{referrals[0]}/consent-withdrawal"),
    )
    won = accepted.status_code == 200
    assert await many.states(referrals) == (["accepted", "cancelled"] if won else ["withdrawn", "requested"])


async def test_a_line_withdrawn_lapsed_or_excluded_leaves_the_others_as_they_are(scene, clock):
    many = await several(scene, 4)
    until = (clock() + timedelta(hours=1)).isoformat()
    for member in many.members:
        await many.consent_to(member, **({"until": until} if member is many.members[1] else {}))
    referrals = await many.sent(need=NEED | {"urgency": "standard"})
    await scene.caseworker.post(f"/referrals/{referrals[0]}/consent-withdrawal")
    clock.advance(timedelta(hours=2))
    await scene.world.due()
    listed = {"organization_ids": [many.members[2].id], "user_ids": []}
    await scene.caseworker.post(f"/persons/{scene.person}/exclusions", listed)
    assert await many.states(referrals) == ["withdrawn", "withdrawn", "cancelled", "requested"]
    assert (await many.intakes[3].post(f"/referrals/{referrals[3]}/accept", {})).status_code == 200


async def test_a_set_is_not_there_for_whom_the_person_excludes_nor_in_their_log(scene):
    many = await several(scene)
    await many.consent_to_all()
    made = (await many.make()).json()
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    colleague = scene.world.signed_in(scene.sender, officer.id, "caseworker")
    assert (await colleague.get(f"/referral-sets/{made['id']}")).status_code == 200
    listed = {"organization_ids": [], "user_ids": [officer.id]}
    await scene.caseworker.post(f"/persons/{scene.person}/exclusions", listed)
    for refused in (
        await colleague.get(f"/referral-sets/{made['id']}"),
        await colleague.post(f"/referral-sets/{made['id']}/request"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (404, "referral.not-found")
    rows = (await officer.get("/audit")).json()["items"]
    assert {row["outcome"] for row in rows} == {"refused"}
    assert all(row["records"] == [] for row in rows)


async def test_the_row_that_a_lost_race_leaves_reads_as_that_of_any_other_end(scene):
    many = await several(scene, 3)
    await many.consent_to_all()
    referrals = await many.sent()
    await scene.caseworker.post(f"/referrals/{referrals[1]}/cancel", {"reason": "other"})
    await many.intakes[0].post(f"/referrals/{referrals[0]}/accept", {})
    rows = []
    for member in many.members[1:]:
        [row] = await scene.world.acts(member.id)
        rows.append({name: row[name] for name in ("by", "action", "outcome", "detail", "purpose", "role")})
    assert rows[0] == rows[1]
    told = [json.loads((await scene.world.outbox(f"referral:{each}"))[-1]["data"]) for each in referrals[1:]]
    assert [each["notify"] for each in told] == [[intake.id] for intake in many.intakes[1:]]


async def _unseen_worlds(scene_of, clock, sender_sector, feedback, accepted):
    """What a sender that may learn of no acceptance reads and is told, until every request is over."""
    scene = await scene_of("community", sender_sector=sender_sector)
    many = await several(scene, 5)
    for member, answer in zip(many.members, (feedback, "outcome", "outcome", "outcome", "outcome"), strict=True):
        assert (await many.consent_to(member, feedback=answer)).status_code == 201
    made = (await many.make(send=False)).json()
    referrals = [line["id"] for line in made["referrals"]]
    for referral in referrals[:4]:
        assert (await scene.caseworker.post(f"/referrals/{referral}/request")).status_code == 200
    await many.intakes[2].post(f"/referrals/{referrals[2]}/waitlist")
    if accepted:
        assert (await many.intakes[0].post(f"/referrals/{referrals[0]}/accept", {})).status_code == 200
        closed = ["cancelled", "cancelled", "cancelled", "draft"]
        assert await many.states(referrals[1:]) == closed
    answers = [await scene.caseworker.get(f"/referrals/{referral}") for referral in referrals]
    answers.append(await scene.caseworker.post(f"/referrals/{referrals[4]}/request"))
    answers += [await scene.caseworker.post(f"/referrals/{referral}/request") for referral in referrals]
    await scene.caseworker.post(f"/referrals/{referrals[3]}/consent-withdrawal")
    for passed in (timedelta(minutes=20), timedelta(minutes=90), timedelta(hours=20), timedelta(days=8)):
        clock.advance(passed)
        await scene.world.due()
        answers += [await scene.caseworker.get(f"/referrals/{referral}") for referral in referrals[1:]]
        page = (await scene.caseworker.get("/referrals", direction="sent", open=True)).json()["items"]
        answers.append(sorted(referrals.index(line["id"]) for line in page if line["id"] != referrals[0]))
    refused = [
        await intake.post(f"/referrals/{each}/accept", {}) for intake, each in zip(many.intakes, referrals, strict=True)
    ]
    told = []
    for referral in referrals[1:]:
        rows = [(row["subject"], json.loads(row["data"])) for row in await scene.world.outbox(f"referral:{referral}")]
        told.append([subject for subject, data in rows if scene.caseworker.id in data.get("notify", ())])
    names = [*referrals, *many.services, *(member.id for member in many.members), made["id"], scene.person]
    start = clock() - timedelta(days=8, hours=20, minutes=110)
    shown = [_blank(answer, [*names, scene.sender.id], start) for answer in answers]
    return shown, told, refused, await many.states(referrals)


def _blank(answer, names, start):
    """An answer with its ids numbered and its instants counted from a common beginning."""
    if isinstance(answer, list):
        return answer
    body = {name: value for name, value in answer.json().items() if name not in {"request_id", "mnemonic"}}
    text = json.dumps(body, sort_keys=True)
    for number, name in enumerate(names):
        text = text.replace(name, f"ID{number}")

    def since(found):
        return str(round((datetime.fromisoformat(found[0]) - start).total_seconds() / 60))

    return answer.status_code, answer.headers.get("etag"), re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", since, text)


@pytest.mark.parametrize(("sender_sector", "feedback"), [("community", "none"), ("law-enforcement", "outcome")])
async def test_a_sender_that_may_not_learn_of_the_acceptance_reads_the_others_as_unanswered(
    scene_of, clock, sender_sector, feedback
):
    worlds = [await _unseen_worlds(scene_of, clock, sender_sector, feedback, accepted) for accepted in (False, True)]
    (unanswered, heard, _, _), (accepted, heard_too, refused, states) = worlds
    for number, (one, other) in enumerate(zip(unanswered, accepted, strict=True)):
        assert one == other, number
    assert heard == [[kind.replace("sharing-ended", "withdrawn") for kind in each] for each in heard_too]
    assert [answer.json()["code"] for answer in refused[1:]] == ["referral.closed"] * 4
    assert states == ["accepted"] + ["cancelled"] * 4


@pytest.mark.parametrize("feedback", ["none", "outcome"])
@pytest.mark.parametrize("move", ["cancel", "void", "propose-void", "request", "accept", "next"])
async def test_what_such_a_sender_does_with_one_that_closed_answers_as_for_one_unanswered(scene_of, move, feedback):
    body = {"cancel": {"reason": "other"}, "accept": {}, "next": {"service_id": NOBODY}}.get(move)
    answers = []
    for accepted in (False, True):
        scene = await scene_of()
        many = await several(scene, 2)
        for member, told in zip(many.members, ("none", feedback), strict=True):
            await many.consent_to(member, feedback=told)
        referrals = await many.sent()
        if accepted:
            await many.intakes[0].post(f"/referrals/{referrals[0]}/accept", {})
        both = scene.world.signed_in(scene.sender, scene.caseworker.id, "caseworker", "intake")
        names = [*referrals, *many.services, *(member.id for member in many.members), scene.sender.id, scene.person]
        moved = await both.post(f"/referrals/{referrals[1]}/{move}", body)
        seen = [moved, await both.get(f"/referrals/{referrals[1]}"), await both.get("/referrals", direction="sent")]
        answers.append([(*_blank(each, names, scene.world.clock())[:2], _words(each)) for each in seen])
    assert answers[0] == answers[1]


def _words(answer) -> list[tuple]:
    body = answer.json()
    names = ("code", "state", "sharing", "allowed")
    return sorted(tuple(str(line.get(name)) for name in names) for line in body.get("items", [body]))


async def test_the_receiver_of_one_that_closed_unseen_notices_nothing_more_of_it(scene, clock):
    many = await several(scene, 2)
    for member, feedback in zip(many.members, ("none", "outcome"), strict=True):
        await many.consent_to(member, feedback=feedback)
    referrals = await many.sent()
    await many.intakes[0].post(f"/referrals/{referrals[0]}/accept", {})
    before = await many.intakes[1].get(f"/referrals/{referrals[1]}")
    for passed in (timedelta(minutes=20), timedelta(hours=3)):
        clock.advance(passed)
        await scene.world.due()
        after = await many.intakes[1].get(f"/referrals/{referrals[1]}")
        assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])
    assert (await many.intakes[1].get("/intake-queue")).json()["items"] == []
    assert (await scene.caseworker.get(f"/referrals/{referrals[1]}")).json()["state"] == "expired"
    for row in (await scene.world.outbox(f"referral:{referrals[1]}"))[4:]:
        assert json.loads(row["data"])["notify"] == [scene.caseworker.id]


async def test_a_line_of_a_set_may_go_under_a_ground_beside_others_under_consent(scene):
    many = await several(scene, 2)
    await many.consent_to(many.members[1])
    ground = await scene.ground()
    lines = [
        {"service_id": many.services[0], "classes": ["identity"], "purpose": "support", "ground_id": ground},
        {"service_id": many.services[1], "classes": ["identity"], "purpose": "support"},
    ]
    referrals = await many.sent("all", recipients=lines)
    stored = [await scene.world.stored("referrals", each) for each in referrals]
    assert [(row["ground"], row["consent"] is None) for row in stored] == [(ground, True), (None, False)]
    await scene.caseworker.post(f"/grounds/{ground}/close")
    assert await many.states(referrals) == ["withdrawn", "requested"]
    lines[0]["ground_id"] = many.members[0].id
    for each in referrals:
        await scene.caseworker.post(f"/referrals/{each}/cancel", {"reason": "other"})
    refused = await many.make("all", recipients=lines)
    assert refused.json()["errors"] == [{"pointer": "/recipients/0", "code": "referral.ground-not-open"}]
