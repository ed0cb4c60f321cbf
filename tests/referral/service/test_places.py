"""Places: the last one is given once, whoever is quickest."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest

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


async def _many_more(scene, number: int) -> list[str]:
    """As many people more, each referred to the same service: one made whole, the others after its documents."""
    first = await _one_more(scene, 1)
    referral = await scene.world.stored("referrals", first)
    consent = await scene.world.stored("consents", referral["consent"])
    made = [(str(uuid4()), str(uuid4()), str(uuid4())) for _ in range(number - 1)]
    rows = [referral | {"_id": one, "person": person, "consent": given} for one, person, given in made]
    await scene.world.db["referrals"].insert_many(rows)
    await scene.world.db["consents"].insert_many(
        [consent | {"_id": given, "person": person} for _, person, given in made]
    )
    return [first, *(one for one, _, _ in made)]


async def test_two_hundred_accepts_at_once_on_the_last_place_give_it_once(scene_of):
    scene = await scene_of(places=1)
    referrals = await _many_more(scene, 200)
    answers = await asyncio.gather(*(scene.intake.post(f"/referrals/{one}/accept", {}) for one in referrals))
    codes = Counter(answer.json().get("code", "accepted") for answer in answers)
    assert codes == {"accepted": 1, "referral.no-place-left": 199}
    states = await scene.world.db["referrals"].distinct("state", {"places_held": {"$gt": 0}})
    assert states == ["accepted"]
    assert len((await scene.world.stored("places", scene.service))["held"]) == 1
    assert await scene.world.db["outbox"].count_documents({"subject": "referral.places-taken.v1"}) == 1
    assert await scene.world.db["outbox"].count_documents({"subject": "referral.availability-changed.v1"}) == 1


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


ENDS = {
    "completed": [("receiver", "complete", {"outcomes": {"shelter-tonight": "met"}})],
    "failed": [("receiver", "fail", {"reason": "left-early"})],
    "cancelled": [("receiver", "cancel", {"reason": "other"})],
    "cancelled by the sender": [("sender", "cancel", {"reason": "persons-wish"})],
    "entered-in-error": [("receiver", "propose-void", None), ("sender", "confirm-void", None)],
    "excluded": [],
}


@pytest.mark.parametrize("under_way", [False, True])
@pytest.mark.parametrize("end", ENDS)
async def test_each_end_gives_back_its_places(scene_of, end, under_way):
    scene = await scene_of(places=1)
    referral = await scene.started() if under_way else await scene.accepted()
    assert (await scene.world.stored("places", scene.service))["held"] == {referral: 1}
    for side, move, body in ENDS[end]:
        worker = scene.intake if side == "receiver" else scene.caseworker
        assert (await worker.post(f"/referrals/{referral}/{move}", body)).status_code == 200
    if not ENDS[end]:
        listed = {"organization_ids": [scene.receiver.id], "user_ids": []}
        assert (await scene.caseworker.post(f"/persons/{scene.person}/exclusions", listed)).status_code == 200
    assert (await scene.world.stored("places", scene.service))["held"] == {}
    assert "places-released" in await scene.world.subjects(referral)


@pytest.mark.parametrize("how", ["withdrawn", "lapsed", "ground closed"])
async def test_the_end_of_what_lets_data_flow_keeps_the_place(scene_of, clock, how):
    scene = await scene_of(places=1)
    if how == "ground closed":
        referral, ground = await scene.requested_on_ground()
        await scene.intake.post(f"/referrals/{referral}/accept", {})
        await scene.caseworker.post(f"/grounds/{ground}/close")
    else:
        referral = await scene.accepted(consent={"days": 1})
    if how == "withdrawn":
        await scene.intake.post(f"/referrals/{referral}/consent-withdrawal")
    if how == "lapsed":
        clock.advance(timedelta(days=1))
        await scene.world.due()
    stored = await scene.world.stored("referrals", referral)
    assert (stored["sharing"], stored["places_held"]) == ("ended", 1)
    assert (await scene.world.stored("places", scene.service))["held"] == {referral: 1}
    assert "places-released" not in await scene.world.subjects(referral)


async def test_a_service_that_does_not_count_takes_no_places(scene):
    referral = await scene.accepted()
    assert await scene.world.stored("places", scene.service) is None
    assert "places-taken" not in await scene.world.subjects(referral)
