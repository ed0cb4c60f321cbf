"""A person's secret list without consent: grounds, emergencies, readings in danger, reports, the register."""

import asyncio
import json
from datetime import timedelta

import pytest

from services.referral.commands.emergency_review import recall_review
from tests.referral.world import FACTS, SECRETS

SOMEONE = "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60"
DANGER = {"reason": "person-in-danger"}
APPROVE = {"verdict": "approve"}
OUTSIDE = {
    "article": "p-39.1-18-7",
    "told": "emergency-services",
    "channel": "phone",
    "classes": ["identity"],
    "facts": FACTS,
    "at": "2026-01-01T00:00:00Z",
}
REPORT = {"at": "2026-01-01T00:00:00Z", "channel": "phone", "receipt": "Dossier 1"}


async def exclude(scene, *, organizations=(), accounts=(), worker=None, path=""):
    body = {"organization_ids": list(organizations), "user_ids": list(accounts)}
    answer = await (worker or scene.caseworker).post(f"/persons/{scene.person}/exclusions{path}", body)
    assert answer.status_code == 200, answer.text


async def told(scene, emergency: str) -> list[tuple[str, str, list[str]]]:
    """The messages of an emergency: the fact, in which organisation, and to whom."""
    rows = await scene.world.outbox(f"emergency:{emergency}")
    data = [
        (row["subject"].removeprefix("referral.emergency-").removesuffix(".v1"), json.loads(row["data"]))
        for row in rows
    ]
    return [(fact, each["told_organization_id"], sorted(each["notify"])) for fact, each in data]


def refusal(answer) -> tuple[int, dict]:
    return answer.status_code, {name: value for name, value in answer.json().items() if name != "request_id"}


async def test_an_excluded_organisation_is_as_unavailable_as_one_that_does_not_exist(scene):
    draft = await scene.drafted(classes=["identity", "current-location"])
    for ask in (scene.record_ground, scene.tell_at_once):
        nowhere = refusal(await ask(recipient_organization_id=SOMEONE))
        assert (nowhere[0], nowhere[1]["code"]) == (409, "referral.recipient-unavailable")
        await exclude(scene, organizations=[scene.receiver.id])
        assert refusal(await ask()) == nowhere
        await exclude(scene, organizations=[scene.receiver.id], path="/lift")
    ground = await scene.ground()
    sent = await scene.caseworker.post(f"/referrals/{draft}/request-on-ground", {"ground_id": ground})
    assert (sent.status_code, sent.json()["code"]) == (409, "referral.closed")
    assert await scene.world.db["emergencies"].count_documents({}) == 0
    assert await scene.world.db["grounds"].count_documents({}) == 1


async def test_nobody_excluded_decides_on_a_ground_and_the_officer_excluded_is_not_told(scene):
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    coordinator = await scene.world.worker(scene.sender, "coordinator")
    await exclude(scene, accounts=[officer.id])
    decided = await scene.record_ground(decided_by_user_id=officer.id)
    assert (decided.status_code, decided.json()["code"]) == (422, "referral.ground-decided-elsewhere")
    [row] = await scene.world.outbox(f"ground:{await scene.ground()}")
    assert json.loads(row["data"])["notify"] == [coordinator.id]
    other = await scene.world.worker(scene.sender, "privacy-officer")
    [row] = await scene.world.outbox(f"ground:{await scene.ground(['identity'])}")
    assert json.loads(row["data"])["notify"] == [other.id]


async def test_an_organisation_added_loses_the_ground_and_what_it_carried_at_once(scene_of):
    scene = await scene_of(places=1)
    referral, ground = await scene.requested_on_ground()
    assert (await scene.intake.post(f"/referrals/{referral}/accept", {})).status_code == 200
    other = await scene.world.member()
    await scene.world.worker(other, "intake")
    kept = await scene.ground(recipient_organization_id=other.id)
    await exclude(scene, organizations=[scene.receiver.id])
    assert (await scene.world.stored("grounds", ground))["closed_at"] is not None
    assert (await scene.world.stored("grounds", kept))["closed_at"] is None
    stored = await scene.world.stored("referrals", referral)
    assert (stored["state"], len(stored["hidden_from"])) == ("cancelled", 1)
    assert (await scene.world.stored("places", scene.service))["held"] == {}
    assert (await scene.intake.get(f"/referrals/{referral}")).status_code == 404
    rows = [row["action"] for row in await scene.world.acts(scene.sender.id)]
    assert rows.count("ground.close") == 1
    await exclude(scene, organizations=[scene.receiver.id], path="/lift")
    assert (await scene.world.stored("grounds", ground))["closed_at"] is not None
    assert not [secret for secret in SECRETS if secret in (await scene.intake.get(f"/referrals/{referral}")).text]


