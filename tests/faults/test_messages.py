"""Duplicates, poison, late and swapped messages, lost streams: each ends with nothing lost and nothing twice."""

from functools import partial

import pytest
from structlog.testing import capture_logs

from cli import bus as bus_code
from kit import relay as relay_code
from kit.consumer import Reaction
from kit.marks import ask_replay, drop_parked
from kit.messages import headers_of
from kit.projections import Projection, ask_rebuild
from kit.relay import Relay
from kit.tasks import running
from kit.testing import ManualClock, eventually
from tests.toy.measured import measured
from tests.toy.wallet import (
    BALANCES,
    LEDGER,
    NO_FAULTS,
    Ledger,
    SeenPaid,
    Wallet,
    add_to_balance,
    assert_in_order,
    delete_durable,
    ledger_faults,
    settle,
    total,
)


@pytest.fixture
async def wallet(mongo):
    found = Wallet(mongo, ManualClock())
    await found.prepare()
    return found


@pytest.fixture
async def wires(bus_of):
    async with bus_of("wallet") as out, bus_of("ledger") as inn:
        yield out, inn


async def republish_everything(mongo, js, ids=lambda row: f"again-{row['_id']}"):
    async for row in mongo.db["outbox"].find({"data": {"$exists": True}}).sort("_id", 1):
        await publish(js, row, ids(row))


async def publish(js, row, message_id):
    await js.publish(row["subject"], row["data"].encode(), headers=headers_of(row) | {"Nats-Msg-Id": message_id})


async def test_a_stream_republished_after_the_dedupe_window_has_no_second_effect(mongo, wallet, wires, ops):
    out, inn = wires
    ledger = Ledger(mongo)
    balances = Projection(mongo, inn, BALANCES, {SeenPaid: add_to_balance}, "p")
    reaction = Reaction(mongo, inn, LEDGER, ledger.handlers)
    durables = (LEDGER.name, BALANCES.durables[0])
    before = [measured("redeliveries_total", durable=durable) for durable in durables]
    async with running(Relay(mongo, out, "wallet", "r").run(), reaction.run(), balances.run()):
        for n in range(30):
            await wallet.pay(f"w{n % 3}", n)
        await settle(mongo)
        # Other message ids: to the bus they are new, as they are once the window has passed.
        await republish_everything(mongo, out.jetstream())
        for durable in durables:
            await eventually(partial(all_taken, ops, durable, 60), 60)
        assert await ledger_faults(mongo) == NO_FAULTS
        assert await total(await balances.live()) == sum(range(30))
        after = [measured("redeliveries_total", durable=durable) for durable in durables]
        assert [now - then for now, then in zip(after, before, strict=True)] == [30, 30]

        # A copy filled from the doubled stream, in batches, counts no more than the one filled live.
        await ask_rebuild(mongo.db, BALANCES.name, partial(delete_durable, ops))

        async def swapped():
            return (await mongo.db["projections"].find_one({"_id": BALANCES.name}))["live"] == "b"

        await eventually(swapped, 60)
        assert await total(mongo.db[BALANCES.durables[1]]) == sum(range(30))


async def all_taken(ops, durable, last):
    info = await ops.jetstream().consumer_info("WALLET", durable)
    return info.num_pending == 0 and info.num_ack_pending == 0 and info.delivered.stream_seq == last


async def test_what_a_killed_relay_left_half_published_is_overtaken_by_nothing(mongo, wallet, wires, ops):
    """The next relay knows more rows than the one that was killed, and their places in its list differ."""
    out, inn = wires
    ledger = Ledger(mongo)
    for name in ("a", "b"):
        await wallet.pay(name, 1, times=20)
    left = await mongo.db["outbox"].find().sort("_id", 1).limit(25).to_list()
    for row in left:
        await publish(out.jetstream(), row, str(row["_id"]))
    await wallet.pay("a", 1, times=6)
    async with running(Relay(mongo, out, "wallet", "r").run(), Reaction(mongo, inn, LEDGER, ledger.handlers).run()):
        await settle(mongo)
    await assert_in_order(ops, 46)


