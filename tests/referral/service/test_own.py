"""Someone walks in, calls or comes of their own accord: one organisation, its own record, and the same care."""

import asyncio
from datetime import timedelta

import pytest

from services.referral import consumed
from tests.referral.world import EVIDENCE, NEED, RECORD

KEY = "0e03978e-40d5-43dd-bc93-6894a57f9324"


async def _arrived(scene, worker=None, *, key=None, **changes):
    worker = worker or scene.intake
    registered = await worker.post("/persons", dict(RECORD), key=key)
    need = {"needs": ["shelter-tonight", "health-care"], "urgency": "bed-tonight", "language": "spa"}
    body = {"person_id": registered.json()["id"], "service_id": scene.service, "source": "walk-in", "need": need}
    return await worker.post("/own-referrals", body | changes, key=key)


async def _opened(scene, worker=None, **changes) -> str:
    answered = await _arrived(scene, worker, **changes)
    assert answered.status_code == 201, answered.text
    return answered.json()["id"]


async def _told(scene, referral: str) -> str:
    return str([row["data"] for row in await scene.world.outbox(f"referral:{referral}")])


@pytest.mark.parametrize("source", ["walk-in", "call", "self-referral"])
async def test_someone_who_came_is_served_from_review_to_outcome_and_nobody_else_knows(scene_of, source):
    scene = await scene_of(places=1)
    coordinator = await scene.world.worker(scene.receiver, "coordinator")
    made = (await _arrived(scene, source=source)).json()
    assert (made["state"], made["source"], made["direction"]) == ("under-review", source, "received")
    assert made["allowed"] == ["waitlist", "accept", "decline", "cancel", "void"]
    referral = made["id"]
    seen = (await coordinator.get(f"/referrals/{referral}")).json()
    assert seen["need"]["needs"] == ["shelter-tonight", "health-care"]
    assert (seen["disclosed"], seen["person_id"] is None, seen["mnemonic"] is None) == (None, False, False)
    moves = {"accept": {}, "start": None}
    for move, body in moves.items():
        assert (await scene.intake.post(f"/referrals/{referral}/{move}", body)).status_code == 200, move
    assert (await scene.world.stored("places", scene.service))["held"] == {referral: 1}
    short = await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}})
    assert short.json()["code"] == "referral.outcome-incomplete"
    outcomes = {"shelter-tonight": "met", "health-care": "not-met"}
    done = await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": outcomes})
    assert done.json()["state"] == "completed"
    assert (await coordinator.get(f"/referrals/{referral}")).json()["outcomes"] == outcomes
    assert await scene.world.subjects(referral) == [
        *("opened", "accepted", "places-taken", "started", "completed", "places-released"),
    ]
    assert scene.sender.id not in await _told(scene, referral)


async def test_it_has_its_deadline_its_reminders_and_its_place_in_the_queue(scene, clock):
    coordinator = await scene.world.worker(scene.receiver, "coordinator")
    referral = await _opened(scene)
    assert [item["id"] for item in (await scene.intake.get("/intake-queue")).json()["items"]] == [referral]
    for minutes in (15, 30, 75):
        clock.advance(timedelta(minutes=minutes))
        await scene.world.due()
    assert await scene.world.subjects(referral) == ["opened", "reminded", "escalated", "expired", "closed"]
    rows = {row["subject"]: row["data"] for row in await scene.world.outbox(f"referral:{referral}")}
    assert f'"notify":["{scene.intake.id}"]' in rows["referral.reminded.v1"]
    assert f'"notify":["{coordinator.id}"]' in rows["referral.escalated.v1"]
    assert '"notify":[]' in rows["referral.expired.v1"]


async def test_whoever_opens_it_sees_it_and_a_colleague_without_part_in_it_does_not(scene):
    nadia, paul = await scene.world.worker(scene.receiver), await scene.world.worker(scene.receiver)
    referral = await _opened(scene, nadia)
    assert (await nadia.get(f"/referrals/{referral}")).status_code == 200
    assert [item["id"] for item in (await nadia.get("/referrals", direction="received")).json()["items"]] == [referral]
    assert (await paul.get(f"/referrals/{referral}")).status_code == 404
    assert (await nadia.get("/referrals", direction="sent")).json()["items"] == []
    assert (await scene.caseworker.get(f"/referrals/{referral}")).status_code == 404


async def test_a_person_or_a_service_of_another_organisation_is_not_ones_own(scene):
    wrong = await _arrived(scene, person_id=scene.person)
    assert (wrong.status_code, wrong.json()["code"]) == (404, "referral.not-found")
    theirs = await scene.world.service(scene.sender)
    for service in (theirs, "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60"):
        refused = await _arrived(scene, service_id=service)
        assert (refused.status_code, refused.json()["code"]) == (409, "referral.recipient-unavailable")
    await scene.world.about(scene.receiver, consumed.OrganizationSuspended)
    assert (await _arrived(scene)).json()["code"] == "referral.recipient-unavailable"
    assert await scene.world.db["referrals"].count_documents({}) == 0


