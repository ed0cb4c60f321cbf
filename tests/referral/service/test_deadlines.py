"""What time does: recall, expire; late, early or twice, the effect is the same."""

from datetime import timedelta

from services.referral.commands.deadlines import expire_referral, recall_referral


async def test_an_unanswered_request_is_recalled_then_expires_and_both_sides_are_told(scene, clock):
    referral = await scene.requested()
    clock.advance(timedelta(minutes=14))
    assert await scene.world.due() == 0
    clock.advance(timedelta(minutes=1))
    assert await scene.world.due() == 1
    told = (await scene.world.outbox(f"referral:{referral}"))[-1]
    assert told["subject"] == "referral.reminded.v1"
    assert scene.intake.id in told["data"]
    assert scene.caseworker.id in told["data"]

    clock.advance(timedelta(minutes=105))
    assert await scene.world.due() == 1
    stored = await scene.world.stored("referrals", referral)
    assert (stored["state"], stored["ended_at"]) == ("expired", clock())
    assert await scene.world.subjects(referral) == ["drafted", "requested", "reminded", "expired", "closed"]
    rows = {row["subject"]: row["data"] for row in await scene.world.outbox(f"referral:{referral}")}
    assert scene.caseworker.id in rows["referral.expired.v1"]
    assert scene.intake.id in rows["referral.closed.v1"]
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["state"] == "expired"
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["state"] == "cancelled"
    acts = [row["action"] for row in await scene.world.acts(scene.sender.id) if row["by"].startswith("timer:")]
    assert acts == ["referral.reminder", "referral.expiry"]


async def test_an_answer_takes_the_deadline_away(scene, clock):
    referral = await scene.accepted()
    kinds = await scene.world.db["timers"].distinct("kind")
    assert kinds == ["consent-lapse", "consent-lapse-reminder-14", "consent-lapse-reminder-3"]
    clock.advance(timedelta(hours=3))
    assert await scene.world.due() == 0
    assert (await scene.world.stored("referrals", referral))["state"] == "accepted"


async def test_a_timer_that_fires_early_late_or_twice_does_no_harm(scene, clock):
    referral = await scene.requested()
    before = await scene.world.stored("referrals", referral)
    await recall_referral(scene.world.desk, referral)
    await expire_referral(scene.world.desk, referral)
    assert await scene.world.stored("referrals", referral) == before
    clock.advance(timedelta(days=3))
    for _ in range(2):
        await recall_referral(scene.world.desk, referral)
        await expire_referral(scene.world.desk, referral)
    assert (await scene.world.subjects(referral)).count("reminded") == 1
    assert (await scene.world.subjects(referral)).count("expired") == 1


async def test_someone_gone_is_not_told_their_coordinator_is(scene_of, clock):
    scene = await scene_of()
    referral = await scene.requested()
    coordinator = await scene.world.worker(scene.sender, "coordinator")
    people = scene.world.db["referral-directory-a"]
    await people.update_one({"user": scene.caseworker.id}, {"$set": {"active": False, "roles": []}})
    clock.advance(timedelta(hours=2))
    await scene.world.due()
    rows = {row["subject"]: row["data"] for row in await scene.world.outbox(f"referral:{referral}")}
    assert coordinator.id in rows["referral.expired.v1"]
    assert scene.caseworker.id not in rows["referral.expired.v1"]


async def test_the_longest_waits_follow_the_need(scene, clock):
    referral = await scene.requested(urgency="standard")
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert seen["answer_by"].startswith((clock() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M"))
