"""The audit: every read and write, done or refused, without a word of content, in a chain one can verify."""

import csv
import io
import json
from datetime import timedelta

from services.referral.domain import export
from tests.referral.world import SECRETS


async def test_a_privacy_officer_reads_what_their_organisation_did(scene, clock):
    referral = await scene.accepted()
    await scene.intake.get(f"/referrals/{referral}")
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    first = (await officer.get("/audit", limit=1)).json()
    rest = (await officer.get("/audit", cursor=first["next"])).json()
    actions = [(row["action"], row["user_id"]) for row in first["items"] + rest["items"]]
    assert actions[:2] == [("referral.accept", scene.intake.id), ("referral.read", scene.intake.id)]
    reads = (await officer.get("/audit", action="referral.read")).json()["items"]
    assert [set(row["classes"]) for row in reads] == [{"need", "identity", "safe-contact", "practical-needs"}]
    later = (clock() + timedelta(hours=1)).isoformat()
    assert (await officer.get("/audit", since=later)).json()["items"] == []
    assert (await officer.get("/audit", action="Nope!")).status_code == 422


async def test_a_privacy_officer_narrows_the_log_to_one_worker_one_record_and_what_was_refused(scene):
    referral, other = await scene.accepted(), await scene.another()
    colleague = await scene.world.worker(scene.receiver)
    for worker in (scene.intake, colleague):
        await worker.get(f"/referrals/{referral}")
    await scene.intake.get(f"/referrals/{other}")
    officer = await scene.world.worker(scene.receiver, "privacy-officer")

    async def rows(**wanted):
        answer = await officer.get("/audit", **wanted)
        assert answer.status_code == 200, answer.text
        return [(row["action"], row["user_id"], row["outcome"]) for row in answer.json()["items"]]

    read, refused = ("referral.read", scene.intake.id, "done"), ("referral.read", colleague.id, "refused")
    assert await rows(record_id=referral, action="referral.read") == [read, refused]
    assert await rows(user_id=colleague.id) == [refused]
    assert await rows(outcome="refused") == [refused]
    assert await rows(record_id=other) == [read]
    assert await rows(record_id=referral, user_id=colleague.id, outcome="done") == []
    for wrong in ({"outcome": "maybe"}, {"record_id": "x"}, {"user_id": "a b"}, {"until": "yesterday"}):
        assert (await officer.get("/audit", **wrong)).status_code == 422


async def test_a_cursor_of_one_question_does_not_go_on_with_another(scene):
    await scene.accepted()
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    first = (await officer.get("/audit", limit=1, outcome="done")).json()
    assert (await officer.get("/audit", cursor=first["next"])).status_code == 400
    assert (await officer.get("/audit", cursor=first["next"], outcome="done")).status_code == 200


async def test_the_log_as_a_file_holds_the_same_rows_and_is_written_down_as_an_export(scene):
    await scene.accepted()
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    shown = (await officer.get("/audit", outcome="done")).json()["items"]
    answer = await officer.get("/audit/export", outcome="done")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [(row["at"], row["action"], row["user_id"]) for row in rows[: len(shown)]] == [
        (row["at"], row["action"], row["user_id"]) for row in shown
    ]
    assert [row["action"] for row in rows[len(shown) :]] == ["audit.read"]
    assert (await scene.world.acts(scene.receiver.id))[-1]["action"] == "audit.export"


async def test_a_log_too_long_for_one_file_is_refused_whole_and_that_is_written_down(scene):
    await scene.accepted()
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    first, *_ = await scene.world.acts(scene.receiver.id)
    del first["_id"]
    await scene.world.db["audit"].insert_many([dict(first) for _ in range(export.MOST_EXPORTED + 1)])
    answer = await officer.get("/audit/export")
    assert (answer.status_code, answer.json()["code"]) == (422, "export.too-long")
    assert (await officer.get("/audit/export", user_id=officer.id)).status_code == 200
    last = (await officer.get("/audit", action="audit.export", outcome="refused")).json()["items"]
    assert [row["detail"] for row in last] == ["export.too-long"]


async def test_a_log_holds_no_content_and_records_by_pseudonym_alone(scene):
    referral = await scene.started()
    await scene.caseworker.get(f"/persons/{scene.person}")
    rows = await scene.world.db["audit"].find().to_list()
    assert len(rows) > 5
    text = str(rows)
    assert not [secret for secret in (*SECRETS, scene.person, referral) if secret in text]


async def test_a_privacy_officer_of_another_organisation_reads_its_own_log_alone(scene):
    await scene.accepted()
    other = await scene.world.worker(await scene.world.member(), "privacy-officer")
    assert (await other.get("/audit")).json()["items"] == []


async def test_a_receiver_does_not_see_who_else_read(scene):
    referral = await scene.accepted()
    refused = await scene.intake.get(f"/referrals/{referral}/readings")
    assert refused.status_code == 404


