"""A void after acceptance takes two, and tells a sender nothing that the person keeps from it."""

import asyncio

import pytest

from kit.testing import tokens


async def _told(scene, referral: str, fact: str) -> list[str]:
    rows = await scene.world.outbox(f"referral:{referral}")
    return [row["data"] for row in rows if row["subject"] == f"referral.{fact}.v1"]


async def _allowed(worker, referral: str) -> set[str]:
    return set((await worker.get(f"/referrals/{referral}")).json()["allowed"])


@pytest.mark.parametrize("sender_first", [True, False])
@pytest.mark.parametrize("done", ["accept", "complete"])
async def test_one_party_proposes_and_the_other_confirms(scene_of, sender_first, done):
    scene = await scene_of(places=1)
    referral = await scene.accepted(consent={"feedback": "outcome"})
    if done == "complete":
        await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}})
    one, other = (scene.caseworker, scene.intake) if sender_first else (scene.intake, scene.caseworker)
    assert "propose-void" in await _allowed(one, referral)
    proposed = await one.post(f"/referrals/{referral}/propose-void")
    assert proposed.status_code == 200, proposed.text
    assert proposed.json()["void_proposed_by"] == ("sender" if sender_first else "receiver")
    assert [other.id in row for row in await _told(scene, referral, "void-proposed")] == [True]
    assert (await one.post(f"/referrals/{referral}/confirm-void")).json()["code"] == "referral.void-needs-two"
    assert (await one.post(f"/referrals/{referral}/propose-void")).json()["code"] == "referral.void-already-proposed"
    assert "confirm-void" in await _allowed(other, referral)
    assert "confirm-void" not in await _allowed(one, referral)
    confirmed = await other.post(f"/referrals/{referral}/confirm-void")
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "entered-in-error")
    for worker in (one, other):
        seen = (await worker.get(f"/referrals/{referral}")).json()
        assert (seen["state"], seen["allowed"], seen["disclosed"] or {}) == ("entered-in-error", [], {})
    assert (await scene.world.stored("places", scene.service))["held"] == {}
    again = await other.post(f"/referrals/{referral}/confirm-void")
    assert (again.status_code, again.json()["code"]) == (409, "referral.closed")


async def test_a_proposal_changes_nothing_until_it_is_confirmed(scene):
    referral = await scene.accepted()
    await scene.intake.post(f"/referrals/{referral}/propose-void")
    assert (await scene.intake.post(f"/referrals/{referral}/start")).json()["state"] == "in-progress"
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["state"] == "accepted"


async def test_what_nobody_accepted_is_the_senders_alone(scene):
    referral = await scene.requested()
    assert (await scene.caseworker.post(f"/referrals/{referral}/propose-void")).json()["code"] == "referral.void-alone"
    assert (await scene.intake.post(f"/referrals/{referral}/propose-void")).json()["code"] == "referral.not-your-move"
    assert (await scene.intake.post(f"/referrals/{referral}/confirm-void")).json()["code"] == "referral.void-needs-two"
    assert await _allowed(scene.caseworker, referral) == {"cancel", "void"}
    assert (await scene.caseworker.post(f"/referrals/{referral}/void")).json()["state"] == "entered-in-error"


def _but_what_differs(seen: dict) -> dict:
    own = {"id", "person_id", "mnemonic", "sent_at", "answer_by", "changed_at"}
    return {name: value for name, value in seen.items() if name not in own}


@pytest.mark.parametrize("sender", ["community", "law-enforcement"])
@pytest.mark.parametrize("behind", [["accept"], ["accept", "start"], ["accept", "fail"]])
async def test_a_sender_who_may_not_know_takes_the_same_way_whatever_went_on(scene_of, sender, behind):
    scene = await scene_of(sender_sector=sender)
    consent = {"feedback": "none"}
    unanswered, answered = await scene.another(consent=consent), None
    answered = await scene.requested(consent=consent)
    for move in behind:
        body = {"reason": "left-early"} if move == "fail" else {}
        assert (await scene.intake.post(f"/referrals/{answered}/{move}", body)).status_code == 200
    shown = []
    for referral in (unanswered, answered):
        proposed = await scene.caseworker.post(f"/referrals/{referral}/propose-void")
        again = await scene.caseworker.post(f"/referrals/{referral}/propose-void")
        own = await scene.caseworker.post(f"/referrals/{referral}/confirm-void")
        read = await scene.caseworker.get(f"/referrals/{referral}")
        codes = (proposed.status_code, again.json()["code"], own.json()["code"], read.headers["etag"])
        shown.append((*codes, _but_what_differs(proposed.json()), _but_what_differs(read.json())))
        assert [scene.intake.id in row for row in await _told(scene, referral, "void-proposed")] == [True]
    assert shown[0] == shown[1]
    for referral in (unanswered, answered):
        confirmed = await scene.intake.post(f"/referrals/{referral}/confirm-void")
        assert confirmed.json()["state"] == "entered-in-error"
        assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["state"] == "entered-in-error"


async def test_a_receiver_does_not_tell_an_untold_sender_by_proposing(scene):
    referral = await scene.accepted(consent={"feedback": "none"})
    before = await scene.caseworker.get(f"/referrals/{referral}")
    refused = await scene.intake.post(f"/referrals/{referral}/propose-void")
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.void-unseen")
    assert "propose-void" not in await _allowed(scene.intake, referral)
    after = await scene.caseworker.get(f"/referrals/{referral}")
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


async def test_where_an_untold_sender_reads_an_end_there_is_nothing_to_propose(scene):
    referral = await scene.accepted(consent={"feedback": "none"})
    await scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal")
    refused = await scene.caseworker.post(f"/referrals/{referral}/propose-void")
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.closed")


async def test_a_sender_told_of_an_end_alone_may_still_propose(scene):
    referral = await scene.accepted(consent={"feedback": "ended"})
    await scene.intake.post(f"/referrals/{referral}/fail", {"reason": "left-early"})
    seen = (await scene.caseworker.get(f"/referrals/{referral}")).json()
    assert (seen["state"], seen["allowed"]) == ("ended", ["propose-void"])
    proposed = await scene.caseworker.post(f"/referrals/{referral}/propose-void")
    assert (proposed.status_code, proposed.json()["state"]) == (200, "ended")


async def test_each_side_wants_its_own_scope_and_strangers_find_nothing(scene):
    referral = await scene.accepted()
    reader = scene.world.signed_in(scene.sender, scene.caseworker.id, "caseworker")
    reader.headers = tokens.bearer(
        roles=("caseworker",), scopes={"referral:read"}, organization=scene.sender.id, sector="community"
    )
    stranger = await scene.world.worker(await scene.world.member(), "coordinator")
    for move in ("propose-void", "confirm-void"):
        assert (await reader.post(f"/referrals/{referral}/{move}")).json()["code"] == "auth.missing-scope"
        assert (await stranger.post(f"/referrals/{referral}/{move}")).status_code == 404


async def test_two_confirmations_at_once_void_it_once(scene):
    referral = await scene.accepted()
    await scene.caseworker.post(f"/referrals/{referral}/propose-void")
    other = await scene.world.worker(scene.receiver, "coordinator")
    answers = await asyncio.gather(
        *(worker.post(f"/referrals/{referral}/confirm-void") for worker in (scene.intake, other, scene.intake))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert (await scene.world.subjects(referral)).count("voided") == 1
