"""Grounds: recorded by the law of the organisation, carrying a referral in place of consent, closed at once."""

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.referral.world import FACTS, NEED, SECRETS

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


async def test_a_ground_is_recorded_with_its_facts_sealed_and_its_officers_told(scene):
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    made = await scene.record_ground()
    assert made.status_code == 201
    ground = made.json()
    assert (ground["citation"], ground["classes"]) == ("P-39.1, s. 18.1", ["identity", "current-location"])
    assert (ground["decided_by_user_id"], ground["facts"], ground["closed_at"]) == (scene.caseworker.id, None, None)
    stored = await scene.world.stored("grounds", ground["id"])
    assert FACTS not in str(stored)
    [told] = await scene.world.outbox(f"ground:{ground['id']}")
    assert told["subject"] == "referral.ground-recorded.v1"
    assert officer.id in told["data"]
    assert scene.person not in told["data"]

    listed = (await scene.caseworker.get(f"/persons/{scene.person}/grounds")).json()["items"]
    assert [(each["id"], each["facts"]) for each in listed] == [(ground["id"], None)]
    assert (await scene.caseworker.get(f"/grounds/{ground['id']}")).json()["facts"] == FACTS
    acts = [row["action"] for row in await scene.world.acts(scene.sender.id)][-3:]
    assert acts == ["ground.record", "ground.list", "ground.read"]


@pytest.mark.parametrize(
    ("regime", "article", "code"),
    [
        ("private", "a-2.1-59.1", "referral.ground-not-in-regime"),
        ("public", "p-39.1-18-7", "referral.ground-not-in-regime"),
        ("health", "a-2.1-59.1", "referral.ground-not-in-regime"),
        ("public", "a-2.1-59.1", None),
        ("health", "r-22.1-74", None),
        ("private", "court-order", None),
        ("private", "p-34.1-39", "referral.ground-for-minors"),
        ("private", "because", "referral.ground-unknown"),
        ("a-law-to-come", "court-order", "referral.ground-not-in-regime"),
    ],
)
async def test_the_organisations_own_law_says_which_grounds_it_has(scene, regime, article, code):
    directory = scene.world.db["referral-directory-a"]
    await directory.update_one({"_id": f"organization:{scene.sender.id}"}, {"$set": {"regime": regime}})
    made = await scene.record_ground(article=article)
    assert (made.status_code, made.json().get("code")) == ((422, code) if code else (201, None))


@pytest.mark.parametrize(
    ("sector", "classes", "code"),
    [
        ("community", ["exploitation"], "referral.ground-beyond-table"),
        ("community", ["aggregates"], "referral.ground-opens-nothing"),
        ("law-enforcement", ["immigration"], "referral.ground-never-opens"),
        ("government", ["identity"], "referral.ground-beyond-table"),
        ("youth-protection", ["identity"], "consent.adult-to-youth-protection"),
    ],
)
async def test_a_ground_that_opens_nothing_to_its_recipient_is_not_recorded(scene_of, sector, classes, code):
    scene = await scene_of(sector)
    made = await scene.record_ground(classes)
    assert (made.status_code, made.json()["code"]) == (422, code)
    assert await scene.world.db["grounds"].count_documents({}) == 0


async def test_only_a_member_receives_and_only_a_colleague_decides(scene):
    for nobody in ("0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60", scene.sender.id):
        made = await scene.record_ground(recipient_organization_id=nobody)
        assert made.json()["code"] == "referral.recipient-unavailable"
    elsewhere = await scene.record_ground(decided_by_user_id=scene.intake.id)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "referral.ground-decided-elsewhere")
    colleague = await scene.world.worker(scene.sender, "coordinator")
    assert (await scene.record_ground(decided_by_user_id=colleague.id)).json()["decided_by_user_id"] == colleague.id


