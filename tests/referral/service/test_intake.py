"""Intake's queue, most pressing first, and who meets whom."""

from datetime import timedelta

import pytest


async def _told(scene, referral: str) -> list[str]:
    rows = await scene.world.outbox(f"referral:{referral}")
    return [row["data"] for row in rows if row["subject"] == "referral.assigned.v1"]


async def _queue(worker, **parameters) -> list[str]:
    return [item["id"] for item in (await worker.get("/intake-queue", **parameters)).json()["items"]]


async def test_the_queue_holds_what_awaits_an_answer_the_most_pressing_first(scene, clock):
    slow = await scene.another(urgency="standard")
    soon = await scene.another(urgency="same-day")
    clock.advance(timedelta(minutes=1))
    now = await scene.another(urgency="bed-tonight")
    answered = await scene.another()
    await scene.intake.post(f"/referrals/{answered}/accept", {})
    assert await _queue(scene.intake) == [now, soon, slow]
    coordinator = await scene.world.worker(scene.receiver, "coordinator")
    first = (await coordinator.get("/intake-queue", limit=2)).json()
    assert [item["id"] for item in first["items"]] == [now, soon]
    assert await _queue(coordinator, limit=2, cursor=first["next"]) == [slow]
    assert [item["mnemonic"] for item in first["items"]] == [None, None]


async def test_someone_on_the_list_is_in_the_queue_once_the_receiver_is_asked_again(scene, clock):
    referral = await scene.requested()
    await scene.intake.post(f"/referrals/{referral}/waitlist")
    assert await _queue(scene.intake) == []
    clock.advance(timedelta(hours=12))
    await scene.world.due()
    assert await _queue(scene.intake) == [referral]
    await scene.intake.post(f"/referrals/{referral}/keep-waiting")
    assert await _queue(scene.intake) == []


async def test_the_queue_is_intakes_and_of_ones_own_organisation(scene):
    await scene.requested()
    caseworker = await scene.world.worker(scene.receiver)
    refused = await caseworker.get("/intake-queue")
    assert (refused.status_code, refused.json()["code"]) == (404, "referral.not-found")
    elsewhere = await scene.world.worker(await scene.world.member(), "intake")
    assert await _queue(elsewhere) == []


@pytest.mark.parametrize("role", ["intake", "coordinator"])
async def test_another_worker_is_named_and_told_and_the_one_before_sees_it_no_more(scene, role):
    nadia, paul = await scene.world.worker(scene.receiver), await scene.world.worker(scene.receiver)
    referral = await scene.requested()
    await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [nadia.id]})
    before = await scene.caseworker.get(f"/referrals/{referral}")
    lead = await scene.world.worker(scene.receiver, role)
    assert "assign" in (await lead.get(f"/referrals/{referral}")).json()["allowed"]
    changed = await lead.post(f"/referrals/{referral}/assign", {"assigned_user_ids": [paul.id]})
    assert (changed.status_code, changed.json()["assigned_user_ids"]) == (200, [paul.id])
    assert f'"notify":["{paul.id}"]' in (await _told(scene, referral))[-1]
    assert (await nadia.get(f"/referrals/{referral}")).status_code == 404
    assert (await paul.get(f"/referrals/{referral}")).status_code == 200
    after = await scene.caseworker.get(f"/referrals/{referral}")
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


async def test_who_stays_is_not_told_again_and_who_names_themselves_needs_no_word(scene):
    nadia = await scene.world.worker(scene.receiver)
    referral = await scene.requested()
    await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [nadia.id]})
    for _ in range(2):
        both = {"assigned_user_ids": [nadia.id, scene.intake.id]}
        assert (await scene.intake.post(f"/referrals/{referral}/assign", both)).status_code == 200
    assert len(await _told(scene, referral)) == 1


async def test_a_caseworker_does_not_share_out_the_work_nor_does_a_sender(scene):
    nadia = await scene.world.worker(scene.receiver)
    referral = await scene.requested()
    await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [nadia.id]})
    assert "assign" not in (await nadia.get(f"/referrals/{referral}")).json()["allowed"]
    body = {"assigned_user_ids": [nadia.id]}
    refused = await nadia.post(f"/referrals/{referral}/assign", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "referral.assigning-not-yours")
    wrong = await scene.caseworker.post(f"/referrals/{referral}/assign", body)
    assert wrong.json()["code"] == "referral.not-your-move"


async def test_only_someone_who_works_there_is_named_and_only_while_it_is_served(scene):
    referral = await scene.requested()
    body = {"assigned_user_ids": [scene.intake.id]}
    early = await scene.intake.post(f"/referrals/{referral}/assign", body)
    assert early.json()["code"] == "referral.not-accepted"
    await scene.intake.post(f"/referrals/{referral}/accept", {})
    gone = await scene.world.worker(scene.receiver)
    people = scene.world.db["referral-directory-a"]
    await people.update_one({"user": gone.id}, {"$set": {"active": False, "roles": []}})
    for nobody in (scene.caseworker.id, gone.id):
        refused = await scene.intake.post(f"/referrals/{referral}/assign", {"assigned_user_ids": [nobody]})
        assert (refused.status_code, refused.json()["code"]) == (422, "referral.worker-unknown")
    await scene.intake.post(f"/referrals/{referral}/fail", {"reason": "other"})
    late = await scene.intake.post(f"/referrals/{referral}/assign", body)
    assert late.json()["code"] == "referral.closed"
