"""Asking several services at once, without saying whom."""

import asyncio
from datetime import timedelta

import pytest

from tests.referral.world import NEED, Scene


async def ask(scene: Scene, *services: str, **need):
    body = {"query": NEED | need, "service_ids": list(services or (scene.service,))}
    return await scene.caseworker.post("/capacity-queries", body)


async def test_a_matching_answer_becomes_a_draft_in_one_call(scene):
    asked = await ask(scene, language="tgl", children=["under-5"])
    assert asked.status_code == 201
    query = asked.json()["id"]
    assert asked.json()["query"]["language"] == "interpreter"
    assert "tgl" not in str(await scene.world.stored("queries", query))

    received = (await scene.intake.get(f"/capacity-requests/{query}")).json()
    assert received["query"] == asked.json()["query"]
    body = {"service_id": scene.service, "answer": "capacity"}
    assert (await scene.intake.post(f"/capacity-requests/{query}/answer", body)).status_code == 200
    lines = (await scene.caseworker.get(f"/capacity-queries/{query}")).json()["lines"]
    assert [line["answer"] for line in lines] == ["capacity"]

    who = {"person_id": scene.person, "purpose": "support", "classes": ["identity"], "service_id": scene.service}
    drafted = await scene.caseworker.post(f"/capacity-queries/{query}/referral", who)
    assert (drafted.status_code, drafted.json()["state"], drafted.json()["urgency"]) == (201, "draft", "bed-tonight")
    seen = (await scene.caseworker.get(f"/referrals/{drafted.json()['id']}")).json()
    assert seen["need"]["children"] == ["under-5"]
    rows = await scene.world.outbox(f"capacity-query:{query}")
    assert [row["subject"] for row in rows] == ["referral.capacity-asked.v1", "referral.capacity-answered.v1"]
    assert scene.intake.id in rows[0]["data"]
    assert scene.caseworker.id in rows[1]["data"]
    assert not any("shelter" in row["data"] or 'capacity"' in row["data"] for row in rows)


async def test_an_answer_that_was_no_room_becomes_nothing(scene):
    query = (await ask(scene)).json()["id"]
    who = {"person_id": scene.person, "purpose": "support", "classes": ["identity"], "service_id": scene.service}
    assert (await scene.caseworker.post(f"/capacity-queries/{query}/referral", who)).status_code == 404
    await scene.intake.post(
        f"/capacity-requests/{query}/answer", {"service_id": scene.service, "answer": "no-capacity"}
    )
    assert (await scene.caseworker.post(f"/capacity-queries/{query}/referral", who)).status_code == 404


async def test_each_service_asked_sees_its_own_line_alone(scene):
    world = scene.world
    other_of = await world.member()
    other = await world.service(other_of)
    other_intake = await world.worker(other_of, "intake")
    query = (await ask(scene, scene.service, other)).json()["id"]
    for intake, service in ((scene.intake, scene.service), (other_intake, other)):
        seen = (await intake.get(f"/capacity-requests/{query}")).json()
        assert [line["service_id"] for line in seen["lines"]] == [service]
        assert len((await intake.get("/capacity-requests")).json()["items"]) == 1
    forged = {"service_id": other, "answer": "capacity"}
    assert (await scene.intake.post(f"/capacity-requests/{query}/answer", forged)).status_code == 404


async def test_a_query_exists_for_nobody_else(scene):
    query = (await ask(scene)).json()["id"]
    stranger_of = await scene.world.member()
    stranger = await scene.world.worker(stranger_of, "coordinator")
    for path in (f"/capacity-queries/{query}", f"/capacity-requests/{query}"):
        assert (await stranger.get(path)).status_code == 404
    assert (await scene.intake.get(f"/capacity-queries/{query}")).status_code == 404
    assert (await stranger.get("/capacity-queries")).json()["items"] == []
    assert (await stranger.get("/capacity-requests")).json()["items"] == []
    refused = [row for row in await scene.world.acts(stranger_of.id) if row["outcome"] == "refused"]
    assert len(refused) == 2