async def test_closing_a_ground_keeps_hidden_what_it_carried(scene):
    referral, ground = await scene.requested_on_ground()
    colleague = await scene.world.worker(scene.receiver, "intake")
    await exclude(scene, accounts=[colleague.id])
    refused = await colleague.post(f"/referrals/{referral}/accept", {})
    assert (refused.status_code, refused.json()["code"]) == (404, "referral.not-found")
    assert (await scene.intake.post(f"/referrals/{referral}/accept", {})).status_code == 200
    assert (await scene.caseworker.post(f"/grounds/{ground}/close")).status_code == 200
    stored = await scene.world.stored("referrals", referral)
    assert (stored["sharing"], len(stored["hidden_from"])) == ("ended", 1)
    assert (await colleague.get(f"/referrals/{referral}")).status_code == 404


async def test_an_organisation_added_loses_the_emergency_at_once_and_is_told_nothing(scene):
    coordinator = await scene.world.worker(scene.sender, "coordinator")
    emergency = await scene.emergency()
    assert (await scene.intake.get(f"/emergencies/{emergency}/disclosed")).status_code == 200
    await exclude(scene, organizations=[scene.receiver.id], worker=coordinator)
    assert (await scene.world.stored("emergencies", emergency))["ended_at"] is not None
    assert (await scene.intake.get(f"/emergencies/{emergency}/disclosed")).status_code == 404
    assert (await scene.intake.get("/received-emergencies")).json()["items"] == []
    ended = [row for row in await told(scene, emergency) if row[0] == "ended"]
    assert ended == [("ended", scene.sender.id, [scene.caseworker.id])]
    rows = [row["action"] for row in await scene.world.acts(scene.sender.id)]
    assert rows.count("emergency.end") == 1
    # The review of what was done goes on.
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    assert (await officer.post(f"/emergencies/{emergency}/review", APPROVE)).json()["reviewed_at"]


async def test_an_account_of_the_organisation_told_is_skipped_and_the_others_go_on(scene):
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    coordinator = await scene.world.worker(scene.receiver, "coordinator")
    await exclude(scene, accounts=[scene.intake.id])
    emergency = await scene.emergency()
    [disclosed] = [row for row in await told(scene, emergency) if row[0] == "disclosed"]
    assert disclosed == ("disclosed", scene.receiver.id, sorted([officer.id, coordinator.id]))
    assert (await scene.intake.get(f"/emergencies/{emergency}/disclosed")).status_code == 404
    assert (await coordinator.get(f"/emergencies/{emergency}/disclosed")).json()["open"] is True
    await scene.caseworker.post(f"/emergencies/{emergency}/end")
    assert scene.intake.id not in str(await told(scene, emergency))


async def test_nothing_is_told_where_everybody_who_could_read_it_is_excluded(scene):
    await scene.world.worker(scene.receiver, "privacy-officer")
    await exclude(scene, accounts=[scene.intake.id])
    refused = await scene.tell_at_once()
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.recipient-unavailable")


async def test_what_nobody_is_left_to_read_ends_and_whoever_acted_learns_of_it(scene):
    colleague = await scene.world.worker(scene.sender)
    emergency = await scene.emergency()
    await exclude(scene, accounts=[scene.intake.id], worker=colleague)
    assert (await scene.world.stored("emergencies", emergency))["ended_at"] is not None
    assert (await told(scene, emergency))[-1] == ("ended", scene.sender.id, [scene.caseworker.id])


async def test_an_excluded_reviewer_is_never_told_recalled_or_awaited(scene, clock):
    coordinator = await scene.world.worker(scene.sender, "coordinator")
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    coalition = await scene.world.member("coalition", accredited=False)
    coordination = await scene.world.worker(coalition, "coordination")
    await exclude(scene, accounts=[officer.id])
    emergency = await scene.emergency()
    assert [row for row in await told(scene, emergency) if row[0] == "recorded"] == [
        ("recorded", scene.sender.id, [coordinator.id])
    ]
    clock.advance(timedelta(hours=24))
    assert await scene.world.due() == 1
    # No privacy officer is left whose word could be awaited: the coordinator and the coordination are recalled.
    assert [row for row in await told(scene, emergency) if row[0] == "escalated"] == [
        ("escalated", scene.sender.id, [coordinator.id]),
        ("escalated", coalition.id, [coordination.id]),
    ]
    assert officer.id not in str(await told(scene, emergency))
    assert (await officer.get(f"/emergencies/{emergency}")).status_code == 404
    done = await coordinator.post(f"/emergencies/{emergency}/review", APPROVE)
    assert done.json()["reviewed_at"] is not None


