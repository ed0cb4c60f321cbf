"""Consent: what may be recorded, and what its end does, at once."""

import asyncio
from datetime import timedelta

import pytest

from tests.referral.world import EVIDENCE, SECRETS


async def test_a_consent_is_recorded_with_how_it_was_given_and_sealed(scene):
    given = await scene.consent(evidence=EVIDENCE | {"note": "signé Lina"})
    assert given.status_code == 201
    stored = await scene.world.stored("consents", given.json()["id"])
    assert stored["state"] == "granted"
    assert "Lina" not in str(stored)
    listed = (await scene.caseworker.get(f"/persons/{scene.person}/consents")).json()["items"]
    assert [each["classes"] for each in listed] == [["safe-contact", "identity", "practical-needs"]]


async def test_a_refusal_or_a_deferral_may_become_a_grant_and_nobody_else_learns_of_it(scene):
    deferred = await scene.consent(decision="defer", evidence=None)
    refused = await scene.consent(decision="refuse", evidence=None)
    assert (deferred.json()["state"], refused.json()["state"]) == ("deferred", "refused")
    assert refused.json()["id"] == deferred.json()["id"]
    assert (await scene.intake.get(f"/persons/{scene.person}/consents")).status_code == 404
    granted = await scene.consent()
    assert (granted.json()["id"], granted.json()["state"]) == (refused.json()["id"], "granted")
    again = await scene.consent()
    assert (again.status_code, again.json()["code"]) == (409, "consent.already-granted")
    assert (await scene.consent(decision="refuse")).json()["code"] == "consent.already-granted"


async def test_a_grant_sent_again_while_the_first_is_committed_is_under_way_and_never_already_given(scene):
    answers = await asyncio.gather(*(scene.consent(key="grant-0123456789abcdef") for _ in range(6)))
    given = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    others = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert (len(given), others <= {"request.in-progress"}) == (1, True), others
    assert (await scene.consent(key="grant-0123456789abcdef")).json()["id"] in given
    assert (await scene.consent()).json()["code"] == "consent.already-granted"


async def test_granting_again_after_a_withdrawal_is_a_new_record(scene):
    first = await scene.consented()
    await scene.caseworker.post(f"/consents/{first}/withdraw")
    second = await scene.consented()
    assert second != first
    assert (await scene.world.stored("consents", first))["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"evidence": None}, "consent.without-evidence"),
        ({"evidence": EVIDENCE | {"company": "others"}}, "consent.not-free"),
        ({"evidence": EVIDENCE | {"interpreter": "other"}}, "consent.not-free"),
        ({"evidence": EVIDENCE | {"read_back": False}}, "consent.not-free"),
        ({"evidence": EVIDENCE | {"given_by": "parent"}}, "consent.not-theirs"),
        ({"until": "2020-01-01T00:00:00Z"}, "consent.until-invalid"),
        ({"until": None}, "consent.until-invalid"),
        ({"classes": []}, "consent.no-classes"),
        ({"classes": ["aggregates"]}, "consent.no-classes"),
        ({"purpose": "complaint"}, "consent.purpose-unsuited"),
        (
            {"recipient_organization_id": "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60"},
            "referral.recipient-unavailable",
        ),
    ],
)
async def test_a_consent_that_was_not_free_or_means_nothing_is_refused(scene, changes, code):
    body = {"classes": changes["classes"]} if changes.get("classes") else {}
    given = await scene.consent(**(changes | body)) if changes.get("classes") != [] else await _no_classes(scene)
    assert (given.status_code, given.json()["code"]) in {(422, code), (409, code)}
    assert await scene.world.db["consents"].count_documents({}) == 0


async def _no_classes(scene):
    body = {
        "recipient_organization_id": scene.receiver.id,
        "purpose": "support",
        "classes": [],
        "decision": "grant",
        "until": (scene.world.clock() + timedelta(days=3)).isoformat(),
        "evidence": EVIDENCE,
    }
    return await scene.caseworker.post(f"/persons/{scene.person}/consents", body)


async def test_consent_to_police_says_what_the_accused_may_obtain_and_never_holds_immigration(scene_of):
    scene = await scene_of("law-enforcement", "police-complaint")
    unexplained = await scene.consent(["identity"], "complaint", evidence=EVIDENCE | {"police_warning": False})
    assert unexplained.json()["code"] == "consent.police-unexplained"
    never = await scene.consent(["identity", "immigration"], "complaint")
    assert never.json()["code"] == "consent.never-opens"
    assert (await scene.consent(["identity"], "complaint")).status_code == 201