async def test_the_same_ground_sent_again_under_its_key_is_recorded_once(scene):
    body = {
        "article": "court-order",
        "recipient_organization_id": scene.receiver.id,
        "classes": ["identity"],
        "facts": FACTS,
    }
    answers = [await scene.caseworker.post(f"/persons/{scene.person}/grounds", body, key=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert await scene.world.db["grounds"].count_documents({}) == 1


async def test_nobody_else_finds_a_ground(scene):
    ground = await scene.ground()
    stranger = await scene.world.worker(await scene.world.member(), "coordinator")
    for someone in (scene.intake, stranger):
        for answer in (
            await someone.get(f"/grounds/{ground}"),
            await someone.post(f"/grounds/{ground}/close"),
            await someone.get(f"/persons/{scene.person}/grounds"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "referral.not-found")
    assert (await scene.world.stored("grounds", ground))["closed_at"] is None


async def test_a_referral_under_a_ground_goes_to_its_end_without_any_consent(scene_of):
    scene = await scene_of(places=1)
    referral, _ = await scene.requested_on_ground()
    before = (await scene.intake.get(f"/referrals/{referral}")).json()
    # L is a recorded ground, before acceptance as after it.
    assert before["disclosed"]["identity"]["preferred_name"] == "Lina"
    assert before["disclosed"]["current_location"]["place"] == "12 rue Inventée"
    assert set(before["disclosed"]) == {"identity", "current_location"}
    assert before["need"]["needs"] == ["shelter-tonight"]
    for move, body in (("accept", {}), ("start", None), ("hold", None), ("resume", None)):
        assert (await scene.intake.post(f"/referrals/{referral}/{move}", body)).status_code == 200, move
    done = await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}})
    assert (done.status_code, done.json()["state"]) == (200, "completed")
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["disclosed"] == {}
    # What the sender learns without consent is what it learns by default: that it was received.
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["state"] == "accepted"
    assert "withdrawn" not in await scene.world.subjects(referral)


async def test_the_end_of_a_consent_never_ends_what_a_ground_carries(scene):
    consent = await scene.consented()
    referral, _ = await scene.requested_on_ground()
    assert (await scene.caseworker.post(f"/consents/{consent}/withdraw")).status_code == 200
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert (seen["state"], set(seen["disclosed"])) == ("requested", {"identity", "current_location"})
    assert (await scene.intake.post(f"/referrals/{referral}/accept", {})).status_code == 200


async def test_closing_a_ground_darkens_at_once_and_ends_what_was_not_accepted(scene):
    referral, ground = await scene.requested_on_ground()
    for _ in range(2):
        closed = await scene.caseworker.post(f"/grounds/{ground}/close")
        assert (closed.status_code, closed.json()["closed_at"] is not None) == (200, True)
    seen = await scene.intake.get(f"/referrals/{referral}")
    assert (seen.json()["state"], seen.json()["disclosed"], seen.json()["need"]) == ("cancelled", {}, None)
    assert not [secret for secret in SECRETS if secret in seen.text]
    assert await scene.world.subjects(referral) == ["drafted", "requested", "withdrawn", "closed"]
    refused = await scene.intake.post(f"/referrals/{referral}/accept", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.closed")


async def test_closing_a_ground_after_acceptance_darkens_and_the_service_goes_on(scene):
    referral, ground = await scene.requested_on_ground()
    await scene.intake.post(f"/referrals/{referral}/accept", {})
    await scene.caseworker.post(f"/grounds/{ground}/close")
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert (seen["state"], seen["sharing"], seen["disclosed"]) == ("accepted", "ended", {})
    assert {each["reason"] for each in seen["withheld"]} == {"sharing-ended"}
    assert (await scene.intake.post(f"/referrals/{referral}/start")).status_code == 200
    done = await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}})
    assert done.status_code == 200


async def test_a_court_order_names_the_cells_that_the_table_closes_but_never_opens_none(scene_of):
    scene = await scene_of("law-enforcement", "police-complaint")
    ground = await scene.ground(["identity", "exploitation", "health"], article="court-order")
    referral = await scene.drafted(
        classes=["identity", "exploitation"], purpose="complaint", needs=["police-complaint"]
    )
    sent = await scene.caseworker.post(f"/referrals/{referral}/request-on-ground", {"ground_id": ground})
    assert sent.status_code == 200, sent.text
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert seen["disclosed"]["exploitation"]["facts"] == "usine de l'est"
    assert "health" not in seen["disclosed"]
    assert "immigration" not in str(seen)


