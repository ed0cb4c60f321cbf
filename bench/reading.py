"""What reading costs end to end: CPU in all Python processes for a directory search and for a referral read.

Run with `make bench`, or alone: `python -m bench.reading`. Gateway and services are processes before a real MongoDB
and NATS, telemetry on with no exporter; the directory holds the seed's 200 services.
"""

import asyncio
import statistics

import psutil

from bench.driving import Call, cpu, load
from bench.system import prepared
from kit.clock import utc_now
from kit.mongo import Mongo, ensure_indexes
from kit.testing import ManualClock, tokens
from services.membership.main import office_of
from services.membership.seed.data import places
from services.membership.seed.loading import BOARD_MAY, acting, settle
from services.membership.settings import MembershipSettings
from services.membership.store import INDEXES
from services.referral.main import create
from services.referral.settings import ReferralSettings
from tests.referral.world import API, a_scene, quiet_world

SEARCH = "/api/v1/membership/services?need=shelter&limit=20"
SCENES, SEARCHERS = 60, 150
REQUESTS, ROUNDS = 1_500, 4


async def fill_directory() -> None:
    """Admit the seed's organisations and publish their 200 services."""
    settings = MembershipSettings()
    mongo = Mongo.connect(settings.mongodb_url.get_secret_value(), settings.mongodb_database)
    await ensure_indexes(mongo.db, INDEXES)
    board = tuple(acting(f"board-{n}", "coalition", "coalition", *BOARD_MAY) for n in (1, 2))
    await settle(office_of(settings, mongo, utc_now, "bench"), places(), board)
    # Nobody is there to provision anybody: what membership would ask of Keycloak is not part of the measure.
    await mongo.db["outbox"].delete_many({})
    await mongo.close()


async def accept_referrals() -> list[Call]:
    """Bring referrals to acceptance; return for each its path and its receiver's token."""
    app = create(ReferralSettings(), clock=ManualClock(utc_now()), verifier=tokens.verifier())
    found = []
    async with quiet_world(app, app.state.desk.clock) as world:
        for _ in range(SCENES):
            scene = await a_scene(world)
            found.append(Call(f"{API}/referrals/{await scene.accepted()}", scene.intake.headers))
        await app.state.mongo.db["outbox"].delete_many({})
    return found


def measure(calls: list[Call], processes: dict[str, psutil.Process]) -> dict[str, float]:
    """Return the CPU a request costs in each process, ms, and the requests a second: medians of the rounds."""
    rows: dict[str, list[float]] = {name: [] for name in (*processes, "requests/s")}
    for round_ in range(ROUNDS + 1):
        before = {name: cpu(one) for name, one in processes.items()}
        seconds = asyncio.run(load(calls, REQUESTS))
        if round_:  # the first round warms
            rows["requests/s"].append(REQUESTS / seconds)
            for name, one in processes.items():
                rows[name].append((cpu(one) - before[name]) / REQUESTS * 1000)
    return {name: statistics.median(values) for name, values in rows.items()}


def main() -> None:
    with prepared("membership", "referral") as system:
        asyncio.run(fill_directory())
        referrals = asyncio.run(accept_referrals())
        system.start()
        base = system.open_door()
        searchers = [tokens.as_caseworker() for _ in range(SEARCHERS)]
        workloads = {
            "directory search of 20": ("membership", 1.3, [Call(base + SEARCH, caller) for caller in searchers]),
            "referral read": ("referral", 2.5, [Call(base + path, headers) for path, headers, *_ in referrals]),
        }
        print(f"{'CPU ms a request':<24}{'gateway':>9}{'service':>9}{'all':>9}{'goal':>7}{'requests/s':>12}")
        for title, (service, goal, calls) in workloads.items():
            found = measure(calls, {name: system.running[name] for name in ("gateway", service)})
            spent = found["gateway"] + found[service]
            mark = "✓" if spent <= goal else "✗"
            columns = f"{found['gateway']:>9.3f}{found[service]:>9.3f}{spent:>9.3f}{goal:>5.1f} {mark}"
            print(f"{title:<24}{columns}{found['requests/s']:>12.0f}")


if __name__ == "__main__":
    main()
