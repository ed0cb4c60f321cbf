"""Changing a consent: shown first, from what the owner may know; and narrowed without an instant between."""

import asyncio
from datetime import timedelta

import pytest

from tests.referral.world import SECRETS

SUPPORT = ["identity", "safe-contact", "practical-needs"]


async def preview(scene, change: str, worker=None, **fields):
    body = {"recipient_organization_id": scene.receiver.id, "purpose": "support", "change": change} | fields
    return await (worker or scene.caseworker).post(f"/persons/{scene.person}/consent-preview", body)


def until(scene, days: float = 30) -> str:
    return (scene.world.clock() + timedelta(days=days)).isoformat()


async def consent_of(scene, referral: str) -> str:
    return (await scene.world.stored("referrals", referral))["consent"]


async def test_granting_shows_what_the_recipient_would_newly_see(scene):
    draft = await scene.drafted()
    found = await preview(scene, "grant", classes=[*SUPPORT, "exploitation", "legal"], until=until(scene))
    assert found.status_code == 200, found.text
    gained = {each["data_class"]: (each["now"], each["then"]) for each in found.json()["changes"]}
    assert gained["identity"] == ("nothing", "whole")
    assert gained["exploitation"] == ("nothing", "type")
    assert "legal" not in gained
    assert found.json()["referrals"] == [
        {"referral_id": draft, "effect": "can-be-sent", "changes": [], "hides": {"needs": [], "fields": []}}
    ]
    assert not any(secret in found.text for secret in SECRETS)


async def test_withdrawing_shows_which_referrals_end_and_which_only_stop_sharing(scene):
    accepted = await scene.accepted()
    second = await scene.drafted()
    await scene.caseworker.post(f"/referrals/{second}/request")
    found = (await preview(scene, "withdraw")).json()
    effects = {each["referral_id"]: each for each in found["referrals"]}
    assert {name: each["effect"] for name, each in effects.items()} == {accepted: "stops-sharing", second: "ends"}
    assert {each["data_class"] for each in effects[accepted]["changes"]} == set(SUPPORT)
    assert effects[accepted]["hides"]["needs"] == ["shelter-tonight"]


async def test_what_stays_open_to_the_same_recipient_by_another_consent_is_named(scene_of):
    scene = await scene_of("victim-services", "legal-representation")
    await scene.consented()
    await scene.consented(classes=["identity", "legal"], purpose="legal-representation")
    found = (await preview(scene, "withdraw")).json()
    assert found["still_open"] == [{"purpose": "legal-representation", "classes": ["identity", "legal"]}]


async def test_narrowing_names_a_referral_only_where_it_would_not_stay_as_it_is(scene):
    await scene.consented(classes=[*SUPPORT, "safety"])
    referral = await scene.drafted()
    await scene.caseworker.post(f"/referrals/{referral}/request")
    assert (await preview(scene, "narrow", classes=SUPPORT)).json()["referrals"] == []
    for fields in ({"classes": ["identity", "safe-contact"]}, {"until": until(scene, 1)}, {"feedback": "none"}):
        [effect] = (await preview(scene, "narrow", **fields)).json()["referrals"]
        assert (effect["referral_id"], effect["effect"]) == (referral, "narrows"), fields


async def test_a_preview_stores_nothing_and_is_written_in_the_audit(scene):
    await scene.accepted()
    before = [await scene.world.db[name].find().to_list() for name in ("consents", "referrals", "timers", "outbox")]
    await preview(scene, "withdraw")
    await preview(scene, "narrow", classes=["identity"])
    after = [await scene.world.db[name].find().to_list() for name in ("consents", "referrals", "timers", "outbox")]
    assert before == after
    acts = [row for row in await scene.world.acts(scene.sender.id) if row["action"] == "consent.preview"]
    assert [(row["outcome"], row["purpose"]) for row in acts] == [("done", "support")] * 2


