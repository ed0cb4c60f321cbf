"""What a referral costs a request, with ten thousand of them in the database and with a million.

CPU in the gateway and the service, and in MongoDB beside it. The bus is cut, so that nothing is relayed meanwhile:
the outbox waits. Run with `make bench`, or alone: `python -m bench.referrals`; `BENCH_REFERRALS` says how many are
many. Both databases are served side by side, and each round asks one, then the other.
"""

import asyncio
import os
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psutil
from rich.console import Console
from rich.progress import Progress

from bench.driving import Call, cpu, gateway, load, process
from bench.system import System, prepared
from cli.servers.process import free_port
from kit.clock import utc_now
from kit.mongo import Lease, ensure_indexes
from kit.tasks import running
from kit.testing import ManualClock, tokens
from services.referral import seed
from services.referral.main import create
from services.referral.settings import ReferralSettings
from tests.referral.world import ALL_INDEXES, API, Worker, World, a_scene, quiet_world

FEW, MANY = 10_000, int(os.environ.get("BENCH_REFERRALS", "1_000_000"))
MEMBERS, SCENES = 40, 60
REQUESTS, ROUNDS = 300, 5
ONCE = "accept"
GOALS = {"read one, disclosed": 2.0, "list of 20": 2.5, ONCE: 4.0, "queue of 20": 2.5}
RATIO = 1.2
NOWHERE = "nats://127.0.0.1:9"


@dataclass
class Side:
    """One database served: what is asked of it by workload, and the processes that answer."""

    size: int
    calls: Mapping[str, list[Call]]
    processes: Mapping[str, psutil.Process]

    def spend(self, workload: str, round_: int) -> dict[str, float]:
        """Return the CPU a request costs in each process, ms, in one round."""
        calls = self.calls[workload]
        if workload == ONCE:
            calls = calls[round_ * REQUESTS : (round_ + 1) * REQUESTS]
        before = {name: cpu(one) for name, one in self.processes.items()}
        asyncio.run(load(calls, REQUESTS))
        return {name: (cpu(one) - before[name]) / REQUESTS * 1000 for name, one in self.processes.items()}


async def fill(size: int) -> dict[str, list[Call]]:
    """Seed the database that the environment names; return the calls by workload, paths yet without a door."""
    app = create(ReferralSettings(), clock=ManualClock(utc_now()), verifier=tokens.verifier())
    async with quiet_world(app, app.state.desk.clock) as world:
        await ensure_indexes(world.db, ALL_INDEXES)
        calls: dict[str, list[Call]] = {name: [] for name in GOALS}
        for worker in [await staffed(world) for _ in range(MEMBERS)]:
            for path in ("/referrals?direction=sent", "/referrals?direction=received"):
                calls["list of 20"].append(Call(f"{API}{path}", worker.headers))
            calls["queue of 20"].append(Call(f"{API}/intake-queue", worker.headers))
        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task(f"{size:,} referrals", total=size)
            await seed.load(world.desk, size, lambda written: bar.advance(task, written))
        await sent(world, calls)
        await world.db["outbox"].delete_many({})
        await settled(world)
    return calls


async def settled(world: World) -> None:
    """Leave no work of the filling for the service to do while it is measured: chains sealed, the sweep held by us."""
    await Lease(world.db, "key-sweeper", "bench", seconds=86_400.0).acquire()
    async with running(world.desk.audit.run()):
        while await world.db["audit"].find_one({"unsealed": True}):
            await asyncio.sleep(0.1)


async def staffed(world: World) -> Worker:
    """Admit a member with a service and somebody to answer."""
    member = await world.member()
    await world.service(member, "shelter", "transport")
    return await world.worker(member, "intake", "caseworker")


async def sent(world: World, calls: Mapping[str, list[Call]]) -> None:
    """Bring referrals to acceptance, to be read, and others to a request, to be accepted once each."""
    scenes = [await a_scene(world) for _ in range(SCENES)]
    for scene in scenes:
        calls["read one, disclosed"].append(Call(f"{API}/referrals/{await scene.accepted()}", scene.intake.headers))
    for n in range(REQUESTS * (ROUNDS + 1)):
        scene = scenes[n % SCENES]
        headers = scene.intake.headers | {"If-Match": "*", "Content-Type": "application/json"}
        calls[ONCE].append(Call(f"{API}/referrals/{await scene.another()}/accept", headers, "POST", "{}"))


@contextmanager
def served(system: System, size: int) -> Iterator[Side]:
    """Fill a database of its own and serve it behind a door of its own, with no bus to be reached."""
    named = {"REFERRAL_MONGODB_DATABASE": f"referral{size}", "REFERRAL_KEYS_MONGODB_DATABASE": f"referral{size}_keys"}
    os.environ |= named
    calls = asyncio.run(fill(size))
    port, door = free_port(), free_port()
    alone = {**named, "REFERRAL_PORT": str(port), "REFERRAL_NATS_URL": NOWHERE}
    at_door = gateway(door, system.issuer, system.mongo_url, {"referral": f"http://127.0.0.1:{port}"})
    with (
        process([sys.executable, "-m", "services.referral.main"], port, **alone) as service,
        process([sys.executable, "-m", "gateway.main"], door, **at_door) as front,
    ):
        base = f"http://127.0.0.1:{door}"
        full = {name: [call._replace(url=base + call.url) for call in some] for name, some in calls.items()}
        yield Side(size, full, {"gateway": front, "service": service, "mongod": system.mongod})


def measure(sides: Sequence[Side], workload: str) -> list[dict[str, float]]:
    """Return the medians of the rounds, each of which asks every side in turn."""
    rows: list[list[dict[str, float]]] = [[] for _ in sides]
    for round_ in range(ROUNDS + 1):
        for side, found in zip(sides, rows, strict=True):
            spent = side.spend(workload, round_)
            if round_:  # the first round warms
                found.append(spent)
    return [{name: statistics.median(each[name] for each in found) for name in found[0]} for found in rows]


def main() -> None:
    with prepared("referral") as system, ExitStack() as stack:
        system.serve_keys()
        sides = [stack.enter_context(served(system, size)) for size in (FEW, MANY)]
        print(
            f"{'CPU ms a request':<22}{'referrals':>11}{'gateway':>9}{'service':>9}{'ours':>8}{'goal':>6}{'mongod':>9}"
        )
        for workload, goal in GOALS.items():
            found = measure(sides, workload)
            for side, spent in zip(sides, found, strict=True):
                ours = spent["gateway"] + spent["service"]
                mark = f"{goal:.1f} {'✓' if ours <= goal else '✗'}"
                columns = (
                    f"{spent['gateway']:>9.3f}{spent['service']:>9.3f}{ours:>8.3f}{mark:>6}{spent['mongod']:>9.3f}"
                )
                print(f"{workload:<22}{side.size:>11,}{columns}")
            few, many = (sum(spent.values()) for spent in found)
            mark = "✓" if many <= few * RATIO else "✗"
            print(f"{'':<22}{'ratio':>11}{many / few:>8.2f} × with MongoDB's (goal {RATIO}) {mark}")


if __name__ == "__main__":
    main()
