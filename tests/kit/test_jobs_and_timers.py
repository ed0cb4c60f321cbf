"""Due work: in order a lane, once a key, and a dead destination holds up nobody else."""

from datetime import timedelta

import pytest

from kit import jobs, timers
from kit.clock import utc_now
from kit.jobs import Jobs, Permanent
from kit.mongo import Lease, LeaseLost, VersionConflict, ensure_indexes, save_version
from kit.tasks import running
from kit.testing import ManualClock, eventually
from kit.timers import Timers


@pytest.fixture
async def ready(mongo):
    await ensure_indexes(mongo.db, jobs.INDEXES | timers.INDEXES)
    return mongo


def add(mongo, work, lane, key, payload=None, **options):
    return mongo.transaction(lambda s: work.add(s, "mail", lane, key, payload or {}, utc_now(), **options))


async def test_a_lane_is_worked_in_order_and_a_key_once(ready):
    done = []

    async def effect(job):
        done.append(job.key)

    work = Jobs(ready, utc_now, {"mail": effect}, "h")
    for n in range(5):
        await add(ready, work, "a@example.org", f"k{n}")
    await add(ready, work, "a@example.org", "k3")
    async with running(work.run()):

        async def finished():
            return len(done) == 5

        await eventually(finished)

        async def no_lane_left():
            return await ready.db["lanes"].count_documents({}) == 0

        await eventually(no_lane_left)
    assert done == [f"k{n}" for n in range(5)]


async def test_a_dead_destination_holds_up_nobody_and_is_tried_again_with_the_same_key(ready):
    attempts, alive = [], set()

    async def effect(job):
        attempts.append((job.destination, job.key))
        if job.destination == "dead" and "dead" not in alive:
            raise ConnectionRefusedError

    work = Jobs(ready, utc_now, {"mail": effect}, "h")
    for n in range(20):
        await add(ready, work, "dead", f"d{n}")
    await add(ready, work, "well", "w0")
    async with running(work.run()):

        async def well_served():
            return ("well", "w0") in attempts

        await eventually(well_served, 3)
        assert {key for lane, key in attempts if lane == "dead"} == {"d0"}
        alive.add("dead")

        async def all_done():
            return await ready.db["jobs"].count_documents({"state": "done"}) == 21

        await eventually(all_done)
    assert [key for lane, key in attempts if lane == "dead"].count("d0") >= 2


async def test_a_permanent_refusal_is_kept_with_its_reason_and_the_next_job_goes_on(ready):
    async def effect(job):
        if job.key == "bad":
            raise Permanent("address-refused")

    work = Jobs(ready, utc_now, {"mail": effect}, "h")
    await add(ready, work, "lane", "bad")
    await add(ready, work, "lane", "good")
    async with running(work.run()):

        async def done():
            return await ready.db["jobs"].find_one({"_id": "good", "state": "done"})

        await eventually(done)
    bad = await ready.db["jobs"].find_one({"_id": "bad"})
    assert (bad["state"], bad["reason"]) == ("failed", "address-refused")


async def test_a_job_past_its_expiry_is_never_done(ready):
    done = []

    async def effect(job):
        done.append(job.key)

    work = Jobs(ready, utc_now, {"mail": effect}, "h")
    await add(ready, work, "lane", "old", expires=utc_now() - timedelta(seconds=1))
    await add(ready, work, "lane", "new")
    async with running(work.run()):

        async def finished():
            return done == ["new"]

        await eventually(finished)
    assert (await ready.db["jobs"].find_one({"_id": "old"}))["state"] == "expired"


async def test_two_workers_never_hold_one_lane_at_once(ready):
    busy, most, done = [0], [0], []

    async def effect(job):
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        await ready.db["anything"].find_one({})
        busy[0] -= 1
        done.append(job.key)

    first, second = (Jobs(ready, utc_now, {"mail": effect}, holder) for holder in "ab")
    async with running(first.run(), second.run()):
        for n in range(60):
            await add(ready, first, "lane", f"k{n:02}")

        async def finished():
            return len(done) >= 60

        await eventually(finished)
    assert most[0] == 1
    assert done == [f"k{n:02}" for n in range(60)]


