"""The toy as a process: `relay` publishes, `ledger` consumes, `payer` pays; options say where it dies.

`die_before_batches`: the relay dies with the n-th batch read and none of it published; `die_after_batches`: with it
published and not recorded. `die_after_effects`: the consumer dies between the n-th effect's commit and its ack.
"""

import asyncio
import json
import os
import signal
import sys

from kit.bus import Bus
from kit.clock import utc_now
from kit.consumer import ACK_WAIT_SECONDS, Consumer, Reaction
from kit.mongo import Mongo
from kit.relay import Relay
from tests.toy.wallet import LEDGER, Ledger, Wallet

OPTIONS = json.loads(os.environ.get("TOY_OPTIONS", "{}"))


class DyingConsumer(Consumer):
    """Dies between the effect's commit and its ack."""

    left = OPTIONS.get("die_after_effects", 0)
    ack_wait = OPTIONS.get("ack_wait", ACK_WAIT_SECONDS)

    async def _acknowledge(self, message):
        DyingConsumer.left -= 1
        if DyingConsumer.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        await super()._acknowledge(message)


class DyingRelay(Relay):
    """Dies between reading and publishing, or between the bus's ack and recording it: the rows look unpublished."""

    before = OPTIONS.get("die_before_batches", 0)
    left = OPTIONS.get("die_after_batches", 0)

    async def _send(self, rows, position):
        DyingRelay.before -= 1
        if DyingRelay.before == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return await super()._send(rows, position)

    async def _record(self, rows, position):
        DyingRelay.left -= 1
        if DyingRelay.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        await super()._record(rows, position)


async def relay(mongo: Mongo) -> None:
    async with Bus(os.environ["TOY_NATS_URL"], os.environ["TOY_WALLET_SEED"], "wallet") as bus:
        holder = f"relay-{os.getpid()}"
        await DyingRelay(mongo, bus, "wallet", holder, OPTIONS.get("lease_seconds", 2.0)).run()


async def ledger(mongo: Mongo) -> None:
    async with Bus(os.environ["TOY_NATS_URL"], os.environ["TOY_LEDGER_SEED"], "ledger") as bus:
        handlers = Ledger(mongo).handlers
        reaction = Reaction(mongo, bus, LEDGER, handlers)
        reaction._consumer = DyingConsumer(mongo, bus, LEDGER, LEDGER.name, handlers)
        await reaction.run()


async def payer(mongo: Mongo) -> None:
    wallet = Wallet(mongo, utc_now)
    for n in range(OPTIONS["payments"]):
        await wallet.pay(f"w{n % OPTIONS.get('wallets', 10)}", n)


if __name__ == "__main__":
    role = {"relay": relay, "ledger": ledger, "payer": payer}[sys.argv[1]]
    asyncio.run(role(Mongo.connect(os.environ["TOY_MONGODB_URL"], os.environ["TOY_DATABASE"])))
