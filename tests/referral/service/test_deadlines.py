"""What time does: recall, expire; late, early or twice, the effect is the same."""

from datetime import timedelta

import pytest

from services.referral.commands.deadlines import wait_over
from services.referral.domain.waits import Wait


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

    clock.advance(timedelta(minutes=30))
    assert await scene.world.due() == 1
    clock.advance(timedelta(minutes=75))
    assert await scene.world.due() == 1
    stored = await scene.world.stored("referrals", referral)
    assert (stored["state"], stored["ended_at"]) == ("expired", clock())
    assert await scene.world.subjects(referral) == [
        *("drafted", "requested", "reminded", "escalated", "expired", "closed"),
    ]
    rows = {row["subject"]: row["data"] for row in await scene.world.outbox(f"referral:{referral}")}
    assert scene.caseworker.id in rows["referral.expired.v1"]
    assert scene.intake.id in rows["referral.closed.v1"]
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["state"] == "expired"
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["state"] == "cancelled"
    acts = {
        side.id: [row["action"] for row in await scene.world.acts(side.id) if row["by"].startswith("timer:")]
        for side in (scene.sender, scene.receiver)
    }
    assert list(acts.values()) == [["referral.reminder", "referral.expiry"], ["referral.escalation", "referral.close"]]


async def test_an_answer_takes_the_deadline_away(scene, clock):
    referral = await scene.accepted()
    kinds = await scene.world.db["timers"].distinct("kind")
    assert set(kinds) == {
        *("consent-lapse", "consent-lapse-reminder-14", "consent-lapse-reminder-3"),
        *("arrival", "reminder", "escalation"),
    }
    clock.advance(timedelta(hours=3))
    assert await scene.world.due() == 0
    assert (await scene.world.stored("referrals", referral))["state"] == "accepted"


async def test_a_timer_that_fires_early_late_or_twice_does_no_harm(scene, clock):
    referral = await scene.requested()
    before = await scene.world.stored("referrals", referral)
    for wait in Wait:
        await wait_over(scene.world.desk, referral, wait)
    assert await scene.world.stored("referrals", referral) == before
    clock.advance(timedelta(days=3))
    for _ in range(2):
        for wait in Wait:
            await wait_over(scene.world.desk, referral, wait)
    told = await scene.world.subjects(referral)
    assert [told.count(fact) for fact in ("reminded", "escalated", "expired")] == [1, 0, 1]


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


async def _coordinators(scene) -> tuple:
    return await scene.world.worker(scene.sender, "coordinator"), await scene.world.worker(
        scene.receiver, "coordinator"
    )


async def _told_of(scene, referral: str, fact: str) -> list[str]:
    rows = await scene.world.outbox(f"referral:{referral}")
    return [row["data"] for row in rows if row["subject"] == f"referral.{fact}.v1"]


async def test_a_request_that_the_reminder_did_not_move_goes_to_the_receivers_coordinators_alone(scene, clock):
    ours, theirs = await _coordinators(scene)
    referral = await scene.requested(urgency="same-day")
    clock.advance(timedelta(hours=3))
    await scene.world.due()
    [escalated] = await _told_of(scene, referral, "escalated")
    assert f'"notify":["{theirs.id}"]' in escalated
    assert ours.id not in escalated


@pytest.mark.parametrize("done", [[], ["start", "hold"]])
async def test_an_acceptance_or_a_hold_that_lasts_reminds_the_worker_then_the_coordinators(scene, clock, done):
    _, theirs = await _coordinators(scene)
    nadia = await scene.world.worker(scene.receiver)
    referral = await scene.requested(urgency="standard", consent={"feedback": "outcome"})
    await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [nadia.id]})
    for move in done:
        assert (await nadia.post(f"/referrals/{referral}/{move}")).status_code == 200
    for days in (4, 1, 5, 90):
        clock.advance(timedelta(days=days))
        await scene.world.due()
    [reminded], [escalated] = [await _told_of(scene, referral, fact) for fact in ("reminded", "escalated")]
    assert f'"notify":["{nadia.id}"]' in reminded
    assert f'"notify":["{theirs.id}"]' in escalated
    assert (await scene.world.stored("referrals", referral))["state"] == ("on-hold" if done else "accepted")


async def test_going_on_takes_the_reminders_away_and_a_new_hold_has_its_own(scene, clock):
    referral = await scene.started(urgency="standard")
    await scene.intake.post(f"/referrals/{referral}/hold")
    clock.advance(timedelta(days=4))
    await scene.intake.post(f"/referrals/{referral}/resume")
    clock.advance(timedelta(days=4))
    assert await scene.world.due() == 0
    await scene.intake.post(f"/referrals/{referral}/hold")
    clock.advance(timedelta(days=4))
    assert await scene.world.due() == 0
    clock.advance(timedelta(days=1))
    assert await scene.world.due() == 1
    assert (await scene.world.subjects(referral))[-1] == "reminded"


async def test_a_reminder_for_a_worker_who_left_goes_to_intake(scene, clock):
    nadia = await scene.world.worker(scene.receiver)
    referral = await scene.requested(urgency="standard")
    await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [nadia.id]})
    people = scene.world.db["referral-directory-a"]
    await people.update_one({"user": nadia.id}, {"$set": {"active": False, "roles": []}})
    clock.advance(timedelta(days=5))
    await scene.world.due()
    [reminded] = await _told_of(scene, referral, "reminded")
    assert f'"notify":["{scene.intake.id}"]' in reminded


async def test_a_timer_that_fires_before_its_time_comes_again_at_its_time(scene, clock):
    """A clock set back between the claim and the handler: the timer must not be lost with the first firing."""
    referral = await scene.requested()
    timers = scene.world.db["timers"]
    await timers.update_one({"_id": f"expiry|{referral}"}, {"$set": {"due": clock(), "claimable": clock()}})
    assert await scene.world.due() == 1
    stored = await scene.world.stored("referrals", referral)
    assert stored["state"] == "requested"
    assert (await timers.find_one({"_id": f"expiry|{referral}"}))["claimable"] == stored["expires_at"]


async def test_a_clock_that_jumps_over_every_deadline_ends_it_once(scene, clock):
    referral = await scene.requested()
    clock.advance(timedelta(days=60))
    await scene.world.due()
    assert await scene.world.due() == 0
    assert (await scene.world.subjects(referral))[-2:] == ["expired", "closed"]
    assert await scene.world.db["timers"].count_documents({"key": referral}) == 0
