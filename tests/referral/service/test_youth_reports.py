"""Reports to youth protection: recorded, read by those they are for, and known to nobody and nothing else."""

from datetime import timedelta

RECEIPT = "Dossier 2026-4417"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def made(clock, **changes):
    return {"at": (clock() - timedelta(hours=1)).isoformat(), "channel": "phone", "receipt": RECEIPT} | changes


async def reported(scene, clock) -> str:
    answer = await scene.caseworker.post(f"/persons/{scene.person}/youth-reports", made(clock))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_a_report_is_recorded_with_its_receipt_sealed_and_nobody_is_told(scene, clock):
    before = await scene.world.db["outbox"].count_documents({})
    report = await reported(scene, clock)
    stored = await scene.world.stored("youth_reports", report)
    assert RECEIPT not in str(stored)
    assert sorted(stored["hidden_from"]) == ["exports", "parental-access", "persons-view", "plans"]
    assert set(stored) == {
        *("_id", "schema", "version", "owner", "person", "channel", "at", "reported_by", "recorded_at"),
        *("hidden_from", "sealed"),
    }
    assert await scene.world.db["outbox"].count_documents({}) == before
    assert (await scene.caseworker.get(f"/youth-reports/{report}")).json()["receipt"] == RECEIPT


async def test_whoever_reported_their_coordinator_and_privacy_officer_read_it_and_nobody_else(scene, clock):
    report = await reported(scene, clock)
    colleague = await scene.world.worker(scene.sender, "caseworker", "intake")
    coordinator = await scene.world.worker(scene.sender, "coordinator")
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    elsewhere = await scene.world.worker(scene.receiver, "coordinator")
    for someone, status in ((scene.caseworker, 200), (coordinator, 200), (officer, 200), (colleague, 404)):
        assert (await someone.get(f"/youth-reports/{report}")).status_code == status
    assert (await elsewhere.get(f"/youth-reports/{report}")).json()["code"] == "referral.not-found"
    path = f"/persons/{scene.person}/youth-reports"
    listed = {one.id: (await one.get(path)).json()["items"] for one in (scene.caseworker, coordinator, colleague)}
    assert [len(listed[one.id]) for one in (scene.caseworker, coordinator, colleague)] == [1, 1, 0]
    assert RECEIPT not in str(listed)
    assert (await elsewhere.get(path)).status_code == 404
    assert (await elsewhere.post(path, made(clock))).status_code == 404
    page = (await officer.get("/youth-reports")).json()
    assert [each["id"] for each in page["items"]] == [report]
    assert (await coordinator.get("/youth-reports")).json()["code"] == "auth.missing-scope"
    other = await scene.world.worker(scene.receiver, "privacy-officer")
    assert (await other.get("/youth-reports")).json()["items"] == []
    refused = [row["action"] for row in await scene.world.acts(scene.sender.id) if row["outcome"] == "refused"]
    assert refused == ["youth-report.read"]


async def test_the_persons_own_trace_in_the_audit_does_not_name_it(scene, clock):
    report = await reported(scene, clock)
    await scene.caseworker.get(f"/youth-reports/{report}")
    await scene.caseworker.get(f"/persons/{scene.person}/youth-reports")
    about = await scene.world.desk.audit.entries(owner=scene.sender.id, record=scene.person)
    assert {row["action"] for row in about} == {"person.register"}
    acts = [row["action"] for row in await scene.world.acts(scene.sender.id)]
    assert acts[-3:] == ["youth-report.record", "youth-report.read", "youth-report.list"]


async def test_it_is_recorded_once_under_one_key_and_only_after_it_was_made(scene, clock):
    path = f"/persons/{scene.person}/youth-reports"
    answers = [await scene.caseworker.post(path, made(clock), key=KEY) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert await scene.world.db["youth_reports"].count_documents({}) == 1
    for changes, code in (
        ({"at": "2999-01-01T00:00:00Z"}, "emergency.not-yet-done"),
        ({"channel": "referral"}, "request.invalid"),
        ({"narrative": "ce qui s'est dit"}, "request.invalid"),
    ):
        refused = await scene.caseworker.post(path, made(clock, **changes))
        assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_an_officers_list_goes_on_page_by_page(scene, clock):
    made_here = [await reported(scene, clock) for _ in range(3)]
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    first = (await officer.get("/youth-reports", limit=2)).json()
    rest = (await officer.get("/youth-reports", limit=2, cursor=first["next"])).json()
    assert {each["id"] for each in first["items"] + rest["items"]} == set(made_here)
    assert rest["next"] is None
