"""Attempts to reach a person: by those who meet them, inside the safe contact, and never by the system."""

import asyncio
import json
from datetime import timedelta

import pytest

from tests.referral.world import RECORD


def _try(scene, minutes: int = 1, **codes) -> dict:
    """An attempt made some minutes after the acceptance."""
    at = (scene.world.clock() + timedelta(minutes=minutes)).isoformat()
    return {"at": at, "channel": "phone", "result": "no-answer", "within_hours": True} | codes


async def _tries(scene, clock, referral: str, *attempts: dict) -> list[int]:
    bodies = [_try(scene, number + 1, **codes) for number, codes in enumerate(attempts)]
    clock.advance(timedelta(minutes=10))
    answers = [await scene.intake.post(f"/referrals/{referral}/log-attempt", body) for body in bodies]
    return [answer.status_code for answer in answers]


async def _fail(scene, referral: str) -> dict:
    return (await scene.intake.post(f"/referrals/{referral}/fail", {"reason": "unreachable"})).json()


async def _log(worker, referral: str) -> dict:
    return (await worker.get(f"/referrals/{referral}/contact-attempts")).json()


async def test_three_attempts_inside_the_safe_contact_and_not_before_make_someone_unreachable(scene, clock):
    referral = await scene.accepted()
    assert await _tries(scene, clock, referral, {}, {"result": "someone-else"}) == [200, 200]
    assert (await _fail(scene, referral))["code"] == "referral.too-few-contact-attempts"
    assert await _tries(scene, clock, referral, {}) == [200]
    log = await _log(scene.intake, referral)
    assert (len(log["items"]), log["safe_attempts"]) == (3, 3)
    assert (await _fail(scene, referral))["state"] == "failed"


OUTSIDE = [
    {"within_hours": False},
    {"channel": "email"},
    {"channel": "sms"},
    {"channel": "in-person"},
    {"result": "message-left"},
]


@pytest.mark.parametrize("codes", OUTSIDE)
async def test_what_does_not_keep_to_the_safe_contact_is_confirmed_and_does_not_count(scene, clock, codes):
    referral = await scene.accepted()
    body = _try(scene, **codes)
    clock.advance(timedelta(minutes=10))
    before = await scene.world.stored("referrals", referral)
    refused = await scene.intake.post(f"/referrals/{referral}/log-attempt", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.contact-outside-safe")
    assert await scene.world.stored("referrals", referral) == before
    meant = await scene.intake.post(f"/referrals/{referral}/log-attempt", body | {"confirmed_outside": True})
    assert meant.status_code == 200
    log = await _log(scene.intake, referral)
    assert ([item["inside"] for item in log["items"]], log["safe_attempts"]) == ([False], 0)


async def test_what_the_person_said_yes_to_keeps_to_the_safe_contact(scene_of, clock):
    safe = RECORD["safe_contact"] | {"sms": True, "voicemail": True}
    scene = await scene_of(record=dict(RECORD) | {"safe_contact": safe})
    referral = await scene.accepted()
    kept = [{"channel": "sms", "result": "message-left"}, {"result": "message-left"}, {}]
    assert await _tries(scene, clock, referral, *kept) == [200, 200, 200]
    assert (await _fail(scene, referral))["state"] == "failed"


async def test_whoever_may_not_read_the_safe_contact_cannot_keep_to_it(scene, clock):
    referral = await scene.accepted(classes=["identity"])
    assert await _tries(scene, clock, referral, {}) == [409]
    assert await _tries(scene, clock, referral, {"confirmed_outside": True}) == [200]
    [item] = (await _log(scene.intake, referral))["items"]
    assert (item["channel"], item["inside"]) == (None, False)


async def test_once_sharing_has_ended_nothing_is_inside_and_the_log_is_dark(scene, clock):
    referral = await scene.accepted()
    assert await _tries(scene, clock, referral, {}, {}, {}) == [200, 200, 200]
    await scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal")
    assert await _tries(scene, clock, referral, {}) == [409]
    assert await _log(scene.intake, referral) == {"items": [], "safe_attempts": 3}


async def test_someone_spoken_with_is_not_unreachable(scene, clock):
    referral = await scene.accepted()
    await _tries(scene, clock, referral, {}, {}, {}, {"result": "reached"}, {})
    assert (await _fail(scene, referral))["code"] == "referral.too-few-contact-attempts"


async def test_one_call_is_logged_once_even_at_the_same_instant(scene, clock):
    referral = await scene.accepted()
    body = _try(scene)
    clock.advance(timedelta(minutes=10))
    answers = await asyncio.gather(*(scene.intake.post(f"/referrals/{referral}/log-attempt", body) for _ in range(3)))
    assert len([answer for answer in answers if answer.status_code == 200]) == 1
    again = await scene.intake.post(f"/referrals/{referral}/log-attempt", body)
    assert (again.status_code, again.json()["code"]) == (409, "referral.attempt-already-logged")


@pytest.mark.parametrize("minutes", [-1, 60])
async def test_an_attempt_lies_between_the_acceptance_and_now(scene, minutes):
    referral = await scene.accepted()
    refused = await scene.intake.post(f"/referrals/{referral}/log-attempt", _try(scene, minutes))
    assert (refused.status_code, refused.json()["code"]) == (422, "referral.attempt-time-invalid")


async def test_only_whoever_meets_the_person_logs_and_the_sender_reads_none_of_it(scene, clock):
    nadia = await scene.world.worker(scene.receiver)
    referral = await scene.requested(consent={"feedback": "outcome"})
    await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [nadia.id]})
    before = await scene.caseworker.get(f"/referrals/{referral}")
    body = _try(scene)
    clock.advance(timedelta(minutes=5))
    refused = await scene.intake.post(f"/referrals/{referral}/log-attempt", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "referral.not-assigned")
    assert "log-attempt" in (await nadia.get(f"/referrals/{referral}")).json()["allowed"]
    assert "log-attempt" not in (await scene.intake.get(f"/referrals/{referral}")).json()["allowed"]
    assert (await nadia.post(f"/referrals/{referral}/log-attempt", body)).status_code == 200
    assert len((await _log(scene.intake, referral))["items"]) == 1
    assert (await scene.caseworker.get(f"/referrals/{referral}/contact-attempts")).status_code == 404
    after = await scene.caseworker.get(f"/referrals/{referral}")
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])
    wrong = await scene.caseworker.post(f"/referrals/{referral}/log-attempt", body)
    assert wrong.json()["code"] == "referral.not-your-move"


async def test_an_attempt_is_sealed_and_travels_nowhere(scene, clock):
    referral = await scene.accepted()
    told = await scene.world.subjects(referral)
    await _tries(scene, clock, referral, {"result": "someone-else"})
    assert await scene.world.subjects(referral) == told
    stored = await scene.world.stored("referrals", referral)
    assert "someone-else" not in json.dumps(stored, default=str)
    assert (stored["attempts"], stored["safe_attempts"]) == (1, 1)


async def test_after_an_end_nothing_is_logged_and_a_receipt_stays(scene, clock):
    referral = await scene.accepted()
    assert await _tries(scene, clock, referral, {}) == [200]
    await scene.intake.post(f"/referrals/{referral}/fail", {"reason": "left-early"})
    assert await _tries(scene, clock, referral, {}) == [409]
    assert await _log(scene.intake, referral) == {"items": [], "safe_attempts": 1}