async def _behind(scene, behind: str, feedback: str) -> str:
    referral = await scene.requested(consent={"feedback": feedback})
    if behind != "unanswered":
        await scene.intake.post(f"/referrals/{referral}/accept", {})
    if behind == "failed":
        await scene.intake.post(f"/referrals/{referral}/fail", {"reason": "left-early"})
    return referral


def _but(referral: str, text: str) -> str:
    return text.replace(referral, "R")


@pytest.mark.parametrize(
    ("sector", "feedback", "worlds"),
    [
        ("community", "none", ("unanswered", "accepted", "failed")),
        ("law-enforcement", "outcome", ("unanswered", "accepted")),
        ("government", "received", ("unanswered", "accepted", "failed")),
        ("community", "received", ("accepted", "failed")),
    ],
)
async def test_a_preview_reads_the_same_in_every_world_that_its_reader_may_not_tell_apart(
    scene_of, sector, feedback, worlds
):
    told, after = set(), set()
    for behind in worlds:
        scene = await scene_of(sender_sector=sector)
        referral = await _behind(scene, behind, feedback)
        for change, fields in (("withdraw", {}), ("narrow", {"classes": ["identity"]})):
            found = await preview(scene, change, **fields)
            told.add((change, _but(referral, found.text)))
        consent = await consent_of(scene, referral)
        assert (
            await scene.caseworker.post(f"/consents/{consent}/narrow", {"classes": ["identity"]})
        ).status_code == 200
        assert (await scene.caseworker.post(f"/consents/{consent}/withdraw")).status_code == 200
        seen = (await scene.caseworker.get(f"/referrals/{referral}")).json()
        acts = [row["action"] for row in await scene.world.acts(scene.sender.id)]
        after.add((seen["state"], seen["sharing"], tuple(seen["allowed"]), tuple(acts)))
    assert len(told) == 2
    assert len(after) == 1


async def test_a_preview_is_refused_as_the_change_would_be(scene):
    assert (await preview(scene, "withdraw")).json()["code"] == "consent.not-granted"
    assert (await preview(scene, "grant", classes=SUPPORT)).json()["code"] == "consent.until-invalid"
    await scene.consented()
    assert (await preview(scene, "grant", classes=SUPPORT, until=until(scene))).json()["code"] == (
        "consent.already-granted"
    )
    assert (await preview(scene, "narrow", classes=["legal"])).json()["code"] == "consent.not-narrower"
    elsewhere = await preview(
        scene, "grant", classes=SUPPORT, until=until(scene), recipient_organization_id=scene.person
    )
    assert elsewhere.json()["code"] == "referral.recipient-unavailable"


async def test_nobody_else_previews_reads_or_narrows(scene):
    consent = await scene.consented()
    stranger = await scene.world.worker(await scene.world.member(), "coordinator")
    for worker in (scene.intake, stranger):
        assert (await preview(scene, "withdraw", worker)).status_code == 404
        assert (await worker.get(f"/consents/{consent}")).status_code == 404
        narrowed = await worker.post(f"/consents/{consent}/narrow", {"classes": ["identity"]})
        assert (narrowed.status_code, narrowed.json()["code"]) == (404, "referral.not-found")
    assert (await scene.caseworker.get(f"/consents/{consent}")).json()["state"] == "granted"


async def test_a_class_taken_out_is_dark_at_once_and_the_rest_goes_on(scene):
    referral = await scene.accepted()
    consent = await consent_of(scene, referral)
    before = await scene.intake.get(f"/referrals/{referral}")
    assert set(before.json()["disclosed"]) == {"identity", "safe_contact", "practical_needs"}
    narrowed = await scene.caseworker.post(f"/consents/{consent}/narrow", {"classes": ["identity"]})
    assert (narrowed.status_code, narrowed.json()["classes"]) == (200, ["identity"])
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert (set(seen["disclosed"]), seen["sharing"], seen["state"]) == ({"identity"}, "live", "accepted")
    reasons = {each["data_class"]: each["reason"] for each in seen["withheld"]}
    assert reasons["safe-contact"] == "not-consented"
    assert "narrowed" not in str(await scene.world.subjects(referral))