async def test_a_privacy_officer_may_see_who_read_a_referral_and_not_the_referral(scene):
    referral = await scene.accepted()
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    assert (await officer.get(f"/referrals/{referral}")).json()["code"] == "auth.missing-scope"
    assert (await officer.get(f"/referrals/{referral}/readings")).json()["code"] == "auth.missing-scope"
    log = (await officer.get("/audit")).json()["items"]
    assert {row["action"] for row in log} >= {"person.register", "consent.grant", "referral.draft", "referral.request"}


async def test_every_list_names_its_records_in_one_row(scene):
    await scene.requested()
    await scene.caseworker.get("/referrals", direction="sent")
    await scene.intake.get("/referrals", direction="received")
    for member in (scene.sender, scene.receiver):
        row = [row for row in await scene.world.acts(member.id) if row["action"] == "referral.list"][-1]
        assert len(row["records"]) == 1


async def test_a_refused_move_is_written_with_its_code_and_its_owner(scene):
    referral = await scene.requested()
    await scene.intake.post(f"/referrals/{referral}/start")
    row = (await scene.world.acts(scene.receiver.id))[-1]
    assert (row["action"], row["outcome"], row["detail"]) == ("referral.start", "refused", "referral.not-accepted")
    assert row["owner"] == scene.sender.id


async def test_the_chain_verifies_once_sealed(scene):
    await scene.accepted()
    audit = scene.world.desk.audit
    assert await audit._lease.acquire() is not None
    while await audit.seal_some():
        pass
    assert await audit.verify() == []
    await scene.world.db["audit"].update_one({"action": "referral.accept"}, {"$set": {"by": "someone-else"}})
    assert [finding.problem for finding in await audit.verify()] != []


async def test_a_log_does_not_tell_a_stranger_whether_what_it_was_refused_exists(scene):
    referral = await scene.accepted()
    stranger_of = await scene.world.member("law-enforcement")
    stranger = await scene.world.worker(stranger_of, "coordinator")
    for one in (referral, "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60"):
        assert (await stranger.get(f"/referrals/{one}")).status_code == 404
        assert (await stranger.post(f"/referrals/{one}/location-reading")).status_code == 404
    officer = await scene.world.worker(stranger_of, "privacy-officer")
    rows = (await officer.get("/audit")).json()["items"]
    assert len(rows) == 4
    assert [_but_number(row) for row in rows[:2]] == [_but_number(row) for row in rows[2:]]
    kept = [row for row in await scene.world.acts(stranger_of.id) if row["outcome"] == "refused"]
    assert {len(row["records"]) for row in kept} == {1}


def _but_number(row: dict) -> dict:
    return {name: value for name, value in row.items() if name not in {"number", "at"}}


async def test_who_saw_what_does_not_tell_a_sender_what_the_person_keeps(scene):
    referral = await scene.requested(consent={"feedback": "none"})
    await scene.intake.get(f"/referrals/{referral}")
    before = (await scene.caseworker.get(f"/referrals/{referral}/readings")).json()["items"]
    await scene.intake.post(f"/referrals/{referral}/accept", {})
    await scene.intake.get(f"/referrals/{referral}")
    await scene.intake.post(f"/referrals/{referral}/start")
    await scene.intake.post(f"/referrals/{referral}/hold")
    await scene.intake.post(f"/referrals/{referral}/hold")
    await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}})
    await scene.intake.get(f"/referrals/{referral}")
    after = (await scene.caseworker.get(f"/referrals/{referral}/readings")).json()["items"]
    own = [row for row in after if row["action"] != "referral.readings"]
    assert own == before
    assert [row["classes"] for row in before if row["organization_id"] == scene.receiver.id] == [["need"]]


async def test_a_sender_who_may_not_know_of_the_end_cancels_as_if_it_went_on(scene):
    referral = await scene.accepted()
    await scene.intake.post(f"/referrals/{referral}/fail", {"reason": "left-early"})
    told = await scene.world.subjects(referral)
    colleague = await scene.world.worker(scene.sender)
    cancelled = await colleague.post(f"/referrals/{referral}/cancel", {"reason": "other"})
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    # The colleague who follows the person is told of it as of any cancelling, and nobody else is.
    assert await scene.world.subjects(referral) == [*told, "cancelled"]
    assert json.loads((await scene.world.outbox(f"referral:{referral}"))[-1]["data"])["notify"] == [scene.caseworker.id]
    going_on = await scene.another()
    await scene.intake.post(f"/referrals/{going_on}/accept", {})
    alike = await scene.caseworker.post(f"/referrals/{going_on}/cancel", {"reason": "other"})
    assert cancelled.json()["allowed"] == alike.json()["allowed"] == ["propose-void"]
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["state"] == "failed"