async def test_a_poisoned_message_holds_back_its_own_aggregate_only(mongo, wallet, wires):
    out, inn = wires
    ledger = Ledger(mongo)
    ledger.poisoned.add("bad")
    before = measured("parked_total", durable=LEDGER.name)
    async with running(Relay(mongo, out, "wallet", "r").run(), Reaction(mongo, inn, LEDGER, ledger.handlers).run()):
        for n in range(5):
            await wallet.pay("bad", n)
            await wallet.pay("good", n)
        await settle(mongo, NO_FAULTS | {"lost": 5, "parked": 5})
        assert measured("parked_total", durable=LEDGER.name) == before + 5
        first = await mongo.db["parked"].find_one({"sequence": 1})
        assert (first["aggregate"], first["reason"]) == ("wallet:bad", "Poison")
        assert (await mongo.db["parked"].find_one({"sequence": 2}))["reason"] == "behind-parked"

        # Not cured: the replay parks it again and nothing overtakes it.
        await ask_replay(mongo.db, LEDGER.name)

        async def replay_over():
            return await mongo.db["marks"].find_one({"aggregate": "wallet:bad", "replay": False})

        await eventually(replay_over)
        assert await ledger_faults(mongo) == NO_FAULTS | {"lost": 5, "parked": 5}

        ledger.poisoned.clear()
        await wallet.pay("bad", 6)
        await ask_replay(mongo.db, LEDGER.name)
        await settle(mongo)
        entries = await mongo.db["entries"].find({"wallet": "bad"}).sort("_id", 1).to_list()
        assert [entry["sequence"] for entry in entries] == [1, 2, 3, 4, 5, 6]


class Clumsy(Ledger):
    """Asks MongoDB for what it refuses because of what a message says."""

    def __init__(self, mongo, ask) -> None:
        super().__init__(mongo)
        self.ask = ask

    async def on_paid(self, session, delivery):
        await super().on_paid(session, delivery)
        if delivery.data.wallet_id == "bad":
            await self.ask(self.mongo.db["entries"], session)


async def write_twice(entries, session):
    await entries.insert_many([{"_id": "one"}, {"_id": "one"}], session=session)


async def ask_nonsense(entries, session):
    await entries.find_one({"$nonsense": 1}, session=session)


async def set_twice(entries, session):
    await entries.update_one({"wallet": "bad"}, {"$set": {"a": 1}, "$inc": {"a": 1}}, session=session)


@pytest.mark.parametrize(
    ("ask", "reason"),
    [(write_twice, "BulkWriteError"), (ask_nonsense, "OperationFailure"), (set_twice, "WriteError")],
)
async def test_a_message_that_mongodb_refuses_is_parked_and_stops_nobody_else(mongo, wallet, wires, ask, reason):
    out, inn = wires
    reaction = Reaction(mongo, inn, LEDGER, Clumsy(mongo, ask).handlers)
    async with running(Relay(mongo, out, "wallet", "r").run(), reaction.run()):
        await wallet.pay("bad", 1)
        await wallet.pay("good", 1, times=3)
        await settle(mongo, NO_FAULTS | {"lost": 1, "parked": 1})
    assert (await mongo.db["parked"].find_one())["reason"] == reason


async def test_a_dropped_message_says_who_dropped_it_and_lets_the_next_one_pass(mongo, wallet, wires):
    out, inn = wires
    ledger = Ledger(mongo)
    ledger.poisoned.add("bad")
    async with running(Relay(mongo, out, "wallet", "r").run(), Reaction(mongo, inn, LEDGER, ledger.handlers).run()):
        await wallet.pay("bad", 1, times=3)
        await settle(mongo, NO_FAULTS | {"lost": 3, "parked": 3})
        ledger.poisoned.clear()
        at = wallet.clock()
        await mongo.transaction(lambda s: drop_parked(s, mongo.db, LEDGER.name, "wallet:bad", "ops-anne", at))
        await ask_replay(mongo.db, LEDGER.name)
        await settle(mongo, NO_FAULTS | {"lost": 1})
    dropped = await mongo.db["dropped"].find_one({})
    assert (dropped["sequence"], dropped["by"], dropped["reason"]) == (1, "ops-anne", "Poison")


async def test_a_malformed_body_is_parked_and_a_foreign_message_stops_nobody(mongo, wallet, wires):
    out, inn = wires
    ledger = Ledger(mongo)
    await wallet.pay("odd", 1)
    await mongo.db["outbox"].update_one({}, {"$set": {"data": '{"wallet_id": 7}'}})
    async with running(Relay(mongo, out, "wallet", "r").run(), Reaction(mongo, inn, LEDGER, ledger.handlers).run()):
        await settle(mongo, NO_FAULTS | {"lost": 1, "parked": 1})
        assert (await mongo.db["parked"].find_one())["reason"] == "ValidationError"
        await mongo.db["outbox"].delete_many({"aggregate": "nobody"})
        await out.jetstream().publish("wallet.paid.v1", b"not ours", headers={"Nats-Msg-Id": "foreign"})
        lease = await mongo.db["leases"].find_one({"_id": "relay:wallet"})
        await wallet.pay("fine", 1)
        await settle(mongo, NO_FAULTS | {"lost": 1, "parked": 1})
        assert (await mongo.db["leases"].find_one({"_id": "relay:wallet"}))["epoch"] == lease["epoch"]


