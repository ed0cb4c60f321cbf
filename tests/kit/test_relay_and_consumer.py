"""The straight way: what is saved is published in order and has its effect once."""

from kit.consumer import Reaction
from kit.relay import Relay
from kit.tasks import running
from kit.testing import ManualClock, eventually
from tests.toy.wallet import LEDGER, NO_FAULTS, Ledger, Wallet, ledger_faults


async def test_every_payment_is_written_down_once(mongo, bus_of):
    wallet, ledger = Wallet(mongo, ManualClock()), Ledger(mongo)
    await wallet.prepare()
    async with bus_of("wallet") as out, bus_of("ledger") as inn:
        reaction = Reaction(mongo, inn, LEDGER, ledger.handlers)
        async with running(Relay(mongo, out, "wallet", "relay-1").run(), reaction.run()):
            for n in range(30):
                await wallet.pay(f"w{n % 3}", n, times=1 + n % 2)

            async def settled():
                return await ledger_faults(mongo) == NO_FAULTS

            await eventually(settled)


async def test_an_aggregate_is_published_strictly_by_sequence(mongo, bus_of, ops):
    wallet = Wallet(mongo, ManualClock())
    await wallet.prepare()
    for n in range(40):
        await wallet.pay(f"w{n % 4}", n, times=3)
    async with bus_of("wallet") as out, running(Relay(mongo, out, "wallet", "relay-1").run()):

        async def all_published():
            return await mongo.db["outbox"].count_documents({"pending": True}) == 0

        await eventually(all_published)
    subscription = await ops.jetstream().subscribe("wallet.>", ordered_consumer=True)
    seen = {}
    for _ in range(120):
        message = await subscription.next_msg(timeout=5)
        aggregate, sequence = message.headers["ce-subject"], int(message.headers["ce-sequence"])
        assert sequence == seen.get(aggregate, 0) + 1
        seen[aggregate] = sequence
    assert set(seen.values()) == {30}
