"""The counts of a month: told once, five days after its end, in crowds alone, without a name or an id."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from kit.testing import ManualClock
from services.referral.commands.counting import _count, count_months
from services.referral.domain.retention import month_of
from tests.referral.service.test_retention import declined
from tests.referral.world import a_scene


async def told(world) -> list[dict]:
    rows = await world.db["outbox"].find({"subject": "referral.monthly-counted.v1"}).sort("aggregate", 1).to_list()
    return [json.loads(row["data"]) for row in rows]


async def three_scenes(world, each: int):
    scenes = [await a_scene(world) for _ in range(3)]
    for scene in scenes:
        for _ in range(each):
            await declined(scene)
    return scenes


def settled(clock: ManualClock) -> None:
    """Go to the sixth of the next month."""
    clock.advance(month_of(clock() + timedelta(days=32 - clock().day)) + timedelta(days=5, hours=1) - clock())


async def test_a_month_is_told_once_five_days_after_its_end_by_however_many_processes(world, clock):
    scenes = await three_scenes(world, 4)
    month = f"{clock():%Y-%m}"
    assert month not in await count_months(world.desk)
    settled(clock)
    clock.advance(timedelta(days=-2))
    assert await count_months(world.desk) == []
    clock.advance(timedelta(days=2))
    await asyncio.gather(*(count_months(world.desk) for _ in range(3)))
    assert await count_months(world.desk) == []
    [counted] = await told(world)
    assert counted["month"] == month
    # Where someone sleeps is not told, even of many: it would count a house's places.
    assert [cell["facts"]["region"] for cell in counted["asked"]] == ["any"]
    assert [cell["people"] for cell in counted["asked"] + counted["ended"]] == [10, 10]
    assert counted["ended"][0]["facts"] == {"sector": "community", "outcome": "declined"}
    text = json.dumps(counted)
    assert not [each for scene in scenes for each in (scene.sender.id, scene.receiver.id, scene.person) if each in text]


async def test_nothing_is_told_before_anybody_asked(world, clock):
    settled(clock)
    assert await count_months(world.desk) == []


@pytest.mark.parametrize("each", [1, 3])
async def test_too_few_are_not_told_at_all(world, clock, each):
    await three_scenes(world, each)
    settled(clock)
    await count_months(world.desk)
    assert [(row["asked"], row["ended"]) for row in await told(world)] == [([], [])]


async def test_the_voided_and_the_erased_do_not_count(world, clock):
    scenes = await three_scenes(world, 4)
    await scenes[0].requested()
    await world.desk.keys.destroy([scenes[0].person])
    one = await world.db["referrals"].find_one({"state": "declined"})
    await world.db["referrals"].update_one({"_id": one["_id"]}, {"$set": {"state": "entered-in-error"}})
    settled(clock)
    await count_months(world.desk)
    assert [sum(cell["people"] for cell in (await told(world))[0][side]) for side in ("asked", "ended")] == [10, 10]
    await world.db["referrals"].update_many({"state": "declined"}, {"$set": {"state": "entered-in-error"}})
    await _count(world.desk, datetime(2020, 1, 1, tzinfo=UTC))
    assert (await told(world))[0]["asked"] == []


async def test_after_long_away_the_last_twelve_months_are_told_in_order(world, clock):
    await (await a_scene(world)).requested()
    settled(clock)
    assert len(await count_months(world.desk)) == 1
    clock.advance(timedelta(days=366 * 2))
    months = await count_months(world.desk)
    assert (len(months), months) == (12, sorted(months))
    clock.advance(timedelta(days=-300))
    assert await count_months(world.desk) == []
