"""The questions to ask, and what an answer other than yes tells anybody else: nothing."""

import pytest


async def questions(scene, purpose: str, worker=None):
    parameters = {"recipient_organization_id": scene.receiver.id, "purpose": purpose}
    return await (worker or scene.caseworker).get("/consent-questions", **parameters)


async def test_an_agency_reads_aloud_what_a_recipient_would_be_given_class_by_class(scene):
    found = await questions(scene, "support")
    assert found.status_code == 200, found.text
    asked = {each["data_class"]: each for each in found.json()["questions"]}
    assert asked["identity"]["form"] == "whole"
    assert asked["identity"]["ask"]["fr"].startswith("Acceptez-vous")
    assert (asked["exploitation"]["form"], asked["current-location"]["form"]) == ("type", "whole")
    assert "legal" not in asked
    assert "continuons de vous aider" in found.json()["say_first"][0]["fr"]
    assert (found.json()["longest_days"], found.json()["answers"]) == (366, ["grant", "refuse", "defer"])
    acts = [row for row in await scene.world.acts(scene.sender.id) if row["action"] == "consent.questions"]
    assert [(row["purpose"], row["records"]) for row in acts] == [("support", [])]


async def test_each_purpose_is_asked_apart_and_police_say_what_the_accused_may_obtain(scene_of):
    scene = await scene_of("law-enforcement", "police-complaint")
    support, complaint = [(await questions(scene, purpose)).json() for purpose in ("support", "complaint")]
    assert {each["data_class"] for each in support["questions"]} < {
        each["data_class"] for each in complaint["questions"]
    }
    for sheet in (support, complaint):
        assert any("accused may obtain" in each["en"] for each in sheet["say_first"])
        assert any("immigration" in each["fr"] for each in sheet["say_first"])
        assert "immigration" not in {each["data_class"] for each in sheet["questions"]}


async def test_what_cannot_be_asked_for_has_no_questions(scene):
    assert (await questions(scene, "complaint")).json()["code"] == "consent.purpose-unsuited"
    parameters = {"recipient_organization_id": scene.person, "purpose": "support"}
    unknown = await scene.caseworker.get("/consent-questions", **parameters)
    assert (unknown.status_code, unknown.json()["code"]) == (409, "referral.recipient-unavailable")


@pytest.mark.parametrize("decision", ["refuse", "defer"])
async def test_a_refusal_or_a_deferral_leaves_nothing_that_anybody_else_could_read(scene, decision):
    async def others() -> list[str]:
        pages = [await scene.intake.get("/referrals", direction="received"), await scene.intake.get("/persons")]
        pages.append(await scene.intake.get(f"/persons/{scene.person}/consents"))
        return [page.text.split('"request_id"')[0] for page in pages]

    before = await others()
    answered = await scene.consent(decision=decision, evidence=None, until=None)
    assert answered.status_code == 201
    assert await others() == before
    assert (await scene.intake.get(f"/consents/{answered.json()['id']}")).status_code == 404
    for name in ("outbox", "timers", "referrals"):
        assert await scene.world.db[name].count_documents({}) == 0
    preview = {"recipient_organization_id": scene.receiver.id, "purpose": "support", "change": "withdraw"}
    shown = await scene.caseworker.post(f"/persons/{scene.person}/consent-preview", preview)
    assert shown.json()["code"] == "consent.not-granted"