async def test_an_erasure_passes_what_is_parked_and_takes_it_away(mongo, wallet, wires):
    out, inn = wires
    ledger = Ledger(mongo)
    ledger.poisoned.add("bad")
    async with running(Relay(mongo, out, "wallet", "r").run(), Reaction(mongo, inn, LEDGER, ledger.handlers).run()):
        await wallet.pay("bad", 1, times=3)
        await settle(mongo, NO_FAULTS | {"lost": 3, "parked": 3})
        await wallet.erase("bad")

        async def gone():
            return await mongo.db["parked"].count_documents({}) == 0

        await eventually(gone)
    rows = await mongo.db["outbox"].find({"aggregate": "wallet:bad"}).sort("sequence", 1).to_list()
    assert [row.get("tombstone", False) for row in rows] == [True, True, True, False]
    assert all("data" not in row for row in rows[:3])


async def test_a_wiped_stream_is_noticed_and_rebuilt_beside_the_live_relay(mongo, wallet, wires, ops):
    out, inn = wires
    ledger = Ledger(mongo)
    relay, reaction = Relay(mongo, out, "wallet", "r"), Reaction(mongo, inn, LEDGER, ledger.handlers)
    balances = Projection(mongo, inn, BALANCES, {SeenPaid: add_to_balance}, "p")
    async with running(relay.run(), reaction.run(), balances.run()):
        for n in range(10):
            await wallet.pay(f"w{n % 2}", n)
        await settle(mongo)
        await ops.jetstream().delete_stream("WALLET")
        await bus_code.apply(ops.jetstream(), ["wallet"], 64 * 1024**2)
        await wallet.pay("w0", 99)

        # Less in the stream than was published: the relay must not go on as if nothing had happened.
        async def waits():
            return await mongo.db["outbox"].count_documents({"pending": True}) == 1

        await eventually(waits)

        async def recreate():
            await bus_code.recreate_stream(ops.jetstream(), "wallet")

        rows = await relay_code.rebuild(mongo, "wallet", recreate)
        assert rows == 11
        await settle(mongo)
        await assert_in_order(ops, 11)
        await eventually(partial(all_taken, ops, BALANCES.durables[0], 11), 60)
        assert await total(await balances.live()) == sum(range(10)) + 99


async def test_a_full_stream_refuses_and_the_outbox_waits(mongo, wallet, wires, ops):
    out, inn = wires
    ledger = Ledger(mongo)
    await bus_code.apply(ops.jetstream(), ["wallet"], 4096)
    async with running(Relay(mongo, out, "wallet", "r").run(), Reaction(mongo, inn, LEDGER, ledger.handlers).run()):
        await wallet.pay("w", 1, times=30)

        async def some_wait():
            waiting = await mongo.db["outbox"].count_documents({"pending": True})
            return (await ops.jetstream().stream_info("WALLET")).state.messages > 0 and waiting > 0

        await eventually(some_wait)

        async def told():
            return measured("outbox_age_seconds", source="wallet") > 1

        await eventually(told)
        with capture_logs() as logged:
            async with running(Relay(mongo, out, "wallet", "standby").run()):
                await eventually(partial(alarmed, logged))
        assert measured("stream_fill_ratio", source="wallet") >= 0.7
        await bus_code.apply(ops.jetstream(), ["wallet"], 64 * 1024**2)
        await settle(mongo)
    await assert_in_order(ops, 30)


async def alarmed(logged):
    return [line for line in logged if (line["log_level"], line["event"]) == ("error", "relay.stream-filling")]


async def test_a_projection_is_rebuilt_under_its_readers(mongo, wallet, wires, ops):
    out, inn = wires
    projection = Projection(mongo, inn, BALANCES, {SeenPaid: add_to_balance}, "p")
    async with running(Relay(mongo, out, "wallet", "r").run(), projection.run()):
        for n in range(300):
            await wallet.pay(f"w{n % 7}", 1)

        async def seen():
            return await total(await projection.live())

        async def complete():
            return await seen() == 300

        await eventually(complete, 30)

        for copy in ("b", "a"):
            assert await ask_rebuild(mongo.db, BALANCES.name, partial(delete_durable, ops)) == copy

            async def swapped(copy=copy):
                assert await seen() >= 300, "readers saw a copy that was not full"
                state = await mongo.db["projections"].find_one({"_id": BALANCES.name})
                return state["live"] == copy and state["rebuild"] is None

            await eventually(swapped, 30)
        await wallet.pay("w0", 5)

        async def goes_on():
            return await seen() == 305

        await eventually(goes_on)
