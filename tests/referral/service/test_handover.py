"""The handover: what each side reads of it, and the one alarm when nobody came."""

import asyncio
from datetime import timedelta

import pytest

from services.referral.commands.deadlines import wait_over
from services.referral.domain.waits import Wait
from tests.referral.world import ALL_CLASSES


def _handover(scene, hours: float = 3, **codes) -> dict:
    at = (scene.world.clock() + timedelta(hours=hours)).isoformat()
    return {"at": at, "way": "taxi", "escort": "senders-worker", "place": "at-service"} | codes


async def _told(scene, referral: str, fact: str) -> list[str]:
    rows = await scene.world.outbox(f"referral:{referral}")
    return [row["data"] for row in rows if row["subject"] == f"referral.{fact}.v1"]


async def _rows(scene, referral: str) -> list[str]:
    """Who saw what, as the sender reads it, and what its own privacy officer reads of time's acts."""
    read = (await scene.caseworker.get(f"/referrals/{referral}/readings", limit=100)).json()["items"]
    timed = [row["action"] for row in await scene.world.acts(scene.sender.id) if row["by"].startswith("timer:")]
    return [row["action"] for row in read if row["action"] not in {"referral.readings", "referral.read"}] + timed


async def _accepted_with(scene, handover: dict, **options) -> str:
    referral = await scene.requested(**options)
    taken = await scene.intake.post(f"/referrals/{referral}/accept", {"handover": handover})
    assert taken.status_code == 200, taken.text
    return referral


async def test_a_handover_stated_with_the_acceptance_is_read_by_both_sides(scene):
    referral = await _accepted_with(scene, _handover(scene))
    for worker in (scene.intake, scene.caseworker):
        seen = (await worker.get(f"/referrals/{referral}")).json()
        assert {name: seen["handover"][name] for name in ("way", "escort", "place")} == {
            "way": "taxi",
            "escort": "senders-worker",
            "place": "at-service",
        }
    stored = await scene.world.stored("referrals", referral)
    assert stored["handover_by"] == stored["handover"]["at"]
    assert await scene.world.subjects(referral) == ["drafted", "requested", "accepted"]


async def test_arranged_later_it_is_told_to_the_senders_worker_whose_version_moves(scene):
    referral = await scene.accepted()
    before = (await scene.caseworker.get(f"/referrals/{referral}")).headers["etag"]
    arranged = await scene.intake.post(f"/referrals/{referral}/arrange-handover", _handover(scene))
    assert (arranged.status_code, arranged.json()["handover"]["way"]) == (200, "taxi")
    assert [scene.caseworker.id in row for row in await _told(scene, referral, "handover-arranged")] == [True]
    assert (await scene.caseworker.get(f"/referrals/{referral}")).headers["etag"] != before
    assert "taxi" not in str(await _told(scene, referral, "handover-arranged"))


@pytest.mark.parametrize("sender", ["community", "law-enforcement", "government"])
async def test_whoever_may_not_learn_of_the_acceptance_learns_neither_of_a_handover_nor_of_its_failure(
    scene_of, clock, sender
):
    scene = await scene_of(sender_sector=sender)
    feedback = "none" if sender == "community" else "outcome"
    referral = await scene.requested(consent={"feedback": feedback})
    before = await scene.caseworker.get(f"/referrals/{referral}")
    rows = await _rows(scene, referral)
    await scene.intake.post(f"/referrals/{referral}/accept", {"handover": _handover(scene)})
    await scene.intake.post(f"/referrals/{referral}/arrange-handover", _handover(scene, hours=2))
    clock.advance(timedelta(hours=2))
    assert await scene.world.due() == 1
    assert await _rows(scene, referral) == rows
    clock.advance(timedelta(days=10))
    await scene.world.due()
    assert await _rows(scene, referral) == rows
    after = await scene.caseworker.get(f"/referrals/{referral}")
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])
    [alarm] = await _told(scene, referral, "not-arrived")
    assert (scene.caseworker.id in alarm, scene.intake.id in alarm) == (False, True)


async def test_when_nobody_came_both_sides_hear_of_it_once_and_the_place_is_kept(scene_of, clock):
    scene = await scene_of(places=1)
    referral = await scene.accepted()
    clock.advance(timedelta(hours=4))
    for _ in range(3):
        await scene.world.due()
        await wait_over(scene.world.desk, referral, Wait.ARRIVAL)
    [alarm] = await _told(scene, referral, "not-arrived")
    assert scene.caseworker.id in alarm
    assert scene.intake.id in alarm
    for worker in (scene.intake, scene.caseworker):
        seen = (await worker.get(f"/referrals/{referral}")).json()
        assert (seen["state"], seen["not_arrived_at"] is None) == ("accepted", False)
    assert (await scene.world.stored("places", scene.service))["held"] == {referral: 1}


async def test_a_new_time_has_its_own_alarm(scene, clock):
    referral = await scene.accepted()
    clock.advance(timedelta(hours=4))
    await scene.world.due()
    again = await scene.intake.post(f"/referrals/{referral}/arrange-handover", _handover(scene, hours=5))
    assert again.json()["not_arrived_at"] is None
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["not_arrived_at"] is None
    clock.advance(timedelta(hours=4))
    assert await scene.world.due() == 0
    clock.advance(timedelta(hours=1))
    await scene.world.due()
    assert len(await _told(scene, referral, "not-arrived")) == 2