async def test_one_that_cannot_be_asked_does_not_hold_up_the_others(scene):
    world = scene.world
    unaccredited = await world.service(await world.member(accredited=False))
    police = await world.service(await world.member("law-enforcement"), "police-complaint")
    closed = await world.service(await world.member(), status="temporarily closed")
    own = await world.service(scene.sender)
    asked = (await ask(scene, scene.service, unaccredited, police, closed, own)).json()
    assert [line["service_id"] for line in asked["lines"]] == [scene.service]
    assert asked["not_asked"] == [unaccredited, police, closed, own]
    nobody = await ask(scene, unaccredited, police)
    assert (nobody.status_code, nobody.json()["code"]) == (409, "referral.recipient-unavailable")


async def test_an_organisation_that_is_not_accredited_asks_nobody(scene):
    posing = await scene.world.member(accredited=False)
    worker = await scene.world.worker(posing)
    refused = await worker.post("/capacity-queries", {"query": NEED, "service_ids": [scene.service]})
    assert (refused.status_code, refused.json()["code"]) == (403, "referral.sender-not-accredited")
    assert await scene.world.db["queries"].count_documents({}) == 0


async def test_a_worker_asks_twenty_times_an_hour_even_all_at_once(scene, clock):
    clock.now = clock().replace(minute=5)
    answers = await asyncio.gather(*(ask(scene) for _ in range(24)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * 20 + [429] * 4
    assert await scene.world.db["queries"].count_documents({}) == 20
    clock.advance(timedelta(hours=1))
    assert (await ask(scene)).status_code == 201


async def test_an_answer_stands_and_comes_in_time(scene, clock):
    query = (await ask(scene)).json()["id"]
    path = f"/capacity-requests/{query}/answer"
    more = {"service_id": scene.service, "answer": "more-information", "information": ["children"]}
    assert (await scene.intake.post(path, more)).status_code == 200
    yes = {"service_id": scene.service, "answer": "capacity"}
    assert (await scene.intake.post(path, yes)).status_code == 200
    assert (await scene.intake.post(path, yes)).json()["code"] == "capacity.already-answered"
    late = (await ask(scene)).json()["id"]
    clock.advance(timedelta(hours=2))
    assert (await scene.intake.post(f"/capacity-requests/{late}/answer", yes)).json()["code"] == "capacity.query-closed"


async def test_a_preview_says_what_is_made_coarser_and_keeps_nothing(scene):
    preview = await scene.caseworker.post("/capacity-preview", NEED | {"language": "iku"})
    assert preview.json()["coarsened"] == [{"field": "language", "sent": "interpreter", "why": "rare-language"}]
    assert await scene.world.db["queries"].count_documents({}) == 0


@pytest.mark.parametrize(
    "need",
    [{"needs": []}, {"needs": ["love"]}, {"region": "18"}, {"party_size": 0}, {"name": "Lina"}, {"language": "Lina Q"}],
)
async def test_a_query_cannot_hold_a_name_or_a_sentence(scene, need):
    refused = await ask(scene, **need)
    assert (refused.status_code, refused.json()["code"]) == (422, "request.invalid")
    assert "Lina" not in refused.text


async def test_lists_go_page_by_page_and_a_cursor_is_its_owners_alone(scene, clock):
    queries = []
    for _ in range(3):
        clock.advance(timedelta(minutes=1))
        queries.append((await ask(scene)).json()["id"])
    first = (await scene.caseworker.get("/capacity-queries", limit=2)).json()
    second = (await scene.caseworker.get("/capacity-queries", limit=2, cursor=first["next"])).json()
    assert [item["id"] for item in first["items"] + second["items"]] == queries[::-1]
    assert second["next"] is None
    stolen = await scene.intake.get("/capacity-requests", cursor=first["next"])
    assert (stolen.status_code, stolen.json()["code"]) == (400, "request.malformed-cursor")
