"""A consumer that hangs, fell silent or was killed at its work: noticed in time, taken up again, nothing skipped."""

import asyncio
import time
from functools import partial

import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from kit.consumer import Consumer
from kit.projections import Projection, ask_rebuild
from kit.relay import Relay
from kit.tasks import running
from kit.testing import ManualClock, eventually
from tests.toy.measured import measured
from tests.toy.wallet import BALANCES, LEDGER, Ledger, SeenPaid, Wallet, add_to_balance, delete_durable, settle, total

NOTICED_SECONDS = 10.0
ACK_WAIT_SECONDS = 3.0
BUSY_MACHINE_SECONDS = 5.0


@pytest.fixture
async def wallet(mongo):
    found = Wallet(mongo, ManualClock())
    await found.prepare()
    return found


@pytest.fixture
async def wires(bus_of):
    async with bus_of("wallet") as out, bus_of("ledger") as inn:
        yield out, inn


class Deaf(Consumer):
    """Hears nothing at its first fetch, and does not hear the first call to stop either."""

    since = 0.0

    async def _fetch(self, subscription, messages):
        if not self.since:
            self.since = time.monotonic()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.Event().wait()
        await super()._fetch(subscription, messages)


class Hanging:
    """A handler that hangs in the middle of its first effect."""

    since = 0.0

    def __init__(self, copy) -> None:
        self.copy = copy

    async def on_paid(self, session, delivery):
        await add_to_balance(session, self.copy, delivery)
        if not self.since:
            self.since = time.monotonic()
            await asyncio.Event().wait()


async def seconds_until_noticed(watched, durable, before):
    async def noticed():
        return watched.since and measured("consumer_restarts_total", durable=durable) > before

    await eventually(noticed, 60)
    return time.monotonic() - watched.since


async def test_what_hangs_is_noticed_within_ten_seconds_and_taken_up_again(mongo, wallet, wires):
    out, inn = wires
    durables = (LEDGER.name, BALANCES.durables[0])
    before = [measured("consumer_restarts_total", durable=durable) for durable in durables]
    hanging = Hanging(mongo.db["balances"])
    deaf = Deaf(mongo, inn, LEDGER, durables[0], Ledger(mongo).handlers)
    stuck = Consumer(mongo, inn, BALANCES, durables[1], {SeenPaid: hanging.on_paid})
    async with running(Relay(mongo, out, "wallet", "r").run(), deaf.run(), stuck.run()):
        await wallet.pay("w", 1, times=3)

        async def behind():
            return measured("consumer_lag_messages", durable=durables[1]) == 3

        await eventually(behind)
        watches = zip((deaf, hanging), durables, before, strict=True)
        found = await asyncio.gather(*(seconds_until_noticed(*watch) for watch in watches))
        assert max(found) < NOTICED_SECONDS + BUSY_MACHINE_SECONDS
        await settle(mongo)

        async def counted_once():
            return await total(hanging.copy) == 3

        # What the hanging one held went back at once: it did not wait for its ack wait (30 s) to pass.
        await eventually(counted_once, 20)


async def test_a_deleted_durable_is_noticed_within_ten_seconds_and_taken_up_again(mongo, wallet, wires, ops):
    out, inn = wires
    before = measured("consumer_restarts_total", durable=LEDGER.name)
    consumer = Consumer(mongo, inn, LEDGER, LEDGER.name, Ledger(mongo).handlers)
    async with running(Relay(mongo, out, "wallet", "r").run(), consumer.run()):
        await wallet.pay("w", 1, times=10)
        await settle(mongo)
        deleted = time.monotonic()
        await ops.jetstream().delete_consumer("WALLET", LEDGER.name)

        async def noticed():
            return measured("consumer_restarts_total", durable=LEDGER.name) > before

        await eventually(noticed, 60)
        assert time.monotonic() - deleted < NOTICED_SECONDS + BUSY_MACHINE_SECONDS
        await wallet.pay("w", 1, times=10)
        await settle(mongo)