async def test_whoever_acted_and_is_excluded_since_reads_and_is_told_nothing_more(scene):
    coordinator = await scene.world.worker(scene.sender, "coordinator")
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    emergency, ground = await scene.emergency(), await scene.ground()
    report = (await scene.caseworker.post(f"/persons/{scene.person}/youth-reports", REPORT)).json()["id"]
    await exclude(scene, accounts=[scene.caseworker.id], worker=coordinator)
    for path in (f"/emergencies/{emergency}", f"/grounds/{ground}", f"/youth-reports/{report}"):
        assert (await scene.caseworker.get(path)).status_code == 404
        assert (await coordinator.get(path)).status_code == 200
    assert (await scene.world.stored("emergencies", emergency))["ended_at"] is None
    await officer.post(f"/emergencies/{emergency}/review", APPROVE)
    # What would have told the excluded alone goes to those who oversee, but for the one who did it.
    assert (await told(scene, emergency))[-1] == ("reviewed", scene.sender.id, [coordinator.id])


async def test_coordination_excluded_finds_nothing_of_what_is_left_to_it(scene, clock):
    coalition = await scene.world.member("coalition", accredited=False)
    excluded = await scene.world.worker(coalition, "coordination")
    other = await scene.world.worker(coalition, "coordination")
    await exclude(scene, accounts=[excluded.id])
    emergency = await scene.emergency()
    assert [row for row in await told(scene, emergency) if row[1] == coalition.id] == [
        ("recorded", coalition.id, [other.id])
    ]
    assert (await excluded.get("/emergencies")).json()["items"] == []
    assert (await excluded.get(f"/emergencies/{emergency}")).status_code == 404
    assert (await excluded.post(f"/emergencies/{emergency}/review", APPROVE)).status_code == 404
    clock.advance(timedelta(hours=24))
    await recall_review(scene.world.desk, emergency)
    assert excluded.id not in str(await told(scene, emergency))
    assert (await other.get(f"/emergencies/{emergency}")).status_code == 200


@pytest.mark.parametrize("who", ["account", "organisation"])
async def test_a_reading_in_danger_ends_at_once_for_whoever_is_excluded_meanwhile(scene, who):
    colleague = await scene.world.worker(scene.receiver)
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    referral = await scene.accepted()
    reading = (await colleague.post(f"/referrals/{referral}/emergency-reading", DANGER)).json()["id"]
    listed = {"accounts": [colleague.id]} if who == "account" else {"organizations": [scene.receiver.id]}
    await exclude(scene, **listed)
    assert (await scene.world.stored("emergencies", reading))["ended_at"] is not None
    for path in (f"/emergency-readings/{reading}", f"/emergencies/{reading}"):
        real, invented = await colleague.get(path), await colleague.get(path.replace(reading, SOMEONE))
        assert refusal(real) == refusal(invented)
        assert real.status_code == 404
    again = await colleague.post(f"/referrals/{referral}/emergency-reading", DANGER)
    assert refusal(again) == refusal(await colleague.post(f"/referrals/{SOMEONE}/emergency-reading", DANGER))
    seen = await officer.get(f"/emergencies/{reading}")
    assert seen.status_code == (200 if who == "account" else 404)
    assert colleague.id not in str([row[2] for row in await told(scene, reading)])
    # That there was a reading in another organisation is not written in the sender's log.
    assert "emergency.end" not in [row["action"] for row in await scene.world.acts(scene.sender.id)]
    await exclude(scene, **listed, path="/lift")
    if who == "account":
        over = await colleague.get(f"/emergency-readings/{reading}")
        assert (over.status_code, over.json()["code"]) == (409, "emergency.over")


async def test_the_register_its_file_and_the_reports_leave_the_person_out_for_an_excluded_officer_alone(scene):
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    other = await scene.world.worker(scene.sender, "privacy-officer")
    await scene.ground()
    await scene.emergency()
    await scene.caseworker.post(f"/persons/{scene.person}/outside-disclosures", OUTSIDE)
    await scene.caseworker.post(f"/persons/{scene.person}/youth-reports", REPORT)
    await exclude(scene, accounts=[officer.id])
    for worker, count in ((officer, 0), (other, 3)):
        assert len((await worker.get("/register")).json()["items"]) == count
        assert len((await worker.get("/register", reviewed=False)).json()["items"]) == min(count, 2)
        assert len((await worker.get("/register/export")).text.splitlines()) == count + 1
        assert len((await worker.get("/youth-reports")).json()["items"]) == min(count, 1)