async def test_the_wider_answer_stays_on_record_and_whoever_withdraws_the_old_id_ends_all(scene, clock):
    referral = await scene.accepted()
    clock.advance(timedelta(minutes=1))
    consent = await consent_of(scene, referral)
    await scene.caseworker.post(f"/consents/{consent}/narrow", {"classes": ["identity"]})
    listed = (await scene.caseworker.get(f"/persons/{scene.person}/consents")).json()["items"]
    assert [(each["state"], each["id"] == consent, len(each["classes"])) for each in listed] == [
        ("withdrawn", False, 3),
        ("granted", True, 1),
    ]
    stored = await scene.world.stored("consents", listed[0]["id"])
    key = await scene.world.desk.keys.of(scene.person)
    assert key.unseal(f"consent:{listed[0]['id']}", stored["sealed"]["evidence"])["method"] == "oral"
    await scene.caseworker.post(f"/consents/{consent}/withdraw")
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["disclosed"] == {}


async def test_an_earlier_end_is_the_end_by_the_clock_and_by_the_timer(scene, clock):
    referral = await scene.accepted(consent={"days": 90})
    consent = await consent_of(scene, referral)
    assert (await scene.caseworker.post(f"/consents/{consent}/narrow", {"until": until(scene, 1)})).status_code == 200
    clock.advance(timedelta(days=1))
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["disclosed"] == {}
    [line] = (await scene.intake.get("/referrals", direction="received")).json()["items"]
    assert line["sharing"] == "ended"
    await scene.world.due()
    assert (await scene.world.stored("consents", consent))["state"] == "expired"


async def test_less_feedback_holds_for_what_happens_from_now_on(scene):
    referral = await scene.accepted(consent={"feedback": "outcome"})
    consent = await consent_of(scene, referral)
    await scene.caseworker.post(f"/consents/{consent}/narrow", {"feedback": "none"})
    await scene.intake.post(f"/referrals/{referral}/start")
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["state"] == "accepted"


async def test_narrowing_again_to_the_same_is_refused_and_changes_nothing(scene):
    consent = await scene.consented()
    for status in (200, 422):
        answer = await scene.caseworker.post(f"/consents/{consent}/narrow", {"classes": ["identity"]})
        assert answer.status_code == status
    assert answer.json()["code"] == "consent.not-narrower"
    assert await scene.world.db["consents"].count_documents({}) == 2


@pytest.mark.parametrize("_", range(3))
async def test_accepting_while_a_class_is_taken_out_never_shows_it(scene, _):
    referral = await scene.requested()
    consent = await consent_of(scene, referral)
    accepted, narrowed = await asyncio.gather(
        scene.intake.post(f"/referrals/{referral}/accept", {}),
        scene.caseworker.post(f"/consents/{consent}/narrow", {"classes": ["identity"]}),
    )
    assert (accepted.status_code, narrowed.status_code) == (200, 200)
    assert set((await scene.intake.get(f"/referrals/{referral}")).json()["disclosed"]) == {"identity"}


@pytest.mark.parametrize("_", range(3))
async def test_narrowing_and_withdrawing_at_the_same_instant_leave_nothing_open(scene, _):
    referral = await scene.accepted()
    consent = await consent_of(scene, referral)
    narrowed, withdrawn = await asyncio.gather(
        scene.caseworker.post(f"/consents/{consent}/narrow", {"classes": ["identity"]}),
        scene.intake.post(f"/referrals/{referral}/consent-withdrawal"),
    )
    assert withdrawn.status_code == 200
    assert narrowed.status_code in {200, 409}
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["disclosed"] == {}
    states = [row["state"] async for row in scene.world.db["consents"].find()]
    assert "granted" not in states