class Killed(Consumer):
    """Is killed between the effect and the ack of each message, or of each batch, and started again."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.killed = set()

    async def _acknowledge(self, message):
        if message.headers["ce-id"] not in self.killed:
            self.killed.add(message.headers["ce-id"])
            raise InterruptedError
        await super()._acknowledge(message)


class KilledProjection(Projection):
    """Its consumers are killed so."""

    def _consumer(self, *arguments):
        found = super()._consumer(*arguments)
        found.__class__, found.killed = Killed, set()
        return found


class HastyProjection(Projection):
    """Its durables wait for an ack as long as a test can."""

    def _consumer(self, *arguments):
        found = super()._consumer(*arguments)
        found.ack_wait = ACK_WAIT_SECONDS
        return found


async def test_a_killed_consumer_before_each_ack_repeats_no_effect(mongo, wallet, wires, ops):
    """Every message is delivered twice, to a reaction, to a projection, and to a projection's fill in batches."""
    out, inn = wires
    reaction = Killed(mongo, inn, LEDGER, LEDGER.name, Ledger(mongo).handlers)
    projection = KilledProjection(mongo, inn, BALANCES, {SeenPaid: add_to_balance}, "p")
    before = measured("redeliveries_total", durable=LEDGER.name)
    async with running(Relay(mongo, out, "wallet", "r").run(), reaction.run(), projection.run()):
        for n in range(6):
            await wallet.pay(f"w{n % 2}", n)
        await settle(mongo)

        async def all_counted():
            return await total(await projection.live()) == sum(range(6))

        await eventually(all_counted, 30)
        assert len(reaction.killed) == 6
        assert measured("redeliveries_total", durable=LEDGER.name) >= before + 5
        await ask_rebuild(mongo.db, BALANCES.name, partial(delete_durable, ops))

        async def swapped():
            return (await mongo.db["projections"].find_one({"_id": BALANCES.name}))["live"] == "b"

        await eventually(swapped, 60)
        assert await total(mongo.db[f"{BALANCES.name}-b"]) == sum(range(6))


async def test_a_fill_whose_holder_was_killed_skips_nothing(mongo, wallet, wires, ops):
    """The server hands out newer messages while it still waits for the killed one's acks."""
    out, inn = wires
    for n in range(50):
        await wallet.pay(f"w{n % 5}", 1)
    projection = HastyProjection(mongo, inn, BALANCES, {SeenPaid: add_to_balance}, "p")
    filled = BALANCES.durables[1]
    await ask_rebuild(mongo.db, BALANCES.name, partial(delete_durable, ops))
    async with running(Relay(mongo, out, "wallet", "r").run()):
        await settled_outbox(mongo)
    await take_and_leave(inn, filled, 20)
    async with running(projection.run()):

        async def swapped():
            return (await mongo.db["projections"].find_one({"_id": BALANCES.name}))["live"] == "b"

        await eventually(swapped, 90)
        assert await total(mongo.db[filled]) == 50


async def settled_outbox(mongo):
    async def all_published():
        return await mongo.db["outbox"].count_documents({"pending": True}) == 0

    await eventually(all_published, 30)


async def take_and_leave(bus, durable, count):
    """What a filler that was killed leaves: messages taken, nothing acknowledged."""
    await bus.ready()
    js = bus.jetstream()
    config = ConsumerConfig(
        name=durable,
        durable_name=durable,
        ack_policy=AckPolicy.ALL,
        ack_wait=ACK_WAIT_SECONDS,
        max_ack_pending=100,
        filter_subjects=list(BALANCES.subjects),
    )
    await js.add_consumer(BALANCES.stream, config)
    subscription = await js.pull_subscribe_bind(durable, BALANCES.stream, inbox_prefix=f"_INBOX_{bus.name}.".encode())
    for _ in range(count):
        await subscription.fetch(1, timeout=5)
    await subscription.unsubscribe()


async def test_a_foreign_message_stops_no_fill(mongo, wallet, wires, ops):
    out, inn = wires
    projection = Projection(mongo, inn, BALANCES, {SeenPaid: add_to_balance}, "p")
    async with running(Relay(mongo, out, "wallet", "r").run(), projection.run()):
        await wallet.pay("w", 1, times=5)
        await settled_outbox(mongo)
        await out.jetstream().publish("wallet.paid.v1", b"not ours", headers={"Nats-Msg-Id": "foreign"})
        await wallet.pay("w", 1, times=5)
        await ask_rebuild(mongo.db, BALANCES.name, partial(delete_durable, ops))

        async def swapped():
            return (await mongo.db["projections"].find_one({"_id": BALANCES.name}))["live"] == "b"

        await eventually(swapped, 60)

        async def all_counted():
            return await total(await projection.live()) == 10

        await eventually(all_counted)