async def test_whoever_arrived_raises_no_alarm_and_the_sender_reads_no_more_than_before(scene, clock):
    referral = await _accepted_with(scene, _handover(scene))
    before = (await scene.caseworker.get(f"/referrals/{referral}")).json()
    await scene.intake.post(f"/referrals/{referral}/start")
    clock.advance(timedelta(hours=3))
    await scene.world.due()
    await wait_over(scene.world.desk, referral, Wait.ARRIVAL)
    assert await _told(scene, referral, "not-arrived") == []
    await scene.intake.post(f"/referrals/{referral}/fail", {"reason": "left-early"})
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json() == before


async def test_an_arrival_and_its_alarm_at_one_instant_leave_one_of_them_standing(scene, clock):
    referral = await scene.accepted()
    clock.advance(timedelta(hours=4))
    begun, _ = await asyncio.gather(
        scene.intake.post(f"/referrals/{referral}/start"), wait_over(scene.world.desk, referral, Wait.ARRIVAL)
    )
    assert begun.status_code == 200
    assert (await scene.world.stored("referrals", referral))["state"] == "in-progress"
    told = await scene.world.subjects(referral)
    assert "not-arrived" not in told[told.index("started") :]


async def test_once_sharing_has_ended_the_sender_hears_of_no_arrival_and_reads_no_handover(scene, clock):
    referral = await _accepted_with(scene, _handover(scene, place="where-the-person-is"), classes=ALL_CLASSES)
    await scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal")
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["handover"] is None
    dark = (await scene.intake.get(f"/referrals/{referral}")).json()["handover"]
    assert (dark["way"], dark["place"]) == ("taxi", None)
    clock.advance(timedelta(hours=3))
    await scene.world.due()
    assert [scene.caseworker.id in row for row in await _told(scene, referral, "not-arrived")] == [False]


async def test_a_consent_over_by_the_clock_silences_the_alarm_before_its_timer_fires(scene, clock):
    referral = await scene.accepted(consent={"days": 3 / 24})
    clock.advance(timedelta(hours=4))
    await wait_over(scene.world.desk, referral, Wait.ARRIVAL)
    assert [scene.caseworker.id in row for row in await _told(scene, referral, "not-arrived")] == [False]


@pytest.mark.parametrize("place", ["at-sender", "where-the-person-is"])
async def test_a_place_that_tells_where_the_person_is_wants_that_class(scene, place):
    referral = await scene.requested()
    refused = await scene.intake.post(f"/referrals/{referral}/accept", {"handover": _handover(scene, place=place)})
    assert (refused.status_code, refused.json()["code"]) == (422, "referral.handover-place-withheld")
    assert (await scene.world.stored("referrals", referral))["state"] == "requested"
    await scene.intake.post(f"/referrals/{referral}/accept", {})
    again = await scene.intake.post(f"/referrals/{referral}/arrange-handover", _handover(scene, place=place))
    assert again.json()["code"] == "referral.handover-place-withheld"


async def test_whoever_houses_the_person_may_come_where_they_are(scene):
    referral = await _accepted_with(scene, _handover(scene, place="where-the-person-is"), classes=ALL_CLASSES)
    for worker in (scene.intake, scene.caseworker):
        seen = (await worker.get(f"/referrals/{referral}")).json()
        assert seen["handover"]["place"] == "where-the-person-is"


@pytest.mark.parametrize("hours", [-1, 0, 31 * 24])
async def test_a_handover_is_to_come_and_not_put_off_for_ever(scene, hours):
    referral = await scene.accepted()
    refused = await scene.intake.post(f"/referrals/{referral}/arrange-handover", _handover(scene, hours=hours))
    assert (refused.status_code, refused.json()["code"]) == (422, "referral.handover-time-invalid")


@pytest.mark.parametrize(
    ("done", "code"),
    [([], "referral.not-accepted"), (["accept", "start"], "referral.already-started"), (["cancel"], "referral.closed")],
)
async def test_a_handover_is_arranged_between_acceptance_and_start_alone(scene, done, code):
    referral = await scene.requested()
    for move in done:
        await scene.intake.post(f"/referrals/{referral}/{move}", {"reason": "other"} if move == "cancel" else {})
    refused = await scene.intake.post(f"/referrals/{referral}/arrange-handover", _handover(scene))
    assert (refused.status_code, refused.json()["code"]) == (409, code)


async def test_the_sender_cannot_state_it_and_strangers_find_nothing(scene):
    referral = await scene.accepted()
    wrong = await scene.caseworker.post(f"/referrals/{referral}/arrange-handover", _handover(scene))
    assert wrong.json()["code"] == "referral.not-your-move"
    colleague = await scene.world.worker(scene.receiver)
    unseen = await colleague.post(f"/referrals/{referral}/arrange-handover", _handover(scene))
    assert (unseen.status_code, unseen.json()["code"]) == (404, "referral.not-found")
