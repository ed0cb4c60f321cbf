"""The waiting list: no deadline, asked again by need, and nobody forgotten on it."""

import asyncio
from datetime import timedelta

import pytest

from services.referral.commands.deadlines import wait_over
from services.referral.domain.waits import Wait


async def _waitlisted(scene, **options) -> str:
    referral = await scene.requested(**options)
    answered = await scene.intake.post(f"/referrals/{referral}/waitlist")
    assert (answered.status_code, answered.json()["state"]) == (200, "waitlisted")
    return referral


async def _asked(scene, clock, **options) -> str:
    referral = await _waitlisted(scene, **options)
    clock.advance(timedelta(hours=12))
    assert await scene.world.due() == 1
    return referral


async def _told(scene, referral: str, fact: str) -> list[str]:
    rows = await scene.world.outbox(f"referral:{referral}")
    return [row["data"] for row in rows if row["subject"] == f"referral.{fact}.v1"]


async def test_on_the_list_no_deadline_runs_and_the_sender_is_told(scene, clock):
    referral = await _waitlisted(scene)
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert (seen["answer_by"], seen["fhir"]) == (None, {"status": "received", "business_status": "waitlisted"})
    assert seen["allowed"] == ["resume-review", "keep-waiting", "accept", "decline", "cancel"]
    sent = (await scene.caseworker.get(f"/referrals/{referral}")).json()
    assert (sent["state"], sent["answer_by"]) == ("waitlisted", None)
    assert [scene.caseworker.id in row for row in await _told(scene, referral, "waitlisted")] == [True]
    clock.advance(timedelta(hours=11))
    assert await scene.world.due() == 0


@pytest.mark.parametrize(("urgency", "hours"), [("bed-tonight", 12), ("same-day", 24), ("standard", 14 * 24)])
async def test_the_receiver_is_asked_again_by_urgency_and_the_sender_hears_nothing_of_it(scene, clock, urgency, hours):
    referral = await _waitlisted(scene, urgency=urgency)
    before = (await scene.caseworker.get(f"/referrals/{referral}")).headers["etag"]
    clock.advance(timedelta(hours=hours))
    assert await scene.world.due() == 1
    [asked] = await _told(scene, referral, "reminded")
    assert f'"notify":["{scene.intake.id}"]' in asked
    assert (await scene.caseworker.get(f"/referrals/{referral}")).headers["etag"] == before
    by = (await scene.intake.get(f"/referrals/{referral}")).json()["answer_by"]
    assert by.startswith((clock() + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M"))


async def test_an_unanswered_ask_goes_to_the_coordinators_and_expires_after_seven_days(scene, clock):
    coordinator = await scene.world.worker(scene.receiver, "coordinator")
    referral = await _asked(scene, clock)
    clock.advance(timedelta(days=3))
    await scene.world.due()
    assert [coordinator.id in row for row in await _told(scene, referral, "escalated")] == [True]
    clock.advance(timedelta(days=4))
    await scene.world.due()
    assert (await scene.world.stored("referrals", referral))["state"] == "expired"
    assert [scene.caseworker.id in row for row in await _told(scene, referral, "expired")] == [True]
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["state"] == "cancelled"


async def test_still_waiting_answers_an_ask_and_the_next_one_comes_in_its_turn(scene, clock):
    referral = await _asked(scene, clock)
    kept = await scene.intake.post(f"/referrals/{referral}/keep-waiting")
    assert (kept.status_code, kept.json()["answer_by"]) == (200, None)
    told = await scene.world.subjects(referral)
    clock.advance(timedelta(hours=11))
    assert await scene.world.due() == 0
    assert await scene.world.subjects(referral) == told
    clock.advance(timedelta(hours=1))
    assert await scene.world.due() == 1
    assert (await scene.world.subjects(referral)).count("reminded") == 2


@pytest.mark.parametrize(
    ("move", "body", "state"),
    [
        ("accept", {}, "accepted"),
        ("decline", {"reason": "no-capacity"}, "declined"),
        ("resume-review", None, "under-review"),
    ],
)
async def test_an_ask_is_answered_by_a_decision_too(scene, clock, move, body, state):
    referral = await _asked(scene, clock)
    assert (await scene.intake.post(f"/referrals/{referral}/{move}", body)).json()["state"] == state
    clock.advance(timedelta(minutes=10))
    assert await scene.world.due() == 0
    for wait in Wait:
        await wait_over(scene.world.desk, referral, wait)
    assert (await scene.world.stored("referrals", referral))["state"] == state


async def test_a_review_taken_up_again_has_a_deadline_anew_and_both_sides_read_the_same(scene, clock):
    referral = await _asked(scene, clock)
    await scene.intake.post(f"/referrals/{referral}/resume-review")
    by = (clock() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    for worker in (scene.intake, scene.caseworker):
        assert (await worker.get(f"/referrals/{referral}")).json()["answer_by"].startswith(by)
    clock.advance(timedelta(hours=2))
    await scene.world.due()
    assert (await scene.world.stored("referrals", referral))["state"] == "expired"


async def test_a_sender_kept_in_the_dark_reads_the_same_dates_whether_or_not_it_was_accepted(scene, clock):
    referral = await _waitlisted(scene, consent={"feedback": "none"})
    await scene.intake.post(f"/referrals/{referral}/resume-review")
    before = await scene.caseworker.get(f"/referrals/{referral}")
    clock.advance(timedelta(minutes=5))
    await scene.intake.post(f"/referrals/{referral}/accept", {})
    after = await scene.caseworker.get(f"/referrals/{referral}")
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


async def test_a_police_sender_reads_received_while_someone_waits(scene_of, clock):
    scene = await scene_of(sender_sector="law-enforcement")
    referral = await scene.requested()
    before = (await scene.caseworker.get(f"/referrals/{referral}")).json()
    await scene.intake.post(f"/referrals/{referral}/waitlist")
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json() == before
    assert [scene.caseworker.id in row for row in await _told(scene, referral, "waitlisted")] == [False]


async def test_only_the_receiver_keeps_a_list_and_only_of_what_waits(scene):
    referral = await scene.requested()
    for move in ("keep-waiting", "resume-review"):
        refused = await scene.intake.post(f"/referrals/{referral}/{move}")
        assert (refused.status_code, refused.json()["code"]) == (409, "referral.not-accepted")
    await scene.intake.post(f"/referrals/{referral}/waitlist")
    assert (await scene.intake.post(f"/referrals/{referral}/waitlist")).json()["code"] == "referral.waitlisted"
    for move in ("keep-waiting", "resume-review"):
        assert (await scene.caseworker.post(f"/referrals/{referral}/{move}")).json()["code"] == "referral.not-your-move"


async def test_the_answer_and_the_end_of_an_ask_at_one_instant_leave_one_of_them(scene, clock):
    referral = await _asked(scene, clock)
    clock.advance(timedelta(days=7))
    kept, _ = await asyncio.gather(
        scene.intake.post(f"/referrals/{referral}/keep-waiting"),
        wait_over(scene.world.desk, referral, Wait.EXPIRY),
    )
    state = (await scene.world.stored("referrals", referral))["state"]
    assert (kept.status_code, state) in {(200, "waitlisted"), (409, "expired")}


async def test_a_consent_that_ends_takes_someone_off_the_list(scene, clock):
    referral = await _asked(scene, clock)
    await scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal")
    assert (await scene.world.stored("referrals", referral))["state"] == "withdrawn"
    assert await scene.world.db["timers"].count_documents({"key": referral}) == 0