async def test_the_log_of_an_excluded_officer_knows_of_nothing_done_without_consent(scene):
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    other = await scene.world.worker(scene.sender, "privacy-officer")
    coordinator = await scene.world.worker(scene.sender, "coordinator")
    reader = scene.world.signed_in(scene.sender, officer.id, "privacy-officer", "coordinator")
    ground, emergency = await scene.ground(), await scene.emergency()
    report = (await scene.caseworker.post(f"/persons/{scene.person}/youth-reports", REPORT)).json()["id"]
    for path in (f"/grounds/{ground}", f"/youth-reports/{report}", f"/persons/{scene.person}/emergencies"):
        assert (await coordinator.get(path)).status_code == 200
    assert (await scene.caseworker.get(f"/persons/{scene.person}/consents")).status_code == 200
    await coordinator.post(f"/emergencies/{emergency}/review", APPROVE)
    for path in ("/emergencies", "/register", "/youth-reports"):
        await other.get(path)
    await exclude(scene, accounts=[officer.id])
    assert (await reader.get(f"/emergencies/{emergency}")).status_code == 404
    audit = scene.world.desk.audit
    assert await audit._lease.acquire() is not None
    while await audit.seal_some():
        pass
    rows = (await officer.get("/audit")).json()["items"]
    assert [(row["action"], row["outcome"], row["number"], row["records"]) for row in rows] == [
        ("emergency.list-for-review", "done", 1, []),
        ("register.read", "done", 2, []),
        ("youth-report.list-all", "done", 3, []),
        ("emergency.read-facts", "refused", 4, []),
    ]


@pytest.mark.parametrize("_", range(3))
async def test_telling_or_recording_while_the_organisation_is_excluded_opens_nothing_to_it(scene, _):
    answers = await asyncio.gather(
        scene.tell_at_once(), scene.record_ground(), exclude(scene, organizations=[scene.receiver.id])
    )
    assert {answer.status_code for answer in answers[:2]} <= {201, 409}
    assert await scene.world.db["emergencies"].count_documents({"ended_at": None}) == 0
    assert await scene.world.db["grounds"].count_documents({"closed_at": None}) == 0


async def test_an_exclusion_written_in_the_middle_of_telling_waits_for_it_and_ends_it(scene, monkeypatch):
    standings, excluding = scene.world.desk.standings, []
    judge = standings.of

    async def meanwhile(*arguments):
        if not excluding:
            excluding.append(asyncio.create_task(exclude(scene, organizations=[scene.receiver.id])))
            await asyncio.sleep(0.3)
        return await judge(*arguments)

    monkeypatch.setattr(standings, "of", meanwhile)
    assert (await scene.tell_at_once()).status_code in {201, 409}
    await excluding[0]
    assert await scene.world.db["emergencies"].count_documents({"ended_at": None}) == 0


@pytest.mark.parametrize("_", range(3))
async def test_reading_in_danger_while_being_excluded_leaves_nothing_open(scene, _):
    colleague = await scene.world.worker(scene.receiver)
    referral = await scene.accepted()
    read, _done = await asyncio.gather(
        colleague.post(f"/referrals/{referral}/emergency-reading", DANGER), exclude(scene, accounts=[colleague.id])
    )
    assert read.status_code in {201, 404}
    assert await scene.world.db["emergencies"].count_documents({"ended_at": None}) == 0


@pytest.mark.parametrize("_", range(3))
async def test_sending_or_accepting_on_a_ground_while_the_organisation_is_excluded_leaves_it_nothing(scene_of, _):
    scene = await scene_of(places=1)
    referral, ground = await scene.requested_on_ground()
    accepted, _done = await asyncio.gather(
        scene.intake.post(f"/referrals/{referral}/accept", {}), exclude(scene, organizations=[scene.receiver.id])
    )
    assert accepted.status_code in {200, 404}
    assert (await scene.world.stored("referrals", referral))["state"] == "cancelled"
    assert (await scene.world.stored("grounds", ground))["closed_at"] is not None
    places = await scene.world.stored("places", scene.service)
    assert places is None or places["held"] == {}
