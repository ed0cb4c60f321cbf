"""What each sector reads, sends and is told, at the routes."""

import asyncio

import pytest

from tests.referral.world import ALL_CLASSES, SECRETS

BUT_IMMIGRATION = [name for name in ALL_CLASSES if name != "immigration"]


def reasons(seen: dict) -> dict[str, str]:
    return {each["data_class"]: each["reason"] for each in seen["withheld"]}


async def test_police_read_what_a_complaint_opens_and_learn_nothing_of_immigration(scene_of):
    scene = await scene_of("law-enforcement", "police-complaint")
    referral = await scene.accepted(
        classes=BUT_IMMIGRATION, purpose="complaint", needs=["police-complaint", "immigration-help"]
    )
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert set(seen["disclosed"]) == {"safe_contact", "identity", "safety", "exploitation", "legal"}
    assert seen["disclosed"]["exploitation"]["facts"] == "usine de l'est"
    assert seen["need"]["needs"] == ["police-complaint"]
    assert seen["disclosed"]["legal"] is None
    assert "immigration" not in str(seen)
    assert reasons(seen)["current-location"] == "one-reading-only"
    assert reasons(seen)["legal"] == "own-only"


async def test_police_read_where_the_person_is_once_even_asking_twice_at_once(scene_of):
    scene = await scene_of("law-enforcement", "police-complaint")
    referral = await scene.accepted(
        classes=["identity", "current-location", "exploitation"], purpose="complaint", needs=["police-complaint"]
    )
    answers = await asyncio.gather(*(scene.intake.post(f"/referrals/{referral}/location-reading") for _ in range(4)))
    read = [answer.json() for answer in answers if answer.status_code == 200]
    assert read == [{"current_location": {"place": "12 rue Inventée", "region": "06"}}]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"referral.reading-not-offered"}
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert reasons(seen)["current-location"] == "already-read"
    rows = (await scene.caseworker.get(f"/referrals/{referral}/readings", limit=100)).json()["items"]
    assert [row["classes"] for row in rows if row["action"] == "referral.read-once" and row["outcome"] == "done"] == [
        ["current-location"]
    ]


async def test_a_shelter_has_no_reading_to_take_and_neither_has_anyone_before_acceptance(scene, scene_of):
    referral = await scene.accepted()
    answer = await scene.intake.post(f"/referrals/{referral}/location-reading")
    assert (answer.status_code, answer.json()["code"]) == (409, "referral.reading-not-offered")
    police = await scene_of("law-enforcement", "police-complaint")
    early = await police.requested(
        classes=["current-location", "exploitation"], purpose="complaint", needs=["police-complaint"]
    )
    answer = await police.intake.post(f"/referrals/{early}/location-reading")
    assert answer.json()["code"] == "referral.reading-not-offered"


async def test_a_one_time_reading_is_dark_once_consent_ends(scene_of):
    scene = await scene_of("law-enforcement", "police-complaint")
    referral = await scene.accepted(
        classes=["current-location", "exploitation"], purpose="complaint", needs=["police-complaint"]
    )
    await scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal")
    answer = await scene.intake.post(f"/referrals/{referral}/location-reading")
    assert answer.json()["code"] == "referral.reading-not-offered"


async def test_a_hospital_reads_whether_the_person_is_insured_and_nothing_else_of_immigration(scene_of):
    scene = await scene_of("health-social", "health-care")
    referral = await scene.accepted(classes=ALL_CLASSES, needs=["health-care"])
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert seen["disclosed"]["immigration"] == {"insured": False}
    assert seen["disclosed"]["health"]["note"] == "asthme"
    assert "permis" not in str(seen)
    assert "current_location" not in seen["disclosed"]


async def test_labour_standards_read_identity_and_facts_and_no_more(scene_of):
    scene = await scene_of("government", "labour-standards")
    referral = await scene.accepted(classes=ALL_CLASSES, purpose="labour-standards", needs=["labour-standards"])
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert set(seen["disclosed"]) == {"safe_contact", "identity", "exploitation", "health"}
    assert seen["disclosed"]["health"] == {"attestation_signed": True}
    assert seen["disclosed"]["exploitation"]["facts"] == "usine de l'est"


