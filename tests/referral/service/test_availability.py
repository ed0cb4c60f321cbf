"""Whether a place is left is told in one word; of a confidential service late, at fixed hours, and never how many."""

import json
from datetime import UTC, datetime, timedelta

import pytest

SUBJECT = "referral.availability-changed.v1"
NOON = datetime(2027, 1, 4, 12, 10, tzinfo=UTC)


async def _told(scene) -> list[tuple[str, datetime]]:
    rows = await scene.world.outbox(f"availability:{scene.service}")
    return [(json.loads(row["data"])["availability"], row["at"]) for row in rows if row["subject"] == SUBJECT]


async def _reads(scene) -> str | None:
    found = await scene.caseworker.get(f"/services/{scene.service}/availability")
    assert found.json().keys() == {"service_id", "availability"}
    return found.json()["availability"]


@pytest.fixture
async def confidential(scene_of, clock):
    clock.now = NOON
    return await scene_of(places=1, confidential=True)


async def test_of_an_open_service_a_change_is_told_at_once_and_once(scene_of):
    scene = await scene_of(places=2)
    assert await _reads(scene) == "some"
    await scene.accepted()
    assert await _told(scene) == []
    last = await scene.another_to_accept()
    assert [word for word, _ in await _told(scene)] == ["none"]
    assert await _reads(scene) == "none"
    await scene.intake.post(f"/referrals/{last}/cancel", {"reason": "other"})
    assert [word for word, _ in await _told(scene)] == ["none", "some"]


async def test_of_a_service_that_counts_no_places_nothing_is_told(scene):
    await scene.accepted()
    assert await _reads(scene) is None
    assert await _told(scene) == []
    missing = await scene.caseworker.get(f"/services/{scene.person}/availability")
    assert (missing.status_code, missing.json()["code"]) == (404, "referral.not-found")


async def test_of_a_confidential_service_a_change_is_told_at_a_fixed_hour(confidential, clock):
    scene = confidential
    await scene.accepted()
    assert (await _reads(scene), await _told(scene)) == ("some", [])
    clock.now = NOON.replace(hour=17, minute=59)
    await scene.world.due()
    assert (await _reads(scene), await _told(scene)) == ("some", [])
    clock.now = NOON.replace(hour=18, minute=0)
    await scene.world.due()
    assert (await _reads(scene), await _told(scene)) == ("none", [("none", clock.now)])


async def test_a_change_that_is_not_an_hour_old_waits_for_the_next_hour(confidential, clock):
    scene = confidential
    referral = await scene.accepted()
    clock.now = NOON.replace(hour=17, minute=30)
    await scene.intake.post(f"/referrals/{referral}/cancel", {"reason": "other"})
    other = await scene.another_to_accept()
    clock.now = NOON.replace(hour=18, minute=0)
    await scene.world.due()
    assert await _told(scene) == []
    clock.now = NOON.replace(hour=0, minute=0) + timedelta(days=1)
    await scene.world.due()
    assert await _told(scene) == [("none", clock.now)]
    await scene.intake.post(f"/referrals/{other}/cancel", {"reason": "other"})
    await scene.another_to_accept()
    clock.advance(timedelta(hours=12))
    await scene.world.due()
    assert len(await _told(scene)) == 1


async def test_no_message_of_a_confidential_services_places_gives_a_number_or_an_instant(confidential, clock):
    scene = confidential
    ends = []
    for _ in range(2):
        referral = await scene.another_to_accept()
        clock.advance(timedelta(hours=7, minutes=3))
        await scene.world.due()
        await scene.intake.post(f"/referrals/{referral}/cancel", {"reason": "other"})
        ends.append(referral)
        clock.advance(timedelta(hours=7, minutes=3))
        await scene.world.due()
    for referral in ends:
        assert not {"places-taken", "places-released"} & {*await scene.world.subjects(referral)}
    rows = [row async for row in scene.world.db["outbox"].find({})]
    assert not any("places" in row["data"] for row in rows)
    about = [row for row in rows if row["subject"] == SUBJECT]
    assert about
    for row in about:
        said = json.loads(row["data"])
        assert said == {"service_id": scene.service, "organization_id": scene.receiver.id, **_word(said)}


def _word(said: dict) -> dict:
    assert said["availability"] in {"none", "some"}
    return {"availability": said["availability"]}
