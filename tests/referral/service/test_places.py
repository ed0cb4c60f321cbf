"""Places: the last one is given once, whoever is quickest."""

import asyncio
from datetime import timedelta

from tests.referral.world import EVIDENCE, NEED, RECORD


async def _one_more(scene, number: int) -> str:
    """One more person of the sender's, referred to the same service."""
    person = (await scene.caseworker.post("/persons", {"identity": RECORD["identity"]})).json()["id"]
    until = (scene.world.clock() + timedelta(days=30)).isoformat()
    consent = {
        "recipient_organization_id": scene.receiver.id,
        "purpose": "support",
        "classes": ["identity"],
        "decision": "grant",
        "until": until,
        "evidence": EVIDENCE,
    }
    await scene.caseworker.post(f"/persons/{person}/consents", consent)
    body = {"person_id": person, "service_id": scene.service, "purpose": "support", "classes": ["identity"]}
    need = NEED | {"party_size": number}
    referral = (await scene.caseworker.post("/referrals", body | {"need": need})).json()["id"]
    assert (await scene.caseworker.post(f"/referrals/{referral}/request")).status_code == 200
    return referral


async def test_fifty_accepts_at_once_on_the_last_place_give_it_once(scene_of):
    scene = await scene_of(places=1)
    referrals = [await _one_more(scene, 1) for _ in range(50)]
    answers = await asyncio.gather(*(scene.intake.post(f"/referrals/{one}/accept", {}) for one in referrals))
    codes = sorted(answer.json().get("code", "accepted") for answer in answers)
    assert codes == ["accepted"] + ["referral.no-place-left"] * 49
    states = await scene.world.db["referrals"].distinct("state", {"places_held": {"$gt": 0}})
    assert states == ["accepted"]
    assert len((await scene.world.stored("places", scene.service))["held"]) == 1
    assert await scene.world.db["outbox"].count_documents({"subject": "referral.places-taken.v1"}) == 1


async def test_two_accepts_of_one_referral_at_once_accept_it_once(scene_of):
    scene = await scene_of(places=5)
    referral = await scene.requested()
    other = await scene.world.worker(scene.receiver, "intake")
    answers = await asyncio.gather(
        *(one.post(f"/referrals/{referral}/accept", {}) for one in (scene.intake, other, scene.intake, other))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert (await scene.world.stored("places", scene.service))["held"] == {referral: 1}
    assert (await scene.world.subjects(referral)).count("accepted") == 1


async def test_a_party_takes_all_its_places_or_none(scene_of):
    scene = await scene_of(places=3)
    two, more = await _one_more(scene, 2), await _one_more(scene, 2)
    assert (await scene.intake.post(f"/referrals/{two}/accept", {})).status_code == 200
    refused = await scene.intake.post(f"/referrals/{more}/accept", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.no-place-left")
    assert (await scene.world.stored("referrals", more))["state"] == "requested"
    cancelled = await scene.intake.post(f"/referrals/{two}/cancel", {"reason": "persons-wish"})
    assert cancelled.status_code == 200
    assert (await scene.intake.post(f"/referrals/{more}/accept", {})).status_code == 200


async def test_each_end_gives_back_its_places(scene_of):
    scene = await scene_of(places=1)
    ends = {
        "complete": {"outcomes": {"shelter-tonight": "met"}},
        "fail": {"reason": "left-early"},
        "cancel": {"reason": "other"},
    }
    for end, body in ends.items():
        referral = await _one_more(scene, 1)
        assert (await scene.intake.post(f"/referrals/{referral}/accept", {})).status_code == 200, end
        assert (await scene.intake.post(f"/referrals/{referral}/{end}", body)).status_code == 200
        assert (await scene.world.stored("places", scene.service))["held"] == {}


async def test_a_service_that_does_not_count_takes_no_places(scene):
    referral = await scene.accepted()
    assert await scene.world.stored("places", scene.service) is None
    assert "places-taken" not in await scene.world.subjects(referral)
