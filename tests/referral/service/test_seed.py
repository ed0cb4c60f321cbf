"""Invented referrals are referrals: their parties list them, read them and go on with them."""

import pytest

from services.referral import seed
from services.referral.seed.population import EACH_PERSON


async def members(world, count):
    for _ in range(count):
        member = await world.member()
        await world.service(member, "shelter", "transport")
        yield await world.worker(member, "intake", "caseworker")


async def test_seeded_referrals_are_listed_and_read_by_both_parties(world):
    workers = [worker async for worker in members(world, 5)]
    counted = []
    added = await seed.load(world.desk, 31, counted.append)
    assert added == sum(counted) == 33
    seen = {"sent": set(), "received": set()}
    for worker in workers:
        for direction, found in seen.items():
            page = (await worker.get("/referrals", direction=direction, limit=100)).json()
            for line in page["items"]:
                assert (await worker.get(f"/referrals/{line['id']}")).status_code == 200
                found.add(line["id"])
    assert len(seen["sent"]) == added
    assert seen["sent"] == seen["received"]


async def test_what_is_seeded_tells_nobody_and_gives_no_mnemonic_twice(world):
    assert [worker async for worker in members(world, EACH_PERSON + 1)]
    await seed.load(world.desk, 30, lambda _: None)
    await seed.load(world.desk, 30, lambda _: None, seed=2)
    assert await world.db["outbox"].count_documents({}) == 0
    assert await world.db["persons"].count_documents({}) == 20


async def test_too_few_members_refer_nobody(world):
    assert [worker async for worker in members(world, EACH_PERSON)]
    with pytest.raises(seed.NobodyToRefer):
        await seed.load(world.desk, 3, lambda _: None)
    assert await world.db["persons"].count_documents({}) == 0
