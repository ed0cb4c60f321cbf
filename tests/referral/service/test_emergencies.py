"""Serious danger: one worker acts at once, a member reads the minimum, others review it or are recalled until then."""

import asyncio
import json
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from kit.testing import tokens
from services.referral.commands.emergency_review import recall_review
from tests.referral.world import FACTS, SECRETS, Scene, Worker

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
MINIMUM = {"identity", "safe_contact", "current_location", "safety"}
APPROVE = {"verdict": "approve"}
END = {"verdict": "end", "reason": "more-than-needed"}


async def told(scene: Scene, emergency: str) -> dict[str, list[dict]]:
    """The messages of an emergency, by fact."""
    found: dict[str, list[dict]] = {}
    for row in await scene.world.outbox(f"emergency:{emergency}"):
        fact = row["subject"].removeprefix("referral.emergency-").removesuffix(".v1")
        found.setdefault(fact, []).append(json.loads(row["data"]))
    return found


async def staffed(scene: Scene, member=None) -> tuple[Worker, Worker]:
    """A coordinator and a privacy officer."""
    member = member or scene.sender
    return await scene.world.worker(member, "coordinator"), await scene.world.worker(member, "privacy-officer")


async def coordination_of(scene: Scene) -> Worker:
    return await scene.world.worker(await scene.world.member("coalition", accredited=False), "coordination")


async def test_one_worker_tells_a_members_intake_the_minimum_and_nobody_is_awaited(scene):
    coordinator, officer = await staffed(scene)
    made = await scene.tell_at_once()
    assert made.status_code == 201
    emergency = made.json()["id"]
    seen = await scene.intake.get(f"/emergencies/{emergency}/disclosed")
    assert seen.status_code == 200
    assert (seen.json()["open"], set(seen.json()["disclosed"])) == (True, MINIMUM)
    assert seen.json()["disclosed"]["current_location"]["place"] == "12 rue Inventée"
    assert not [word for word in ("asthme", "usine", "manteau", "Inuit", "MTL-1", FACTS) if word in seen.text]
    listed = (await scene.intake.get("/received-emergencies")).json()["items"]
    assert [(each["id"], each["open"]) for each in listed] == [(emergency, True)]

    messages = await told(scene, emergency)
    [alarm], [disclosed] = messages["recorded"], messages["disclosed"]
    assert set(alarm["notify"]) == {coordinator.id, officer.id}
    assert (disclosed["told_organization_id"], disclosed["notify"]) == (scene.receiver.id, [scene.intake.id])
    reads = [row for row in await scene.world.acts(scene.receiver.id) if row["action"] == "emergency.read-disclosed"]
    assert set(reads[0]["classes"]) == {"identity", "safe-contact", "current-location", "safety"}
    acts = [row for row in await scene.world.acts(scene.sender.id) if row["action"] == "emergency.disclose"]
    assert [(row["role"], row["detail"]) for row in acts] == [("emergency", "p-39.1-18-7")]


async def test_what_is_told_can_be_less_and_never_more(scene):
    emergency = await scene.emergency(classes=["current-location"])
    seen = (await scene.intake.get(f"/emergencies/{emergency}/disclosed")).json()
    assert set(seen["disclosed"]) == {"current_location"}
    more = await scene.tell_at_once(classes=["identity", "health"])
    assert (more.status_code, more.json()["code"]) == (422, "emergency.beyond-minimum")


@pytest.mark.parametrize(
    ("sector", "fields", "status", "code"),
    [
        ("community", {"article": "court-order"}, 422, "emergency.article-unfit"),
        ("community", {"article": "a-2.1-59.1"}, 422, "referral.ground-not-in-regime"),
        ("youth-protection", {}, 422, "consent.adult-to-youth-protection"),
        ("government", {}, 422, "referral.ground-beyond-table"),
        ("law-enforcement", {}, 201, None),
        ("community", {"recipient_organization_id": "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60"}, 409, "referral.recip"),
    ],
)
async def test_even_in_danger_the_law_and_the_table_hold(scene_of, sector, fields, status, code):
    scene = await scene_of(sector)
    made = await scene.tell_at_once(**fields)
    assert made.status_code == status
    assert made.json().get("code", "").startswith(code or "")
    assert await scene.world.db["emergencies"].count_documents({}) == (1 if code is None else 0)