async def test_opened_twice_under_one_key_it_is_there_once(scene):
    registered = await scene.intake.post("/persons", {})
    body = {"person_id": registered.json()["id"], "service_id": scene.service, "source": "call", "need": NEED}
    answers = [await scene.intake.post("/own-referrals", body, key=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert await scene.world.db["referrals"].count_documents({}) == 1


async def test_the_last_place_goes_to_whoever_was_referred_or_whoever_came_never_to_both(scene_of):
    scene = await scene_of(places=1)
    came, sent = await _opened(scene), await scene.requested()
    answers = await asyncio.gather(*(scene.intake.post(f"/referrals/{one}/accept", {}) for one in (came, sent)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len((await scene.world.stored("places", scene.service))["held"]) == 1


async def test_a_handover_and_an_attempt_know_the_whole_of_ones_own_record(scene, clock):
    referral = await _opened(scene)
    at = (clock() + timedelta(hours=2)).isoformat()
    handover = {"at": at, "way": "service-vehicle", "escort": "receivers-worker", "place": "where-the-person-is"}
    assert (await scene.intake.post(f"/referrals/{referral}/accept", {"handover": handover})).status_code == 200
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert seen["handover"]["place"] == "where-the-person-is"
    tried = {"at": clock().isoformat(), "channel": "phone", "result": "no-answer", "within_hours": True}
    assert (await scene.intake.post(f"/referrals/{referral}/log-attempt", tried)).status_code == 200
    [item] = (await scene.intake.get(f"/referrals/{referral}/contact-attempts")).json()["items"]
    assert (item["channel"], item["inside"]) == ("phone", True)
    clock.advance(timedelta(hours=2))
    await scene.world.due()
    assert (await scene.world.subjects(referral))[-1] == "not-arrived"
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["not_arrived_at"] is not None


async def test_no_consent_carries_it_and_none_that_ends_ends_it(scene):
    referral = await _opened(scene)
    person = (await scene.world.stored("referrals", referral))["person"]
    consent = {
        "recipient_organization_id": scene.receiver.id,
        "purpose": "support",
        "classes": ["identity"],
        "decision": "grant",
        "until": (scene.world.clock() + timedelta(days=9)).isoformat(),
        "evidence": EVIDENCE,
    }
    given = (await scene.intake.post(f"/persons/{person}/consents", consent)).json()["id"]
    assert (await scene.intake.post(f"/consents/{given}/withdraw")).status_code == 200
    assert (await scene.world.stored("referrals", referral))["state"] == "under-review"
    assert (await scene.intake.post(f"/referrals/{referral}/accept", {})).status_code == 200


async def test_entered_in_error_it_is_voided_by_one_before_and_by_two_after_acceptance(scene):
    early = await _opened(scene)
    assert (await scene.intake.post(f"/referrals/{early}/void")).json()["state"] == "entered-in-error"
    late = await _opened(scene)
    await scene.intake.post(f"/referrals/{late}/accept", {})
    assert (await scene.intake.post(f"/referrals/{late}/void")).json()["code"] == "referral.void-needs-two"
    assert (await scene.intake.post(f"/referrals/{late}/propose-void")).status_code == 200
    own = await scene.intake.post(f"/referrals/{late}/confirm-void")
    assert own.json()["code"] == "referral.void-needs-two"
    colleague = await scene.world.worker(scene.receiver, "coordinator")
    assert "confirm-void" in (await colleague.get(f"/referrals/{late}")).json()["allowed"]
    assert (await colleague.post(f"/referrals/{late}/confirm-void")).json()["state"] == "entered-in-error"


@pytest.mark.parametrize("sector", ["law-enforcement", "government"])
async def test_police_and_government_serve_those_who_came_to_them_alike(scene_of, sector):
    scene = await scene_of(sector, "police-complaint")
    referral = await _opened(scene, need={"needs": ["police-complaint"], "urgency": "same-day"})
    assert (await scene.intake.post(f"/referrals/{referral}/accept", {})).json()["state"] == "accepted"
    assert "propose-void" in (await scene.intake.get(f"/referrals/{referral}")).json()["allowed"]


async def test_its_owner_reads_who_saw_what(scene):
    referral = await _opened(scene)
    await scene.intake.get(f"/referrals/{referral}")
    stranger = await scene.world.worker(await scene.world.member(), "coordinator")
    assert (await stranger.get(f"/referrals/{referral}")).status_code == 404
    rows = (await scene.intake.get(f"/referrals/{referral}/readings")).json()["items"]
    assert [row["action"] for row in rows] == ["referral.open", "referral.read", "referral.read"]
