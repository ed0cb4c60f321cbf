"""The main job: refer a person, with consent, to a service that can help."""

from services.referral.domain.taxonomy import DataClass
from tests.referral.world import SECRETS


async def test_a_caseworker_refers_a_person_and_each_side_sees_exactly_its_part(scene):
    world, caseworker, intake = scene.world, scene.caseworker, scene.intake
    await scene.consented(feedback="outcome")
    drafted = await scene.draft()
    assert drafted.status_code == 201
    referral = drafted.json()["id"]
    assert drafted.json()["allowed"] == ["request", "cancel", "void"]
    assert (await intake.get(f"/referrals/{referral}")).status_code == 404

    sent = await caseworker.post(f"/referrals/{referral}/request", etag=drafted.headers["etag"])
    assert (sent.status_code, sent.json()["state"]) == (200, "requested")

    before = (await intake.get(f"/referrals/{referral}")).json()
    assert before["need"]["needs"] == ["shelter-tonight"]
    assert before["need"]["region"] == "06"
    assert before["disclosed"] == {}
    assert {each["reason"] for each in before["withheld"]} == {"before-acceptance"}
    assert before["mnemonic"] is None
    assert not any(secret in str(before) for secret in SECRETS)

    taken = await intake.post(f"/referrals/{referral}/accept", {})
    assert (taken.status_code, taken.json()["state"]) == (200, "accepted")
    assert taken.json()["assigned_user_ids"] == [intake.id]

    after = (await intake.get(f"/referrals/{referral}")).json()
    assert set(after["disclosed"]) == {"safe_contact", "identity", "practical_needs"}
    assert after["disclosed"]["identity"]["prs_SecondName"] == "Quispe"
    # What reveals a withheld class goes with it: a language that tells an identity, a need that tells a status.
    assert after["disclosed"]["identity"]["languages"] == ["spa"]
    assert after["disclosed"]["practical_needs"]["needs"] == ["transport"]
    assert {each["data_class"]: each["reason"] for each in after["withheld"]}["health"] == "not-consented"

    await intake.post(f"/referrals/{referral}/start")
    done = await intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}})
    assert (done.status_code, done.json()["state"]) == (200, "completed")
    receipt = (await intake.get(f"/referrals/{referral}")).json()
    assert (receipt["need"], receipt["disclosed"]) == (None, {})
    told = (await caseworker.get(f"/referrals/{referral}")).json()
    assert (told["state"], told["outcomes"]) == ("completed", {"shelter-tonight": "met"})

    assert await world.subjects(referral) == ["drafted", "requested", "accepted", "started", "completed"]
    rows = await world.outbox(f"referral:{referral}")
    assert not any(secret in str(rows) or "shelter-tonight" in str(rows) for secret in SECRETS)


async def test_the_sender_sees_who_saw_what_and_when(scene):
    referral = await scene.accepted()
    await scene.intake.get(f"/referrals/{referral}")
    police = await scene.world.member("law-enforcement")
    officer = await scene.world.worker(police)
    assert (await officer.get(f"/referrals/{referral}")).status_code == 404

    rows = (await scene.caseworker.get(f"/referrals/{referral}/readings", limit=100)).json()["items"]
    assert [(row["action"], row["outcome"]) for row in rows] == [
        ("referral.draft", "done"),
        ("referral.request", "done"),
        ("referral.read", "done"),
        ("referral.read", "refused"),
    ]
    assert rows[2]["organization_id"] == scene.receiver.id
    assert rows[2]["role"] == "assigned"
    assert set(rows[2]["classes"]) == {"need", "identity", "safe-contact", "practical-needs"}
    assert rows[3]["organization_id"] == police.id
    assert scene.intake.id not in str(rows)


async def test_messages_name_users_to_tell_and_nothing_of_the_person(scene):
    referral = await scene.accepted()
    rows = {row["subject"]: row["data"] for row in await scene.world.outbox(f"referral:{referral}")}
    assert scene.receiver.id not in rows["referral.drafted.v1"]
    assert f'"notify":["{scene.intake.id}"]' in rows["referral.requested.v1"]
    assert f'"notify":["{scene.caseworker.id}"]' in rows["referral.accepted.v1"]


async def test_every_class_a_shelter_may_see_is_shown_and_no_other(scene):
    every = [name.value for name in DataClass if name is not DataClass.AGGREGATES]
    referral = await scene.accepted(classes=every)
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert set(seen["disclosed"]) == {
        *("safe_contact", "identity", "current_location", "safety", "household", "practical_needs"),
        *("indigenous_identity", "exploitation"),
    }
    assert seen["disclosed"]["exploitation"] == {"vic_TypeOfExploitation": ["ForcedLabour"]}
    assert {each["data_class"]: each["reason"] for each in seen["withheld"]} == {
        "exploitation": "type-only",
        "health": "not-for-this-service",
        "immigration": "not-for-this-service",
        "legal": "not-for-your-sector",
    }
    assert [secret for secret in ("usine de", "asthme", "permis", "MTL-1") if secret in str(seen)] == []
