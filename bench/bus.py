"""The bus's ceilings: relay and consumer throughput, and how long a command takes to have its effect elsewhere.

Run with `make bench`, or alone: `python -m bench.bus`. Times in milliseconds, rates in messages a second.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from cli import bus as bus_code
from kit.bus import Bus
from kit.clock import utc_now
from kit.consumer import Reaction
from kit.mongo import Mongo, Session
from kit.relay import Relay
from kit.tasks import running
from kit.testing import eventually
from tests.conftest import accounts_and_seeds
from tests.servers import running_mongod, running_nats
from tests.toy.wallet import LEDGER, Ledger, SeenPaid, Wallet

MESSAGES = 3_000
LATENCIES = 300


class Stopwatch(Ledger):
    """A ledger that notes when each effect was visible."""

    def __init__(self, mongo: Mongo) -> None:
        super().__init__(mongo)
        self.at: dict[str, float] = {}

    async def on_paid(self, session: Session, delivery) -> None:
        await super().on_paid(session, delivery)
        self.at[delivery.data.wallet_id] = time.perf_counter()


async def relay_rate(mongo: Mongo, out: Bus, wallet: Wallet) -> float:
    for n in range(MESSAGES // 50):
        await wallet.pay(f"r{n}", 1, times=50)
    start = time.perf_counter()
    async with running(Relay(mongo, out, "wallet", "bench").run()):

        async def done() -> bool:
            return await mongo.db["outbox"].count_documents({"pending": True}) == 0

        await eventually(done, 120)
    return MESSAGES / (time.perf_counter() - start)


async def consumer_rate(mongo: Mongo, inn: Bus) -> float:
    start = time.perf_counter()
    async with running(Reaction(mongo, inn, LEDGER, Ledger(mongo).handlers).run()):

        async def done() -> bool:
            return await mongo.db["entries"].count_documents({}) == MESSAGES

        await eventually(done, 300)
    return MESSAGES / (time.perf_counter() - start)


async def latencies(mongo: Mongo, out: Bus, inn: Bus, wallet: Wallet) -> list[float]:
    ledger, spans = Stopwatch(mongo), []
    handlers = {SeenPaid: ledger.on_paid}
    async with running(Relay(mongo, out, "wallet", "bench").run(), Reaction(mongo, inn, LEDGER, handlers).run()):
        await asyncio.sleep(3)
        for n in range(LATENCIES):
            name, start = f"l{n}", time.perf_counter()
            await wallet.pay(name, 1)
            while name not in ledger.at:
                await asyncio.sleep(0.0005)
            spans.append((ledger.at[name] - start) * 1000)
            await asyncio.sleep(0.01)
    return spans


async def measure(mongo_url: str, nats_url: str, seeds: dict[str, str]) -> None:
    mongo = Mongo.connect(mongo_url, "bench")
    wallet = Wallet(mongo, utc_now)
    await wallet.prepare()
    async with Bus(nats_url, seeds["wallet"], "wallet") as out, Bus(nats_url, seeds["ledger"], "ledger") as inn:
        await asyncio.gather(out.ready(), inn.ready())
        print(f"relay       {await relay_rate(mongo, out, wallet):8.0f} messages/s")
        print(f"consumer    {await consumer_rate(mongo, inn):8.0f} messages/s a durable")
        spans = sorted(await latencies(mongo, out, inn, wallet))
        p99 = spans[int(len(spans) * 0.99)]
        print(f"command → effect  p50 {statistics.median(spans):6.1f} ms   p99 {p99:6.1f} ms   ({len(spans)} commands)")
    await mongo.close()


async def prepare(nats_url: str, seed: str, services: list[str]) -> None:
    async with Bus(nats_url, seed, "ops") as ops:
        await ops.ready()
        await bus_code.apply(ops.jetstream(), services, 64 * 1024**2)


def main() -> None:
    found, seeds = accounts_and_seeds(["BENCH"])
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        with running_mongod(place / "mongod") as mongod, running_nats(place / "nats", found, seeds) as nats:
            asyncio.run(prepare(nats.url, seeds["BENCH"]["ops"], ["wallet"]))
            asyncio.run(measure(mongod.admin_url, nats.url, seeds["BENCH"]))


if __name__ == "__main__":
    main()
