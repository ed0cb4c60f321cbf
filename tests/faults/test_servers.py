"""Servers killed, restarted and paused under load: everything waits, nothing parks, nothing is lost."""

import asyncio
import contextlib
import signal

import pytest
from pymongo.errors import PyMongoError

from cli import bus as bus_code
from kit.bus import Bus
from kit.clock import utc_now
from kit.consumer import Reaction
from kit.mongo import Mongo
from kit.relay import Relay
from kit.tasks import running
from tests.toy.wallet import LEDGER, Ledger, Wallet, settle


@contextlib.asynccontextmanager
async def toy_on(mongo, nats):
    seeds = nats.seeds["OWN"]
    wallet = Wallet(mongo, utc_now)
    await wallet.prepare()
    async with Bus(nats.url, seeds["ops"], "ops") as ops:
        await ops.ready()
        await bus_code.apply(ops.jetstream(), ["wallet"], 64 * 1024**2)
    async with Bus(nats.url, seeds["wallet"], "wallet") as out, Bus(nats.url, seeds["ledger"], "ledger") as inn:
        relay = Relay(mongo, out, "wallet", "r", 2.0)
        async with running(relay.run(), Reaction(mongo, inn, LEDGER, Ledger(mongo).handlers).run()):
            yield wallet


async def test_nats_killed_and_restarted_twenty_times_loses_nothing(mongo, own_nats):
    async with toy_on(mongo, own_nats) as wallet:
        for round_ in range(20):
            for n in range(5):
                await wallet.pay(f"w{n}", round_)
            if round_ % 2:
                own_nats.server.kill()
            else:
                own_nats.server.stop()
            await wallet.pay("w0", round_)
            own_nats.server.start()
            await asyncio.to_thread(own_nats.server.wait_until_listening)
        await settle(mongo)


async def test_nats_paused_for_longer_than_a_ping_loses_nothing(mongo, own_nats):
    async with toy_on(mongo, own_nats) as wallet:
        await wallet.pay("w", 1)
        own_nats.server.signal(signal.SIGSTOP)
        await wallet.pay("w", 2, times=5)
        await asyncio.sleep(12)
        own_nats.server.signal(signal.SIGCONT)
        await settle(mongo)


async def pay_until_accepted(wallet, name):
    """Ask again after a failure as a client would; a failed answer says nothing, so count what was recorded."""
    while True:
        with contextlib.suppress(PyMongoError):
            return await wallet.pay(name, 1)
        await asyncio.sleep(0.2)


async def test_mongod_killed_under_load_loses_no_acknowledged_payment(own_mongod, own_nats):
    mongo = Mongo.connect(own_mongod.admin_url, "toy")
    async with toy_on(mongo, own_nats) as wallet:
        acknowledged = 0
        for _ in range(5):
            for n in range(10):
                await pay_until_accepted(wallet, f"w{n % 3}")
                acknowledged += 1
            own_mongod.server.kill()
            own_mongod.server.start()
            await asyncio.to_thread(own_mongod.server.wait_until_listening)
        await settle(mongo)
        recorded = sum([state["told"] async for state in mongo.db["wallets"].find()])
        assert recorded >= acknowledged
    await mongo.close()


@pytest.mark.timeout(200)
async def test_mongod_stopped_for_a_minute_parks_nothing(own_mongod, own_nats):
    mongo = Mongo.connect(own_mongod.admin_url, "toy")
    async with toy_on(mongo, own_nats) as wallet:
        for n in range(20):
            await wallet.pay(f"w{n % 3}", n)
        own_mongod.server.stop()
        await asyncio.sleep(60)
        own_mongod.server.start()
        await asyncio.to_thread(own_mongod.server.wait_until_listening)
        await pay_until_accepted(wallet, "w0")
        await settle(mongo)
    await mongo.close()