@pytest.mark.parametrize(
    ("age", "given_by", "company", "status"),
    [
        ("under-14", "person", "alone", 422),
        ("under-14", "parent", "parent-or-tutor", 201),
        ("14-17", "person", "alone", 201),
        ("14-17", "person", "parent-or-tutor", 422),
        ("14-17", "parent", "alone", 422),
        ("unknown", "person", "alone", 201),
        (None, "person", "alone", 201),
        (None, "tutor", "alone", 422),
    ],
)
async def test_from_fourteen_on_a_person_decides_alone(scene_of, age, given_by, company, status):
    scene = await scene_of(record={"identity": {"age_band": age}} if age else {})
    given = await scene.consent(evidence=EVIDENCE | {"given_by": given_by, "company": company})
    assert given.status_code == status


@pytest.mark.parametrize("moves", [[], ["review"]])
async def test_before_acceptance_a_withdrawal_ends_the_referral(scene, moves):
    referral = await scene.requested()
    for move in moves:
        await scene.intake.post(f"/referrals/{referral}/{move}")
    consent = (await scene.world.stored("referrals", referral))["consent"]
    ended = await scene.caseworker.post(f"/consents/{consent}/withdraw")
    assert (ended.status_code, ended.json()["state"]) == (200, "withdrawn")
    assert (await scene.world.stored("referrals", referral))["state"] == "withdrawn"
    assert await scene.world.db["timers"].count_documents({}) == 0

    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert (seen["state"], seen["fhir"]["status"], seen["need"]) == ("cancelled", "cancelled", None)
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["state"] == "withdrawn"
    refused = await scene.intake.post(f"/referrals/{referral}/accept", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.closed")
    rows = {row["subject"]: row["data"] for row in await scene.world.outbox(f"referral:{referral}")}
    assert scene.intake.id in rows["referral.closed.v1"]
    assert scene.intake.id not in rows["referral.withdrawn.v1"]


async def test_after_acceptance_a_withdrawal_darkens_the_data_and_the_service_goes_on(scene_of):
    scene = await scene_of(places=1)
    referral = await scene.started(consent={"feedback": "outcome"})
    ended = await scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal")
    assert (ended.status_code, ended.json()["sharing"], ended.json()["state"]) == (200, "ended", "in-progress")

    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert (seen["state"], seen["sharing"], seen["disclosed"], seen["need"]) == ("in-progress", "ended", {}, None)
    assert {each["reason"] for each in seen["withheld"]} == {"sharing-ended"}
    assert not any(secret in str(seen) for secret in SECRETS)
    assert (await scene.world.stored("places", scene.service))["held"] == {referral: 1}

    held = await scene.intake.post(f"/referrals/{referral}/hold")
    assert held.json()["state"] == "on-hold"
    done = await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}})
    assert done.json()["state"] == "completed"
    assert (await scene.world.stored("places", scene.service))["held"] == {}
    assert await scene.world.subjects(referral) == [
        *("drafted", "requested", "accepted", "places-taken", "started", "sharing-ended", "held", "completed"),
        "places-released",
    ]
    # What the sender could learn was consented to with the rest: it stays as it was.
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["state"] == "in-progress"


async def test_the_receivers_worker_may_record_the_withdrawal_and_twice_is_once(scene):
    referral = await scene.accepted()
    for _ in range(2):
        answer = await scene.intake.post(f"/referrals/{referral}/consent-withdrawal")
        assert (answer.status_code, answer.json()["sharing"]) == (200, "ended")
    assert (await scene.world.subjects(referral)).count("sharing-ended") == 1
    row = (await scene.world.outbox(f"referral:{referral}"))[-1]
    assert scene.caseworker.id in row["data"]


async def test_withdrawing_through_an_old_referral_ends_the_consent_granted_since(scene):
    old = await scene.accepted()
    await scene.caseworker.post(f"/referrals/{old}/consent-withdrawal")
    anew = await scene.consented()
    fresh = await scene.drafted()
    assert (await scene.caseworker.post(f"/referrals/{fresh}/request")).status_code == 200
    assert (await scene.intake.post(f"/referrals/{old}/consent-withdrawal")).status_code == 200
    assert (await scene.world.stored("consents", anew))["state"] == "withdrawn"
    assert (await scene.world.stored("referrals", fresh))["state"] == "withdrawn"


