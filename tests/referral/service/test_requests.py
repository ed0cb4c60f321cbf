"""Repeated, raced, malformed, huge and hostile requests: one effect or none, and never a word of what was typed."""

import asyncio

import pytest

from kit.testing import tokens
from tests.referral.world import API, NEED, RECORD

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


async def test_a_person_registered_again_under_the_same_key_is_the_same_person(scene):
    first = await scene.caseworker.post("/persons", dict(RECORD), key=KEY)
    again = await scene.caseworker.post("/persons", dict(RECORD), key=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    other = await scene.caseworker.post("/persons", {}, key=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "request.key-reused")
    assert await scene.world.db["persons"].count_documents({}) == 2


async def test_every_creation_under_one_key_happens_once(scene):
    consent = {
        "recipient_organization_id": scene.receiver.id,
        "purpose": "support",
        "classes": ["identity"],
        "decision": "refuse",
    }
    draft = {"person_id": scene.person, "service_id": scene.service, "purpose": "support", "classes": ["identity"]}
    creations = {
        f"/persons/{scene.person}/consents": (consent, "consents"),
        "/capacity-queries": ({"query": NEED, "service_ids": [scene.service]}, "queries"),
        "/referrals": (draft | {"need": NEED}, "referrals"),
    }
    for path, (body, collection) in creations.items():
        first = await scene.caseworker.post(path, body, key=KEY)
        again = await scene.caseworker.post(path, body, key=KEY)
        assert (first.status_code, again.status_code) == (201, 201), path
        assert again.json()["id"] == first.json()["id"]
        assert await scene.world.db[collection].count_documents({}) == 1
    kept = await scene.world.db["idempotency"].find().to_list()
    assert scene.person not in str(kept)


async def test_the_same_creation_sent_at_once_happens_once(scene):
    answers = await asyncio.gather(
        *(scene.caseworker.post("/persons", {"safety": {"risk": "low"}}, key=KEY) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert await scene.world.db["persons"].count_documents({}) == 2


async def test_a_move_says_which_version_it_moves(scene):
    referral = await scene.requested()
    read = await scene.intake.get(f"/referrals/{referral}")
    bare = await scene.world.client.post(f"{API}/referrals/{referral}/review", headers=scene.intake.headers)
    assert (bare.status_code, bare.json()["code"]) == (428, "request.precondition-missing")
    reviewed = await scene.intake.post(f"/referrals/{referral}/review", etag=read.headers["etag"])
    assert reviewed.status_code == 200
    stale = await scene.intake.post(f"/referrals/{referral}/accept", {}, etag=read.headers["etag"])
    assert (stale.status_code, stale.json()["code"]) == (412, "request.stale")
    fresh = await scene.intake.post(f"/referrals/{referral}/accept", {}, etag=reviewed.headers["etag"])
    assert fresh.status_code == 200


async def test_the_senders_etag_moves_only_with_what_it_may_see(scene):
    referral = await scene.requested(consent={"feedback": "none"})
    before = (await scene.caseworker.get(f"/referrals/{referral}")).headers["etag"]
    await scene.intake.post(f"/referrals/{referral}/accept", {})
    await scene.intake.post(f"/referrals/{referral}/start")
    assert (await scene.caseworker.get(f"/referrals/{referral}")).headers["etag"] == before
    cancelled = await scene.caseworker.post(f"/referrals/{referral}/cancel", {"reason": "other"}, etag=before)
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")


HOSTILE = [
    {"identity": {"prs_FirstName": {"$ne": None}}},
    {"identity": {"prs_FirstName": ["Lina"]}},
    {"identity": {"$where": "sleep(1000)"}},
    {"identity": {"prs_FirstName": "Li\u202ena"}},
    {"identity": {"prs_FirstName": "Li\u0000na"}},
    {"identity": {"prs_FirstName": "Li\nna"}},
    {"identity": {"prs_FirstName": "\ufeff"}},
    {"identity": {"prs_FirstName": "Lina" * 60}},
    {"identity": {"prs_Birthdate": "Lina"}},
    {"identity": {"languages": ["Lina"]}},
    {"identity": {"age_band": "Lina"}},
    {"household": {"children_ages": [-1]}},
    {"household": {"children_ages": [10**30]}},
    {"exploitation": {"types": ["Lina"]}},
    {"exploitation": {"vic_TypeOfExploitation": ["Lina"]}},
    {"exploitation": {"vic_MethodsOfControl": "PhysicalAbuse Lina"}},
    {"exploitation": {"vic_AgeWhenTrafficked": -1}},
    {"exploitation": {"vic_Vulnerabilities": ["Migration", "Lina"]}},
    {"exploitation": {"events": [{"hte_Type": "Transit", "hte_City": "Lina"}]}},
    {"exploitation": {"events": [{"hte_Type": "Transit", "hte_Country": "Lina"}]}},
    {"exploitation": {"perpetrators": [{"per_RoleInProcess": []}]}},
    {"immigration": {"prs_Citizenship": ["ZZ"]}},
    {"Lina": {}},
    {"safety": "Lina"},
    [],
    "Lina",
    None,
]


async def test_hostile_or_malformed_records_are_refused_and_repeated_to_nobody(scene):
    for body in HOSTILE:
        answer = await scene.caseworker.post("/persons", body)
        assert answer.status_code == 422, body
        assert answer.json()["code"] == "request.invalid"
        assert "Lina" not in answer.text
        assert "Li" not in answer.text.replace("Lisez", "")
    assert await scene.world.db["persons"].count_documents({}) == 1


async def test_operators_and_odd_identifiers_open_nothing(scene):
    referral = await scene.requested()
    for odd in ("$ne", "null", "%00", "..", "0" * 400, "{}", f"{referral}%20", referral.upper()):
        answer = await scene.intake.get(f"/referrals/{odd}")
        assert answer.status_code in {200, 404, 405, 422}, odd
        assert answer.status_code != 200 or odd == referral.upper()
    listed = await scene.world.client.get(
        f"{API}/referrals?direction[$ne]=sent&direction=received&limit=1", headers=scene.intake.headers
    )
    assert [item["id"] for item in listed.json()["items"]] == [referral]
    for parameters in (
        {"direction": "$ne"},
        {"direction": "sent", "limit": "1000"},
        {"direction": "sent", "cursor": "{}"},
    ):
        assert (await scene.intake.get("/referrals", **parameters)).status_code in {400, 422}


async def test_what_is_not_json_or_too_large_is_refused(scene):
    headers = scene.caseworker.headers
    client = scene.world.client
    broken = await client.post(f"{API}/persons", headers=headers | {"content-type": "application/json"}, content="{")
    assert (broken.status_code, broken.json()["code"]) == (400, "request.malformed")
    form = await client.post(f"{API}/persons", headers=headers, data={"identity": "Lina"})
    assert (form.status_code, form.json()["code"]) == (415, "request.unsupported-media-type")
    huge = await client.post(f"{API}/persons", headers=headers, json={"safety": {"note": "x" * 300_000}})
    assert (huge.status_code, huge.json()["code"]) == (413, "request.too-large")
    deep = "[" * 100_000
    nested = await client.post(f"{API}/persons", headers=headers | {"content-type": "application/json"}, content=deep)
    assert nested.status_code in {400, 422}


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_each_refusal_says_what_to_do_next_in_ones_language(scene, language):
    referral = await scene.drafted()
    headers = scene.caseworker.headers | {"Accept-Language": language, "If-Match": "*"}
    answer = await scene.world.client.post(f"{API}/referrals/{referral}/request", headers=headers)
    words = {
        "fr": "Demandez le consentement de la personne, puis envoyez.",
        "en": "Ask for the person's consent, then send.",
    }
    assert answer.json()["next"] == words[language]
    assert answer.json()["code"] == "consent.not-live"


async def test_an_organisations_own_software_works_within_its_scopes(scene):
    app = scene.world.signed_in(scene.receiver, "app", "intake")
    app.headers = tokens.as_app(
        scopes={"referral:read"}, organization=scene.receiver.id, alias="shelter", sector="community"
    )
    referral = await scene.accepted()
    assert (await app.get(f"/referrals/{referral}")).json()["disclosed"]["identity"]["preferred_name"] == "Lina"
    assert (await app.post(f"/referrals/{referral}/start")).json()["code"] == "auth.missing-scope"
    cancelled = await app.post(f"/referrals/{referral}/cancel", {"reason": "other"})
    assert cancelled.json()["code"] == "auth.missing-scope"
