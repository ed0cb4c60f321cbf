"""What a sender may not learn, and what the right people must: the words, the lists and the messages agree."""

import json

import pytest

from tests.referral.world import RECORD

UNTOLD_KINDS = {"referral.withdrawn.v1", "referral.sharing-ended.v1"}


async def _told(scene, referral: str) -> dict[str, list[str]]:
    rows = await scene.world.outbox(f"referral:{referral}")
    return {row["subject"]: json.loads(row["data"]).get("notify", []) for row in rows}


@pytest.mark.parametrize("behind", ["unanswered", "accepted", "failed"])
async def test_after_a_withdrawal_a_sender_whom_the_person_keeps_in_the_dark_reads_one_thing(scene, behind):
    referral = await scene.requested(consent={"feedback": "none"})
    if behind != "unanswered":
        await scene.intake.post(f"/referrals/{referral}/accept", {})
        await scene.intake.get(f"/referrals/{referral}")
    if behind == "failed":
        await scene.intake.post(f"/referrals/{referral}/fail", {"reason": "left-early"})
    colleague = await scene.world.worker(scene.sender)
    await colleague.post(f"/referrals/{referral}/consent-withdrawal")
    seen = (await scene.caseworker.get(f"/referrals/{referral}")).json()
    assert (seen["state"], seen["sharing"], seen["allowed"]) == ("withdrawn", "ended", [])
    cancelled = await scene.caseworker.post(f"/referrals/{referral}/cancel", {"reason": "other"})
    assert cancelled.json()["code"] == "referral.closed"
    told = await _told(scene, referral)
    assert [scene.caseworker.id in told[subject] for subject in UNTOLD_KINDS & set(told)] == [True]
    readings = (await scene.caseworker.get(f"/referrals/{referral}/readings")).json()["items"]
    assert {tuple(row["classes"]) for row in readings if row["organization_id"] == scene.receiver.id} <= {("need",)}


async def test_behind_that_word_the_person_keeps_the_place(scene):
    referral = await scene.accepted(consent={"feedback": "none"})
    await scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal")
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["state"] == "accepted"
    assert (await scene.intake.post(f"/referrals/{referral}/start")).status_code == 200


async def test_whoever_is_named_to_meet_the_person_is_told(scene):
    nadia = await scene.world.worker(scene.receiver)
    referral = await scene.requested()
    await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [nadia.id, scene.intake.id]})
    assert (await _told(scene, referral))["referral.assigned.v1"] == [nadia.id]


async def test_who_accepts_to_meet_the_person_themselves_needs_no_word_of_it(scene):
    referral = await scene.accepted()
    assert "referral.assigned.v1" not in await _told(scene, referral)


async def test_the_assigned_worker_learns_that_sharing_ended_when_a_colleague_records_it(scene):
    nadia = await scene.world.worker(scene.receiver)
    referral = await scene.requested()
    await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [nadia.id]})
    await scene.intake.post(f"/referrals/{referral}/consent-withdrawal")
    assert set((await _told(scene, referral))["referral.sharing-ended.v1"]) == {nadia.id, scene.caseworker.id}


@pytest.mark.parametrize(("urgency", "urgent"), [("bed-tonight", True), ("same-day", True), ("standard", False)])
async def test_what_cannot_wait_says_so_to_those_it_is_told_to(scene, urgency, urgent):
    referral = await scene.requested(urgency=urgency)
    row = next(
        row for row in await scene.world.outbox(f"referral:{referral}") if row["subject"] == "referral.requested.v1"
    )
    assert json.loads(row["data"])["urgent"] is urgent


async def test_a_list_says_that_sharing_has_ended_as_soon_as_the_clock_does(scene, clock):
    referral = await scene.accepted(consent={"days": 1})
    clock.advance((await scene.world.stored("referrals", referral))["consent_until"] - clock())
    for worker, direction in ((scene.caseworker, "sent"), (scene.intake, "received")):
        [line] = (await worker.get("/referrals", direction=direction)).json()["items"]
        assert (line["id"], line["sharing"]) == (referral, "ended")


async def test_until_the_timer_of_a_lapse_fires_a_sender_kept_in_the_dark_reads_one_thing_too(scene_of, clock):
    seen = set()
    for accepted in (False, True):
        scene = await scene_of()
        referral = await scene.requested(consent={"feedback": "none", "days": 1}, urgency="standard")
        if accepted:
            await scene.intake.post(f"/referrals/{referral}/accept", {})
        clock.advance((await scene.world.stored("referrals", referral))["consent_until"] - clock())
        [line] = (await scene.caseworker.get("/referrals", direction="sent")).json()["items"]
        read = (await scene.caseworker.get(f"/referrals/{referral}")).json()
        seen.add((line["state"], line["sharing"], read["state"], read["sharing"]))
    assert seen == {("requested", "ended", "requested", "ended")}


async def test_a_birth_date_decides_whom_youth_protection_may_hear_of(scene_of):
    record = RECORD | {"identity": {"prs_Birthdate": "1990-01-01"}}
    scene = await scene_of("youth-protection", "child-protection", record=record)
    refused = await scene.consent(purpose="protection")
    assert (refused.status_code, refused.json()["code"]) == (422, "consent.adult-to-youth-protection")


async def test_a_record_that_says_two_ages_is_refused_and_nothing_is_stored(scene):
    before = await scene.world.db["persons"].count_documents({})
    identity = {"prs_Birthdate": "1990-01-01", "age_band": "under-14"}
    for refused in (
        await scene.caseworker.post("/persons", {"identity": identity}),
        await scene.caseworker.patch(f"/persons/{scene.person}", {"identity": identity}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (422, "person.age-contradicted")
    assert await scene.world.db["persons"].count_documents({}) == before


async def test_how_many_come_along_is_not_told_where_the_household_is_withheld(scene_of):
    scene = await scene_of("law-enforcement", "police-complaint")
    referral = await scene.requested(
        classes=["identity", "exploitation"], purpose="complaint", needs=["police-complaint"], party_size=4
    )
    need = (await scene.intake.get(f"/referrals/{referral}")).json()["need"]
    assert need["needs"] == ["police-complaint"]
    assert need["party_size"] is None


TRIED = {
    "accept": {},
    "decline": {"reason": "other"},
    "start": None,
    "review": None,
    "request": None,
    "void": None,
    "propose-void": None,
    "complete": {"outcomes": {"shelter-tonight": "met"}},
}


@pytest.mark.parametrize("sender_sector", ["community", "law-enforcement"])
async def test_a_refusal_tells_a_sender_kept_in_the_dark_no_more_than_what_it_reads(scene_of, sender_sector):
    refused = []
    for accepted in (False, True):
        scene = await scene_of(sender_sector=sender_sector)
        referral = await scene.requested(consent={"feedback": "none"})
        if accepted:
            await scene.intake.post(f"/referrals/{referral}/accept", {})
        both = scene.world.signed_in(scene.sender, scene.caseworker.id, "caseworker", "intake", "coordinator")
        answers = [await both.post(f"/referrals/{referral}/{move}", body) for move, body in TRIED.items()]
        refused.append([(answer.status_code, answer.json().get("code")) for answer in answers])
    assert refused[0] == refused[1]