async def test_a_lapse_is_dark_by_the_clock_before_any_timer_and_final_by_the_timer(scene, clock):
    referral = await scene.accepted(consent={"days": 2})
    clock.advance(timedelta(days=2))
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert (seen["sharing"], seen["disclosed"]) == ("ended", {})
    assert (await scene.world.stored("referrals", referral))["sharing"] == "live"
    await scene.world.due()
    stored = await scene.world.stored("referrals", referral)
    assert (stored["sharing"], stored["state"]) == ("ended", "accepted")
    assert (await scene.world.stored("consents", stored["consent"]))["state"] == "expired"
    assert await scene.world.due() == 0


async def test_accepting_after_the_lapse_is_refused_in_the_neutral_word(scene, clock):
    referral = await scene.requested(consent={"days": 0.05})
    clock.advance(timedelta(hours=1.5))
    refused = await scene.intake.post(f"/referrals/{referral}/accept", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.closed")
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["need"] is None
    await scene.world.due()
    assert (await scene.world.stored("referrals", referral))["state"] == "withdrawn"


async def test_an_answer_over_its_time_makes_way_for_a_new_one_without_waiting_for_the_timer(scene, clock):
    first = await scene.consented(days=1)
    clock.advance(timedelta(days=1))
    second = await scene.consented(days=1)
    assert second != first
    assert (await scene.world.stored("consents", first))["state"] == "expired"


async def test_withdrawing_from_one_recipient_leaves_the_others(scene):
    other_of = await scene.world.member()
    await scene.consented()
    other = await scene.consented(recipient_organization_id=other_of.id)
    first = await scene.drafted()
    await scene.caseworker.post(f"/referrals/{first}/request")
    await scene.caseworker.post(f"/consents/{other}/withdraw")
    assert (await scene.world.stored("referrals", first))["state"] == "requested"


@pytest.mark.parametrize("_", range(5))
async def test_accepting_and_withdrawing_at_the_same_instant_never_leaves_data_flowing(scene, _):
    referral = await scene.requested()
    accepted, withdrawn = await asyncio.gather(
        scene.intake.post(f"/referrals/{referral}/accept", {}),
        scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal"),
    )
    assert withdrawn.status_code == 200
    assert accepted.status_code in {200, 409}
    stored = await scene.world.stored("referrals", referral)
    assert (stored["state"], stored["sharing"]) in {("withdrawn", "live"), ("accepted", "ended")}
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["disclosed"] == {}


@pytest.mark.parametrize("_", range(5))
async def test_sending_and_withdrawing_at_the_same_instant_never_leaves_a_request_open(scene, _):
    consent = await scene.consented()
    referral = await scene.drafted()
    sent, withdrawn = await asyncio.gather(
        scene.caseworker.post(f"/referrals/{referral}/request"),
        scene.caseworker.post(f"/consents/{consent}/withdraw"),
    )
    assert withdrawn.status_code == 200
    assert sent.status_code in {200, 409}
    assert (await scene.world.stored("referrals", referral))["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("shared", "consented", "code"),
    [
        (["identity", "health"], ["identity"], "consent.too-narrow"),
        (["identity"], None, "consent.not-live"),
    ],
)
async def test_nothing_is_sent_that_the_person_did_not_consent_to(scene, shared, consented, code):
    if consented:
        await scene.consented(classes=consented)
    referral = await scene.drafted(classes=shared)
    refused = await scene.caseworker.post(f"/referrals/{referral}/request")
    assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert (await scene.world.stored("referrals", referral))["state"] == "draft"
    assert await scene.world.subjects(referral) == ["drafted"]


async def test_a_need_that_reveals_what_is_not_consented_to_is_not_sent(scene_of):
    scene = await scene_of("community", "mental-health")
    await scene.consented(classes=["identity"])
    referral = await scene.drafted(classes=["identity"], needs=["mental-health"])
    refused = await scene.caseworker.post(f"/referrals/{referral}/request")
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.need-not-covered")
