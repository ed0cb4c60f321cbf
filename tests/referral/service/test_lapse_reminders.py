"""A consent that ends soon: whoever follows the person is told twice, and nothing else is told with it."""

import json
from datetime import timedelta

from services.referral.commands.lapsing import remind_of_lapse


async def told(scene, consent: str) -> list[dict]:
    return [json.loads(row["data"]) for row in await scene.world.outbox(f"consent:{consent}")]


async def test_the_worker_who_recorded_it_is_told_fourteen_and_three_days_before(scene, clock):
    consent = await scene.consented(days=90)
    clock.advance(timedelta(days=75))
    assert await scene.world.due() == 0
    clock.advance(timedelta(days=1))
    assert await scene.world.due() == 1
    clock.advance(timedelta(days=11))
    assert await scene.world.due() == 1
    expected = {"consent_id": consent, "owner_organization_id": scene.sender.id, "notify": [scene.caseworker.id]}
    assert await told(scene, consent) == [expected, expected]
    rows = await scene.world.outbox(f"consent:{consent}")
    assert [(row["subject"], row["sequence"]) for row in rows] == [
        ("referral.consent-lapsing.v1", 1),
        ("referral.consent-lapsing.v1", 2),
    ]
    assert (await scene.caseworker.get(f"/consents/{consent}")).json()["state"] == "granted"
    acts = [row["action"] for row in await scene.world.acts(scene.sender.id) if row["by"].startswith("timer:")]
    assert acts == ["consent.lapse-reminder"] * 2


async def test_a_late_timer_tells_once_for_both_and_twice_tells_nothing_more(scene, clock):
    consent = await scene.consented(days=90)
    await remind_of_lapse(scene.world.desk, consent)
    assert await told(scene, consent) == []
    clock.advance(timedelta(days=88))
    await scene.world.due()
    await remind_of_lapse(scene.world.desk, consent)
    assert len(await told(scene, consent)) == 1


async def test_a_timer_that_fires_early_comes_again(scene, clock):
    consent = await scene.consented(days=90)
    await scene.world.db["timers"].update_many({}, {"$set": {"claimable": clock()}})
    await scene.world.due()
    assert await told(scene, consent) == []
    clock.advance(timedelta(days=76))
    await scene.world.due()
    assert len(await told(scene, consent)) == 1


async def test_a_short_consent_is_recalled_only_as_far_as_it_is_long(scene):
    await scene.consented(days=10)
    kinds = sorted(await scene.world.db["timers"].distinct("kind"))
    assert kinds == ["consent-lapse", "consent-lapse-reminder-3"]


async def test_a_withdrawal_takes_the_reminders_away_and_one_that_fires_all_the_same_is_silent(scene, clock):
    consent = await scene.consented(days=90)
    await scene.caseworker.post(f"/consents/{consent}/withdraw")
    assert await scene.world.db["timers"].count_documents({}) == 0
    clock.advance(timedelta(days=80))
    await remind_of_lapse(scene.world.desk, consent)
    assert await told(scene, consent) == []


async def test_an_earlier_end_brings_the_reminders_forward(scene, clock):
    consent = await scene.consented(days=90)
    until = (clock() + timedelta(days=10)).isoformat()
    await scene.caseworker.post(f"/consents/{consent}/narrow", {"until": until})
    kinds = sorted(await scene.world.db["timers"].distinct("kind"))
    assert kinds == ["consent-lapse", "consent-lapse-reminder-3"]
    clock.advance(timedelta(days=7))
    await scene.world.due()
    assert len(await told(scene, consent)) == 1


async def test_the_coordinators_are_told_in_place_of_someone_who_left(scene, clock):
    consent = await scene.consented(days=90)
    coordinator = await scene.world.worker(scene.sender, "coordinator")
    people = scene.world.db["referral-directory-a"]
    await people.update_one({"user": scene.caseworker.id}, {"$set": {"active": False, "roles": []}})
    clock.advance(timedelta(days=76))
    await scene.world.due()
    assert [each["notify"] for each in await told(scene, consent)] == [[coordinator.id]]


async def test_a_deferral_or_a_refusal_is_never_chased(scene, clock):
    for decision in ("defer", "refuse"):
        await scene.consent(decision=decision, evidence=None)
        assert await scene.world.db["timers"].count_documents({}) == 0
    clock.advance(timedelta(days=400))
    assert await scene.world.due() == 0
    assert await scene.world.db["outbox"].count_documents({}) == 0