async def test_a_timer_fires_when_due_and_not_before(ready):
    clock, fired = ManualClock(), []

    async def on_due(key, due):
        fired.append((key, due))

    work = Timers(ready, clock, {"remind": on_due})
    due = clock() + timedelta(days=10)
    await ready.transaction(lambda s: work.set(s, "remind", "r1", due))
    assert not await work.fire_next()
    clock.advance(timedelta(days=11))
    assert await work.fire_next()
    assert fired == [("r1", due)]
    assert not await work.fire_next()


async def test_a_cancelled_timer_never_fires_and_a_moved_one_fires_at_its_new_hour(ready):
    clock, fired = ManualClock(), []

    async def on_due(key, due):
        fired.append(key)

    work = Timers(ready, clock, {"remind": on_due})
    await ready.transaction(lambda s: work.set(s, "remind", "gone", clock()))
    await ready.transaction(lambda s: work.set(s, "remind", "moved", clock()))
    await ready.transaction(lambda s: work.cancel_all(s, "gone"))
    await ready.transaction(lambda s: work.set(s, "remind", "moved", clock() + timedelta(hours=1)))
    assert not await work.fire_next()
    clock.advance(timedelta(hours=2))
    assert await work.fire_next()
    assert fired == ["moved"]


async def test_a_failed_timer_comes_back_and_survives_a_clock_set_back(ready):
    clock, fails, fired = ManualClock(), [True], []

    async def on_due(key, due):
        if fails.pop() if fails else False:
            raise ConnectionError
        fired.append(key)

    work = Timers(ready, clock, {"remind": on_due})
    await ready.transaction(lambda s: work.set(s, "remind", "r", clock()))
    assert await work.fire_next()
    clock.advance(timedelta(hours=-3))
    assert not await work.fire_next()
    clock.advance(timedelta(hours=4))
    assert await work.fire_next()
    assert fired == ["r"]


async def test_a_timer_set_anew_by_its_own_handler_stays(ready):
    clock, fired = ManualClock(), []
    work = Timers(ready, clock, {})

    async def on_due(key, due):
        fired.append(due)
        if len(fired) == 1:
            await ready.transaction(lambda s: work.set(s, "remind", key, clock() + timedelta(days=1)))

    work._kinds = {"remind": on_due}
    await ready.transaction(lambda s: work.set(s, "remind", "r", clock()))
    assert await work.fire_next()
    assert not await work.fire_next()
    clock.advance(timedelta(days=2))
    assert await work.fire_next()
    assert len(fired) == 2


async def test_a_lease_has_one_holder_and_fences_the_one_before(mongo):
    first, second = Lease(mongo.db, "l", "one", 0.2), Lease(mongo.db, "l", "two", 5)
    assert await first.acquire()
    assert await second.acquire() is None

    async def taken_over():
        return await second.acquire()

    await eventually(taken_over)
    with pytest.raises(LeaseLost):
        await first.fence(None)
    await second.fence(None, {"stream_sequence": 7})
    await second.release()
    assert (await first.acquire())["stream_sequence"] == 7


async def test_a_lease_that_another_held_meanwhile_is_not_renewed(mongo):
    first, second = Lease(mongo.db, "l", "one", 0.2), Lease(mongo.db, "l", "two", 0.2)
    assert await first.acquire()
    await first.renew()

    async def taken_over():
        return await second.acquire()

    await eventually(taken_over)
    await second.release()
    # It is free, and what the first knew is old all the same.
    with pytest.raises(LeaseLost):
        await first.renew()


async def test_a_document_changed_since_it_was_loaded_is_not_overwritten(mongo):
    things = mongo.db["things"]
    await mongo.transaction(lambda s: save_version(s, things, {"_id": "a", "n": 1}, 0))
    await mongo.transaction(lambda s: save_version(s, things, {"_id": "a", "n": 2}, 1))
    with pytest.raises(VersionConflict):
        await mongo.transaction(lambda s: save_version(s, things, {"_id": "a", "n": 9}, 1))
    with pytest.raises(VersionConflict):
        await mongo.transaction(lambda s: save_version(s, things, {"_id": "a", "n": 9}, 0))
    assert (await things.find_one())["n"] == 2