@pytest.mark.parametrize(
    ("ground", "referral", "code"),
    [
        ({"classes": ["identity"]}, {"classes": ["identity", "safety"]}, "referral.ground-too-narrow"),
        ({"closed": True}, {}, "referral.ground-not-open"),
        ({"other_recipient": True}, {}, "referral.ground-not-open"),
    ],
)
async def test_a_ground_carries_only_what_it_was_recorded_for(scene, ground, referral, code):
    fields = {}
    if ground.get("other_recipient"):
        fields = {"recipient_organization_id": (await scene.world.member()).id}
    recorded = await scene.ground(ground.get("classes", ["identity"]), **fields)
    if ground.get("closed"):
        await scene.caseworker.post(f"/grounds/{recorded}/close")
    drafted = await scene.drafted(classes=referral.get("classes", ["identity"]))
    refused = await scene.caseworker.post(f"/referrals/{drafted}/request-on-ground", {"ground_id": recorded})
    assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert (await scene.world.stored("referrals", drafted))["state"] == "draft"


async def test_a_request_under_a_ground_keeps_every_other_guard(scene_of):
    scene = await scene_of("community", "mental-health")
    ground = await scene.ground(["identity"])
    drafted = await scene.drafted(classes=["identity"], needs=["mental-health"])
    refused = await scene.caseworker.post(f"/referrals/{drafted}/request-on-ground", {"ground_id": ground})
    assert refused.json()["code"] == "referral.need-not-covered"
    unaccredited = await scene.world.member(accredited=False)
    worker = await scene.world.worker(unaccredited)
    person = (await worker.post("/persons", {"identity": {"age_band": "adult"}})).json()["id"]
    body = {
        "article": "court-order",
        "recipient_organization_id": scene.receiver.id,
        "classes": ["identity"],
        "facts": FACTS,
    }
    own = (await worker.post(f"/persons/{person}/grounds", body)).json()["id"]
    draft = {"person_id": person, "service_id": scene.service, "purpose": "support", "classes": ["identity"]}
    other = (await worker.post("/referrals", draft | {"need": NEED})).json()["id"]
    refused = await worker.post(f"/referrals/{other}/request-on-ground", {"ground_id": own})
    assert (refused.status_code, refused.json()["code"]) == (403, "referral.sender-not-accredited")
    foreign = await scene.caseworker.post(f"/referrals/{drafted}/request-on-ground", {"ground_id": own})
    assert foreign.json()["code"] == "referral.ground-not-open"


@pytest.mark.parametrize("_", range(5))
async def test_accepting_and_closing_at_the_same_instant_never_leaves_data_flowing(scene, _):
    referral, ground = await scene.requested_on_ground()
    accepted, closed = await asyncio.gather(
        scene.intake.post(f"/referrals/{referral}/accept", {}),
        scene.caseworker.post(f"/grounds/{ground}/close"),
    )
    assert closed.status_code == 200
    assert accepted.status_code in {200, 409}
    stored = await scene.world.stored("referrals", referral)
    assert (stored["state"], stored["sharing"]) in {("withdrawn", "live"), ("accepted", "ended")}
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["disclosed"] == {}


@pytest.mark.parametrize("_", range(5))
async def test_sending_and_closing_at_the_same_instant_never_leaves_a_request_open(scene, _):
    ground = await scene.ground()
    referral = await scene.drafted(classes=["identity", "current-location"])
    sent, closed = await asyncio.gather(
        scene.caseworker.post(f"/referrals/{referral}/request-on-ground", {"ground_id": ground}),
        scene.caseworker.post(f"/grounds/{ground}/close"),
    )
    assert closed.status_code == 200
    assert sent.status_code in {200, 409}
    assert (await scene.world.stored("referrals", referral))["state"] in {"draft", "withdrawn"}


async def test_a_ground_that_carries_a_childs_referral_shuts_when_the_record_says_adult(scene_of):
    scene = await scene_of("youth-protection", "child-protection", record={"identity": {"age_band": "14-17"}})
    ground = await scene.ground(["identity", "household"], article="p-34.1-35.4")
    options = {"purpose": "protection", "needs": ["child-protection"]}
    referral = await scene.drafted(classes=["identity", "household"], **options)
    sent = await scene.caseworker.post(f"/referrals/{referral}/request-on-ground", {"ground_id": ground})
    assert sent.status_code == 200, sent.text
    assert "identity" in (await scene.intake.get(f"/referrals/{referral}")).json()["disclosed"]
    await scene.caseworker.patch(f"/persons/{scene.person}", {"identity": {"age_band": "adult"}})
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["disclosed"] == {}
    late = await scene.drafted(classes=["identity"], purpose="protection", needs=["child-protection"])
    refused = await scene.caseworker.post(f"/referrals/{late}/request-on-ground", {"ground_id": ground})
    assert refused.json()["code"] == "consent.adult-to-youth-protection"


