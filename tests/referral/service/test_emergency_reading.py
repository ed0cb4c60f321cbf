"""Emergency reading: a colleague with no part in a received referral, for hours, alarmed at once and reviewed."""

import json
from datetime import timedelta

import pytest_asyncio

from kit.testing import tokens
from tests.referral.world import NEED, SECRETS

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
DANGER = {"reason": "person-in-danger"}


@pytest_asyncio.fixture
async def colleague(scene):
    return await scene.world.worker(scene.receiver, "caseworker")


async def test_a_colleague_reads_at_once_what_the_assigned_read_and_the_alarm_is_raised(scene, colleague):
    coordinator = await scene.world.worker(scene.receiver, "coordinator")
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    referral = await scene.accepted()
    assert (await colleague.get(f"/referrals/{referral}")).status_code == 404
    read = await colleague.post(f"/referrals/{referral}/emergency-reading", DANGER)
    assert read.status_code == 201
    usual = (await scene.intake.get(f"/referrals/{referral}")).json()
    seen = read.json()["referral"]
    assert (seen["disclosed"], seen["withheld"], seen["need"]) == (usual["disclosed"], usual["withheld"], usual["need"])
    assert seen["allowed"] == []

    emergency = read.json()["id"]
    [alarm] = await scene.world.outbox(f"emergency:{emergency}")
    assert alarm["subject"] == "referral.emergency-recorded.v1"
    assert set(json.loads(alarm["data"])["notify"]) == {coordinator.id, officer.id}
    assert (await officer.get(f"/emergencies/{emergency}")).json()["content"]["reading_reason"] == "person-in-danger"
    acts = [row for row in await scene.world.acts(scene.receiver.id) if row["by"] == colleague.id]
    assert [(row["action"], row["role"]) for row in acts if row["outcome"] == "done"] == [
        ("emergency.begin-reading", "emergency"),
        ("emergency.read", "emergency"),
    ]
    assert "identity" in acts[-1]["classes"]


async def test_it_lasts_four_hours_then_the_ordinary_rule_holds(scene, colleague, clock):
    referral = await scene.accepted()
    emergency = (await colleague.post(f"/referrals/{referral}/emergency-reading", DANGER)).json()["id"]
    clock.advance(timedelta(hours=3, minutes=59))
    assert (await colleague.get(f"/emergency-readings/{emergency}")).json()["referral"]["disclosed"]["identity"]
    assert (await colleague.get(f"/referrals/{referral}")).status_code == 404
    assert (await colleague.post(f"/referrals/{referral}/start")).status_code == 404
    clock.advance(timedelta(minutes=1))
    over = await colleague.get(f"/emergency-readings/{emergency}")
    assert (over.status_code, over.json()["code"]) == (409, "emergency.over")


async def test_a_reviewer_who_ends_it_shuts_it_at_once(scene, colleague):
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    referral = await scene.accepted()
    emergency = (await colleague.post(f"/referrals/{referral}/emergency-reading", DANGER)).json()["id"]
    body = {"verdict": "end", "reason": "no-serious-danger"}
    assert (await officer.post(f"/emergencies/{emergency}/review", body)).status_code == 200
    over = await colleague.get(f"/emergency-readings/{emergency}")
    assert (over.status_code, over.json()["code"]) == (409, "emergency.over")
    ended = (await scene.world.outbox(f"emergency:{emergency}"))[-1]
    assert (ended["subject"], json.loads(ended["data"])["notify"]) == ("referral.emergency-ended.v1", [colleague.id])


async def test_it_opens_nothing_that_consent_and_stage_do_not(scene, colleague):
    referral = await scene.requested()
    before = await colleague.post(f"/referrals/{referral}/emergency-reading", DANGER)
    assert (before.json()["referral"]["disclosed"], before.json()["referral"]["state"]) == ({}, "requested")
    await scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal")
    dark = await colleague.get(f"/emergency-readings/{before.json()['id']}")
    assert dark.json()["referral"]["need"] is None
    assert not [secret for secret in SECRETS if secret in before.text + dark.text]


async def test_only_a_colleague_without_a_part_in_it_needs_it_and_strangers_find_nothing(scene, colleague):
    referral = await scene.accepted()
    path = f"/referrals/{referral}/emergency-reading"
    for someone in (scene.intake, scene.caseworker):
        refused = await someone.post(path, DANGER)
        assert (refused.status_code, refused.json()["code"]) == (409, "emergency.not-needed")
    stranger = await scene.world.worker(await scene.world.member("law-enforcement"))
    refused = await stranger.post(path, DANGER)
    assert (refused.status_code, refused.json()["code"]) == (404, "referral.not-found")
    app = scene.world.signed_in(scene.receiver, "app", "caseworker")
    app.headers = tokens.as_app(
        scopes={"referral:read"}, organization=scene.receiver.id, alias="shelter", sector="community"
    )
    assert (await app.post(path, DANGER)).json()["code"] == "emergency.person-decides"
    assert (await colleague.post(path, {"reason": "curious"})).status_code == 422
    assert await scene.world.db["emergencies"].count_documents({}) == 0
    mine = (await colleague.post(path, DANGER)).json()["id"]
    other = await scene.world.worker(scene.receiver, "caseworker")
    assert (await other.get(f"/emergency-readings/{mine}")).status_code == 404


async def test_sent_again_under_its_key_it_is_one_reading_and_one_alarm(scene, colleague):
    await scene.world.worker(scene.receiver, "coordinator")
    referral = await scene.accepted()
    path = f"/referrals/{referral}/emergency-reading"
    answers = [await colleague.post(path, DANGER, key=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert len(await scene.world.outbox(f"emergency:{answers[0].json()['id']}")) == 1


async def test_the_sender_sees_that_it_was_read_in_an_emergency(scene, colleague):
    referral = await scene.requested(consent={"feedback": "outcome"})
    await colleague.post(f"/referrals/{referral}/emergency-reading", DANGER)
    rows = (await scene.caseworker.get(f"/referrals/{referral}/readings")).json()["items"]
    read = [row for row in rows if row["action"] == "emergency.read"]
    assert [(row["organization_id"], row["role"]) for row in read] == [(scene.receiver.id, "emergency")]


async def test_a_disclosure_is_not_read_as_a_reading(scene):
    emergency = await scene.emergency()
    assert (await scene.caseworker.get(f"/emergency-readings/{emergency}")).status_code == 404


async def test_what_ones_organisation_opened_itself_is_read_in_danger_too_and_carries_no_ground(scene, colleague):
    registered = await scene.intake.post("/persons", {"identity": {"preferred_name": "Lina"}})
    own = {"person_id": registered.json()["id"], "service_id": scene.service, "source": "walk-in", "need": NEED}
    referral = (await scene.intake.post("/own-referrals", own)).json()["id"]
    assert (await colleague.get(f"/referrals/{referral}")).status_code == 404
    read = await colleague.post(f"/referrals/{referral}/emergency-reading", DANGER)
    assert (read.status_code, read.json()["referral"]["need"]["needs"]) == (201, ["shelter-tonight"])
    stored = await scene.world.stored("referrals", referral)
    assert (stored["ground"], stored["consent"]) == (None, None)
    body = {"ground_id": referral}
    assert (await scene.intake.post(f"/referrals/{referral}/request-on-ground", body)).status_code in {403, 404, 409}
    assert (await scene.intake.post(f"/referrals/{referral}/accept", {})).status_code == 200