async def test_adults_are_never_told_to_youth_protection(scene_of):
    scene = await scene_of("youth-protection", "child-protection", record={"identity": {"age_band": "adult"}})
    refused = await scene.consent(["household"], "protection")
    assert refused.json()["code"] == "consent.adult-to-youth-protection"


async def test_someone_found_to_be_an_adult_after_sending_goes_dark_to_youth_protection(scene_of):
    scene = await scene_of("youth-protection", "child-protection", record={"identity": {"preferred_name": "Lina"}})
    classes = ["identity", "household"]
    referral = await scene.accepted(classes=classes, purpose="protection", needs=["child-protection"])
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert seen["disclosed"]["identity"]["preferred_name"] == "Lina"
    adult = {"identity": {"preferred_name": "Lina", "age_band": "adult"}}
    assert (await scene.caseworker.patch(f"/persons/{scene.person}", adult)).status_code == 200
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert (seen["disclosed"], seen["withheld"], seen["need"]) == ({}, [], None)
    await scene.caseworker.post(f"/referrals/{referral}/cancel", {"reason": "other"})
    again = await scene.drafted(classes=classes, purpose="protection", needs=["child-protection"])
    refused = await scene.caseworker.post(f"/referrals/{again}/request")
    assert refused.json()["code"] == "consent.adult-to-youth-protection"


@pytest.mark.parametrize("sector", ["law-enforcement", "government"])
async def test_police_and_government_senders_read_received_then_ended_and_get_no_alarm(scene_of, sector):
    scene = await scene_of(sender_sector=sector)
    referral = await scene.requested(consent={"feedback": "ended"})
    words, etags = [], []
    for move in (None, "review", "decline"):
        if move:
            body = {"reason": "no-capacity"} if move == "decline" else None
            assert (await scene.intake.post(f"/referrals/{referral}/{move}", body)).status_code == 200
        answer = await scene.caseworker.get(f"/referrals/{referral}")
        words.append(answer.json()["state"])
        etags.append(answer.headers["etag"])
        assert answer.json()["reason"] is None
    assert words == ["received", "received", "ended"]
    assert etags[0] == etags[1]
    rows = await scene.world.outbox(f"referral:{referral}")
    assert not any(scene.caseworker.id in row["data"] for row in rows)


@pytest.mark.parametrize(
    ("feedback", "words"),
    [
        ("none", ["requested", "requested", "requested"]),
        ("received", ["accepted", "accepted", "accepted"]),
        ("ended", ["accepted", "accepted", "ended"]),
        ("outcome", ["accepted", "in-progress", "completed"]),
    ],
)
async def test_after_acceptance_the_sender_learns_what_the_person_lets_it(scene, feedback, words):
    referral = await scene.requested(consent={"feedback": feedback})
    first = (await scene.caseworker.get(f"/referrals/{referral}")).json()
    seen = []
    moves = {"accept": {}, "start": None, "complete": {"outcomes": {"shelter-tonight": "partly-met"}}}
    for move, body in moves.items():
        await scene.intake.post(f"/referrals/{referral}/{move}", body)
        seen.append((await scene.caseworker.get(f"/referrals/{referral}")).json())
    assert [each["state"] for each in seen] == words
    assert [bool(each["outcomes"]) for each in seen] == [False, False, feedback == "outcome"]
    if feedback == "none":
        # Nothing at all tells the two worlds apart: not a date, not an allowed move.
        assert all(each == first for each in seen)
    listed = (await scene.caseworker.get("/referrals", direction="sent")).json()["items"][0]
    assert listed["state"] == words[-1]