async def test_nothing_is_told_to_an_empty_house_or_by_a_suspended_one_or_by_software(scene):
    empty = await scene.world.member()
    refused = await scene.tell_at_once(recipient_organization_id=empty.id)
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.recipient-unavailable")
    app = scene.world.signed_in(scene.sender, "app", "caseworker")
    app.headers = tokens.as_app(
        scopes={"person:write", "referral:read"}, organization=scene.sender.id, alias="sender", sector="community"
    )
    body = {"recipient_organization_id": scene.receiver.id, "article": "p-39.1-18-7", "facts": FACTS}
    refused = await app.post(f"/persons/{scene.person}/emergencies", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "emergency.person-decides")
    await scene.world.db["standings"].update_one({"_id": scene.sender.id}, {"$set": {"freedom.off": 99}})
    refused = await scene.tell_at_once()
    assert (refused.status_code, refused.json()["code"]) == (403, "referral.sender-not-accredited")
    assert await scene.world.db["emergencies"].count_documents({}) == 0


async def test_the_same_emergency_sent_again_under_its_key_is_told_once(scene):
    body = {"recipient_organization_id": scene.receiver.id, "article": "p-39.1-18-7", "facts": FACTS}
    path = f"/persons/{scene.person}/emergencies"
    answers = [await scene.caseworker.post(path, body, key=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len((await told(scene, answers[0].json()["id"]))["disclosed"]) == 1


async def test_nobody_but_the_intake_and_coordinator_told_reads_it(scene):
    emergency = await scene.emergency()
    colleague = await scene.world.worker(scene.receiver, "caseworker")
    stranger = await scene.world.worker(await scene.world.member(), "coordinator")
    for someone in (colleague, stranger, scene.caseworker):
        refused = await someone.get(f"/emergencies/{emergency}/disclosed")
        assert (refused.status_code, refused.json()["code"]) == (404, "referral.not-found")
    assert (await colleague.get("/received-emergencies")).status_code == 404
    for path in ("", "/end"):
        call = stranger.post if path else stranger.get
        assert (await call(f"/emergencies/{emergency}{path}")).status_code == 404
    assert (await stranger.post(f"/emergencies/{emergency}/review", APPROVE)).status_code == 404
    assert (await scene.intake.post(f"/emergencies/{emergency}/end")).status_code == 404
    coordinator = await scene.world.worker(scene.receiver, "coordinator")
    assert (await coordinator.get(f"/emergencies/{emergency}/disclosed")).status_code == 200
    assert (await scene.world.stored("emergencies", emergency))["ended_at"] is None


async def test_after_three_days_it_is_dark_by_the_clock(scene, clock):
    emergency = await scene.emergency()
    clock.advance(timedelta(hours=72))
    seen = await scene.intake.get(f"/emergencies/{emergency}/disclosed")
    assert (seen.json()["open"], seen.json()["disclosed"]) == (False, {})
    assert {each["reason"] for each in seen.json()["withheld"]} == {"sharing-ended"}
    assert not [secret for secret in SECRETS if secret in seen.text]


async def test_the_organisation_that_told_ends_it_at_once_and_the_review_goes_on(scene):
    coordinator, officer = await staffed(scene)
    emergency = await scene.emergency()
    for _ in range(2):
        ended = await coordinator.post(f"/emergencies/{emergency}/end")
        assert (ended.status_code, ended.json()["reviewed_at"]) == (200, None)
    assert (await scene.intake.get(f"/emergencies/{emergency}/disclosed")).json()["disclosed"] == {}
    messages = (await told(scene, emergency))["ended"]
    assert [(each["told_organization_id"], each["notify"]) for each in messages] == [
        (scene.sender.id, [scene.caseworker.id]),
        (scene.receiver.id, [scene.intake.id]),
    ]
    assert (await officer.post(f"/emergencies/{emergency}/review", APPROVE)).json()["reviewed_at"]


async def test_a_coordinator_and_the_privacy_officer_review_and_whoever_acted_is_told(scene):
    coordinator, officer = await staffed(scene)
    emergency = await scene.emergency()
    read = (await officer.get(f"/emergencies/{emergency}")).json()
    assert (read["content"]["facts"], read["content"]["acted_by_user_id"]) == (FACTS, scene.caseworker.id)
    assert (await scene.caseworker.get(f"/emergencies/{emergency}")).json()["content"]["facts"] == FACTS
    first = await coordinator.post(f"/emergencies/{emergency}/review", APPROVE)
    assert (first.status_code, first.json()["reviewed_at"], first.json()["reviews_count"]) == (200, None, 1)
    awaiting = (await officer.get("/emergencies", awaiting=True)).json()["items"]
    assert [each["id"] for each in awaiting] == [emergency]
    assert awaiting[0]["content"]["facts"] is None
    second = await officer.post(f"/emergencies/{emergency}/review", APPROVE)
    assert second.json()["reviewed_at"] is not None
    assert [each["seat"] for each in second.json()["content"]["reviews"]] == ["coordinator", "privacy-officer"]
    assert (await officer.get("/emergencies", awaiting=True)).json()["items"] == []
    assert len((await officer.get("/emergencies", awaiting=False)).json()["items"]) == 1
    assert (await told(scene, emergency))["reviewed"][0]["notify"] == [scene.caseworker.id]
    assert await scene.world.db["timers"].count_documents({"kind": "emergency-review"}) == 0
    again = await officer.post(f"/emergencies/{emergency}/review", END)
    assert (again.status_code, again.json()["code"]) == (409, "emergency.review-done")
    assert (await scene.intake.get(f"/emergencies/{emergency}/disclosed")).json()["open"] is True


async def test_a_reviewer_ends_it_with_a_coded_reason_and_it_is_dark_at_once(scene):
    _, officer = await staffed(scene)
    emergency = await scene.emergency()
    bare = await officer.post(f"/emergencies/{emergency}/review", {"verdict": "end"})
    assert (bare.status_code, bare.json()["code"]) == (422, "emergency.reason-misplaced")
    ended = await officer.post(f"/emergencies/{emergency}/review", END)
    assert (ended.status_code, ended.json()["ended_at"] is not None) == (200, True)
    seen = await scene.intake.get(f"/emergencies/{emergency}/disclosed")
    assert (seen.json()["open"], seen.json()["disclosed"]) == (False, {})
    assert not [secret for secret in SECRETS if secret in seen.text]
    assert {each["told_organization_id"] for each in (await told(scene, emergency))["ended"]} == {
        scene.sender.id,
        scene.receiver.id,
    }


async def test_whoever_acted_never_reviews_whatever_their_roles(scene):
    both = await scene.world.worker(scene.sender, "coordinator", "privacy-officer")
    body = {"recipient_organization_id": scene.receiver.id, "article": "p-39.1-18-7", "facts": FACTS}
    emergency = (await both.post(f"/persons/{scene.person}/emergencies", body)).json()["id"]
    own = await both.post(f"/emergencies/{emergency}/review", APPROVE)
    assert (own.status_code, own.json()["code"]) == (403, "emergency.own-act")
    worker = await scene.caseworker.post(f"/emergencies/{emergency}/review", APPROVE)
    assert worker.json()["code"] == "auth.missing-scope"


async def test_where_nobody_else_could_review_the_coordination_does_without_content(scene):
    coordination = await coordination_of(scene)
    emergency = await scene.emergency()
    [alarm] = (await told(scene, emergency))["recorded"]
    assert (alarm["told_organization_id"], alarm["notify"]) == (coordination.organization, [coordination.id])
    read = await coordination.get(f"/emergencies/{emergency}")
    assert read.json()["content"] is None
    assert (read.json()["article"], read.json()["classes_count"]) == ("p-39.1-18-7", 4)
    for word in (scene.person, scene.receiver.id, scene.caseworker.id, FACTS, "disclosure", *SECRETS):
        assert word not in read.text
    listed = (await coordination.get("/emergencies")).json()["items"]
    assert [(each["id"], each["content"]) for each in listed] == [(emergency, None)]
    # No key is opened for it: once the person is erased it reads as before, where whoever acted reads no more.
    await scene.world.desk.keys.destroy([scene.person])
    assert (await coordination.get(f"/emergencies/{emergency}")).status_code == 200
    erased = await scene.caseworker.get(f"/emergencies/{emergency}")
    assert (erased.status_code, erased.json()["code"]) == (410, "person.erased")
    assert (await coordination.get(f"/emergencies/{emergency}/disclosed")).json()["code"] == "auth.missing-scope"
    done = await coordination.post(f"/emergencies/{emergency}/review", APPROVE)
    assert (done.status_code, done.json()["content"], done.json()["reviewed_at"] is not None) == (200, None, True)


async def test_the_coordination_sees_nothing_while_the_organisation_can_review_it_itself(scene):
    coordination = await coordination_of(scene)
    await staffed(scene)
    emergency = await scene.emergency()
    assert (await coordination.get("/emergencies")).json()["items"] == []
    assert (await coordination.get(f"/emergencies/{emergency}")).status_code == 404
    assert (await coordination.post(f"/emergencies/{emergency}/review", APPROVE)).status_code == 404


async def test_unreviewed_it_is_recalled_to_the_officers_then_the_coordination_until_it_is_reviewed(scene, clock):
    coordinator, officer = await staffed(scene)
    coordination = await coordination_of(scene)
    emergency = await scene.emergency()
    clock.advance(timedelta(hours=23))
    assert await scene.world.due() == 0
    await recall_review(scene.world.desk, emergency)
    assert "escalated" not in await told(scene, emergency)
    clock.advance(timedelta(hours=1))
    assert await scene.world.due() == 1
    [first] = (await told(scene, emergency))["escalated"]
    assert (first["told_organization_id"], first["notify"]) == (scene.sender.id, [officer.id])
    for count in (3, 5):
        clock.advance(timedelta(hours=12))
        assert await scene.world.due() == 1
        escalated = (await told(scene, emergency))["escalated"]
        assert len(escalated) == count
        assert escalated[-1]["notify"] == [coordination.id]
    assert (await coordination.get(f"/emergencies/{emergency}")).json()["recalls"] == 3
    await coordinator.post(f"/emergencies/{emergency}/review", APPROVE)
    clock.advance(timedelta(hours=12))
    assert await scene.world.due() == 1, "a coordinator's word leaves the privacy officer's awaited"
    await officer.post(f"/emergencies/{emergency}/review", APPROVE)
    clock.advance(timedelta(days=30))
    await scene.world.due()
    await recall_review(scene.world.desk, emergency)
    assert len((await told(scene, emergency))["escalated"]) == 7
    acts = [row["by"] for row in await scene.world.acts(scene.sender.id) if row["action"] == "emergency.escalate"]
    assert set(acts) == {"timer:emergency-review"}


async def test_two_reviewers_at_once_leave_one_review_that_stands(scene):
    officers = [await scene.world.worker(scene.sender, "privacy-officer") for _ in range(2)]
    emergency = await scene.emergency()
    answers = await asyncio.gather(
        officers[0].post(f"/emergencies/{emergency}/review", APPROVE),
        officers[1].post(f"/emergencies/{emergency}/review", END),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    stored = await scene.world.stored("emergencies", emergency)
    assert len(stored["reviews"]) == 1
    assert (stored["ended_at"] is not None) is (stored["reviews"][0]["verdict"] == "end")


OUTSIDE = {
    "article": "p-39.1-18-7",
    "told": "emergency-services",
    "channel": "phone",
    "classes": ["current-location", "health"],
    "facts": FACTS,
}


async def test_a_911_call_is_recorded_transmits_nothing_and_is_reviewed_alike(scene, clock):
    coordinator, officer = await staffed(scene)
    at = clock() - timedelta(minutes=20)
    path = f"/persons/{scene.person}/outside-disclosures"
    answers = [await scene.caseworker.post(path, OUTSIDE | {"at": at.isoformat()}, key=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    recorded = answers[0].json()
    assert (recorded["kind"], recorded["told"], recorded["channel"], recorded["until"]) == (
        *("outside", "emergency-services", "phone"),
        None,
    )
    messages = await told(scene, recorded["id"])
    assert (list(messages), set(messages["recorded"][0]["notify"])) == (["recorded"], {coordinator.id, officer.id})
    stored = await scene.world.stored("emergencies", recorded["id"])
    assert FACTS not in str(stored)
    listed = (await scene.caseworker.get(f"/persons/{scene.person}/emergencies")).json()["items"]
    assert [each["id"] for each in listed] == [recorded["id"]]
    assert (await scene.caseworker.post(f"/emergencies/{recorded['id']}/end")).status_code == 404
    assert (await officer.post(f"/emergencies/{recorded['id']}/review", APPROVE)).json()["reviewed_at"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"at": "2999-01-01T00:00:00Z"}, "emergency.not-yet-done"),
        ({"article": "r-22.1-74"}, "referral.ground-not-in-regime"),
        ({"told": "son frère"}, "request.invalid"),
        ({"classes": ["aggregates"]}, "referral.ground-opens-nothing"),
    ],
)
async def test_what_was_told_outside_is_recorded_in_codes_and_after_the_fact(scene, clock, changes, code):
    body = OUTSIDE | {"at": clock().isoformat()} | changes
    refused = await scene.caseworker.post(f"/persons/{scene.person}/outside-disclosures", body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    unknown = await scene.world.db["referral-directory-a"].update_one(
        {"_id": f"organization:{scene.sender.id}"}, {"$unset": {"regime": ""}}
    )
    assert unknown.modified_count == 1
    lawless = await scene.caseworker.post(
        f"/persons/{scene.person}/outside-disclosures", OUTSIDE | {"at": clock().isoformat()}
    )
    assert lawless.json()["code"] == "referral.ground-not-in-regime"


async def test_nothing_of_an_emergency_is_in_a_message_a_log_or_the_audit(scene, clock, caplog):
    _, officer = await staffed(scene)
    await coordination_of(scene)
    with capture_logs() as logs:
        emergency = await scene.emergency()
        await scene.intake.get(f"/emergencies/{emergency}/disclosed")
        await officer.get(f"/emergencies/{emergency}")
        clock.advance(timedelta(hours=36))
        await scene.world.due()
        await officer.post(f"/emergencies/{emergency}/review", END)
        await scene.intake.get(f"/emergencies/{emergency}/disclosed")
    rows = await scene.world.outbox(f"emergency:{emergency}")
    assert len(rows) >= 5
    fields = {name for row in rows for name in json.loads(row["data"])}
    assert fields == {"emergency_id", "organization_id", "told_organization_id", "notify"}
    text = str(rows) + str(logs) + caplog.text + str(await scene.world.db["audit"].find().to_list())
    secrets = (*SECRETS, FACTS, scene.person, "more-than-needed")
    assert not [secret for secret in secrets if secret in text]
    assert FACTS not in str(await scene.world.stored("emergencies", emergency))