async def _carried(scene, *classes: str) -> tuple[str, str]:
    referral, ground = await scene.requested_on_ground(list(classes))
    assert (await scene.intake.post(f"/referrals/{referral}/accept", {})).status_code == 200
    return referral, ground


def _attempt(at: datetime, **codes) -> dict:
    return {"at": at.isoformat(), "channel": "phone", "result": "no-answer", "within_hours": True} | codes


@pytest.mark.parametrize(("opened", "status"), [("safe-contact", 200), ("current-location", 409)])
async def test_an_attempt_is_judged_by_the_safe_contact_where_the_ground_opens_it(scene, clock, opened, status):
    referral, ground = await _carried(scene, "identity", opened)
    clock.advance(timedelta(minutes=10))
    for _ in range(3):
        tried = await scene.intake.post(f"/referrals/{referral}/log-attempt", _attempt(clock()))
        assert tried.status_code == status
        clock.advance(timedelta(minutes=1))
    log = (await scene.intake.get(f"/referrals/{referral}/contact-attempts")).json()
    assert (len(log["items"]), log["safe_attempts"]) == ((3, 3) if status == 200 else (0, 0))
    await scene.caseworker.post(f"/grounds/{ground}/close")
    refused = await scene.intake.post(f"/referrals/{referral}/log-attempt", _attempt(clock()))
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.contact-outside-safe")
    assert (await scene.intake.get(f"/referrals/{referral}/contact-attempts")).json()["items"] == []


@pytest.mark.parametrize(("opened", "told"), [("current-location", True), ("safe-contact", False)])
@pytest.mark.parametrize("when", ["at-once", "after"])
async def test_a_handover_where_the_person_is_needs_a_ground_that_opens_it(scene, clock, opened, told, when):
    at = (clock() + timedelta(hours=2)).isoformat()
    referral, _ = await scene.requested_on_ground(["identity", opened])
    handover = {"at": at, "way": "taxi", "escort": "senders-worker", "place": "where-the-person-is"}
    if when == "at-once":
        answered = await scene.intake.post(f"/referrals/{referral}/accept", {"handover": handover})
    else:
        assert (await scene.intake.post(f"/referrals/{referral}/accept", {})).status_code == 200
        answered = await scene.intake.post(f"/referrals/{referral}/arrange-handover", handover)
    if told:
        assert answered.status_code == 200
        seen = (await scene.intake.get(f"/referrals/{referral}")).json()
        assert seen["handover"]["place"] == "where-the-person-is"
    else:
        assert answered.json()["code"] == "referral.handover-place-withheld"


async def test_a_referral_on_a_ground_waits_on_the_list_and_is_accepted_from_it(scene, clock):
    referral, _ = await scene.requested_on_ground()
    stored = await scene.world.stored("referrals", referral)
    assert None not in {stored["remind_at"], stored["expires_at"], stored["answer_from"]}
    assert (await scene.intake.post(f"/referrals/{referral}/waitlist")).json()["state"] == "waitlisted"
    clock.advance(timedelta(hours=12))
    assert await scene.world.due() == 1
    assert (await scene.intake.post(f"/referrals/{referral}/keep-waiting")).status_code == 200
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["disclosed"]["identity"]
    taken = await scene.intake.post(f"/referrals/{referral}/accept", {})
    assert (taken.status_code, taken.json()["state"]) == (200, "accepted")


async def test_a_ground_closed_while_waiting_ends_it(scene):
    referral, ground = await scene.requested_on_ground()
    await scene.intake.post(f"/referrals/{referral}/waitlist")
    assert (await scene.caseworker.post(f"/grounds/{ground}/close")).status_code == 200
    assert (await scene.world.stored("referrals", referral))["state"] == "withdrawn"
    refused = await scene.intake.post(f"/referrals/{referral}/accept", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.closed")


async def test_it_is_completed_with_an_outcome_for_what_the_ground_shows(scene):
    referral, _ = await _carried(scene, "identity", "current-location")
    await scene.intake.post(f"/referrals/{referral}/start")
    short = await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"health-care": "met"}})
    assert short.json()["code"] == "referral.outcome-incomplete"
    done = await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}})
    assert (done.status_code, done.json()["state"]) == (200, "completed")
