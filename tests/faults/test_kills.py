"""kill -9 at the worst moments: nothing lost, nothing twice, nothing stuck."""

import asyncio
import random
import signal
import time

import pytest

from kit.clock import utc_now
from kit.testing import eventually
from tests.toy.wallet import Wallet, assert_in_order, settle

KILLS = 14
# Shorter than in earnest: a durable whose consumer was killed stands still for that long.
ACK_WAIT_SECONDS = 5.0


@pytest.fixture
async def wallet(mongo):
    found = Wallet(mongo, utc_now)
    await found.prepare()
    return found


async def test_a_relay_killed_between_commit_and_publish_leaves_nothing_untold(wallet, mongo, workers, ops):
    for n in range(50):
        await wallet.pay(f"w{n % 5}", n)
    dying = workers.start("relay", die_before_batches=1)
    assert await asyncio.to_thread(dying.wait, 60) == -signal.SIGKILL
    assert await mongo.db["outbox"].count_documents({"pending": True}) == 50
    assert (await ops.jetstream().stream_info("WALLET")).state.messages == 0
    workers.start("relay")
    workers.start("ledger")
    await settle(mongo)
    await assert_in_order(ops, 50)


async def test_a_relay_killed_between_publish_and_record_publishes_nothing_twice(wallet, mongo, workers):
    for n in range(50):
        await wallet.pay(f"w{n % 5}", n)
    dying = workers.start("relay", die_after_batches=1)
    assert await asyncio.to_thread(dying.wait, 60) == -signal.SIGKILL
    workers.start("relay")
    workers.start("ledger")
    await settle(mongo)


async def test_a_consumer_killed_between_effect_and_ack_repeats_no_effect(wallet, mongo, workers):
    for n in range(20):
        await wallet.pay(f"w{n % 5}", n)
    workers.start("relay")
    dying = workers.start("ledger", die_after_effects=7, ack_wait=ACK_WAIT_SECONDS)
    assert await asyncio.to_thread(dying.wait, 60) == -signal.SIGKILL
    workers.start("ledger", ack_wait=ACK_WAIT_SECONDS)
    await settle(mongo)


async def test_two_relays_of_which_one_loses_its_lease_publish_each_row_once_and_in_order(wallet, mongo, workers, ops):
    first = workers.start("relay", lease_seconds=1.0)
    await wallet.pay("w0", 1)

    async def someone_holds():
        return await mongo.db["leases"].find_one({"_id": "relay:wallet", "holder": {"$exists": True}})

    await eventually(someone_holds, 60)
    second = workers.start("relay", lease_seconds=1.0)
    for round_ in range(4):
        # Frozen past its lease, then thawed: it still believes it holds it.
        paused = (first, second)[round_ % 2]
        paused.send_signal(signal.SIGSTOP)
        for n in range(20):
            await wallet.pay(f"w{n % 3}", n)
        await asyncio.sleep(2)
        paused.send_signal(signal.SIGCONT)
    workers.start("ledger")
    await settle(mongo)
    await assert_in_order(ops, 81)


# Slow beside others; what stands still fails long before.
@pytest.mark.timeout(900)
async def test_processes_killed_at_random_during_a_thousand_payments_lose_nothing(wallet, mongo, workers, ops):
    chance, began = random.Random(20261124), time.monotonic()
    options = {"relay": {}, "ledger": {"ack_wait": ACK_WAIT_SECONDS}}
    running = {role: [workers.start(role, **options[role]) for _ in range(2)] for role in options}
    paying = workers.start("payer", payments=1000)

    async def under_way():
        return await mongo.db["entries"].find_one({})

    await eventually(under_way, 200)
    # As slowly as processes start here, so that each is killed at its work and not before it.
    pace = time.monotonic() - began
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.1, 0.8) * pace)
        role = chance.choice(["relay", "ledger"])
        workers.kill(running[role].pop(0))
        running[role].append(workers.start(role, **options[role]))
    assert await asyncio.to_thread(paying.wait) == 0
    await settle(mongo)
    await assert_in_order(ops, 1000)