async def test_a_sender_who_may_learn_nothing_is_told_nothing(scene):
    referral = await scene.accepted(consent={"feedback": "none"})
    await scene.intake.post(f"/referrals/{referral}/start")
    rows = await scene.world.outbox(f"referral:{referral}")
    assert not any(scene.caseworker.id in row["data"] for row in rows)
    opened = (await scene.caseworker.get("/referrals", direction="sent", open=True)).json()["items"]
    await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}})
    assert (await scene.caseworker.get("/referrals", direction="sent", open=True)).json()["items"] == opened


async def test_a_decline_reaches_a_sender_with_its_reason_and_alternatives(scene):
    other_of = await scene.world.member()
    await scene.world.worker(other_of, "intake")
    other = await scene.world.service(other_of)
    referral = await scene.requested(consent={"feedback": "none"})
    body = {"reason": "no-capacity", "alternative_service_ids": [other]}
    assert (await scene.intake.post(f"/referrals/{referral}/decline", body)).status_code == 200
    told = (await scene.caseworker.get(f"/referrals/{referral}")).json()
    assert (told["state"], told["reason"], told["alternatives"]) == ("declined", "no-capacity", [other])
    assert told["fhir"] == {"status": "rejected", "business_status": None}
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert (seen["need"], seen["disclosed"]) == (None, {})


async def test_every_end_that_was_not_the_receivers_reads_alike(scene, clock):
    ends = {}
    for end in ("withdrawn", "expired", "cancelled"):
        referral = await scene.requested() if end == "withdrawn" else await _again(scene)
        if end == "withdrawn":
            await scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal")
        elif end == "cancelled":
            await scene.caseworker.post(f"/referrals/{referral}/cancel", {"reason": "met-elsewhere"})
        else:
            clock.advance((await _deadline(scene, referral)) - clock())
            await scene.world.due()
        assert (await scene.world.stored("referrals", referral))["state"] == end
        seen = (await scene.intake.get(f"/referrals/{referral}")).json()
        own = {"id", "sent_at", "changed_at"}
        ends[end] = {name: value for name, value in seen.items() if name not in own}
        told = (await scene.world.outbox(f"referral:{referral}"))[-1]
        assert told["subject"] == "referral.closed.v1"
        assert scene.intake.id in told["data"]
    assert ends["withdrawn"] == ends["expired"] == ends["cancelled"]
    assert ends["cancelled"]["state"] == "cancelled"


async def _deadline(scene, referral):
    return (await scene.world.stored("referrals", referral))["expires_at"]


async def _again(scene) -> str:
    answer = await scene.consent()
    assert answer.status_code in {201, 409}
    referral = await scene.drafted()
    assert (await scene.caseworker.post(f"/referrals/{referral}/request")).status_code == 200
    return referral


async def test_two_worlds_that_differ_in_what_is_withheld_give_a_reader_the_same_bytes(scene_of):
    """The officer's page is the same whether or not the person told anything they may not learn."""
    pages = []
    bare = {
        "identity": {"preferred_name": "Lina", "age_band": "adult"},
        "exploitation": {"vic_TypeOfExploitation": ["ForcedLabour"]},
    }
    rich = bare | {
        "immigration": {"insured": False, "status": "permis fermé expiré"},
        "health": {"note": "asthme"},
        "indigenous_identity": {"nation": "Inuit"},
        "practical_needs": {"needs": ["immigration-help"]},
        "current_location": {"place": "12 rue Inventée"},
    }
    for record in (bare, rich):
        scene = await scene_of("law-enforcement", "police-complaint", record=record)
        referral = await scene.accepted(
            classes=["identity", "exploitation"], purpose="complaint", needs=["police-complaint"]
        )
        seen = (await scene.intake.get(f"/referrals/{referral}")).json()
        own = {"id", "sent_at", "changed_at", "handover_by", "assigned_user_ids"}
        own |= {"sender_organization_id", "receiver_organization_id", "service_id"}
        pages.append({name: value for name, value in seen.items() if name not in own})
        assert not any(secret in str(seen) for secret in SECRETS if secret != "Lina")
    assert pages[0] == pages[1]
