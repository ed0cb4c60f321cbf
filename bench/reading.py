"""What reading costs end to end: CPU in all Python processes for a directory search and for a referral read.

Run with `make bench`, or alone: `python -m bench.reading`. Gateway and services are processes before a real MongoDB
and NATS, telemetry on with no exporter; the directory holds the seed's 200 services.
"""

import asyncio
import os
import secrets
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psutil

from bench.bus import prepare
from bench.driving import cpu, gateway, load, process, publish_keys, uvicorn
from cli.servers.process import free_port
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
from tests.conftest import accounts_and_seeds
from tests.referral.world import API, a_scene, quiet_world
from tests.servers import running_mongod, running_nats

SEARCH = "/api/v1/membership/services?need=shelter&limit=20"
SCENES, SEARCHERS = 60, 150
REQUESTS, ROUNDS = 1_500, 4


def settings_of(name: str, port: int, issuer: int, mongo_url: str, nats: tuple[str, str]) -> dict[str, str]:
    """Return what a service is told, as its environment."""
    shared = {
        "PORT": str(port),
        "MONGODB_URL": mongo_url,
        "MONGODB_DATABASE": name,
        "NATS_URL": nats[0],
        "NATS_SEED": nats[1],
        "ISSUER": tokens.ISSUER,
        "JWKS_URL": f"http://127.0.0.1:{issuer}/certs",
        "AUDIT_KEY": "k" * 32,
    }
    return {f"{name.upper()}_{key}": value for key, value in shared.items()}


def membership_of(directory: Path) -> dict[str, str]:
    """Return what membership is told besides; nothing of the world answers, and nothing asks it."""
    del directory
    own = {
        "INVITATION_KEY": "i" * 32,
        "KEYCLOAK_URL": "http://127.0.0.1:9",
        "KEYCLOAK_SECRET": secrets.token_hex(),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": "9",
        "PUBLIC_URL": "https://coalition.example",
    }
    return {f"MEMBERSHIP_{key}": value for key, value in own.items()}


def referral_of(directory: Path) -> dict[str, str]:
    """Return what referral is told besides."""
    return {"REFERRAL_KMS_FILE": str(directory / "kms.key")}


OWN = {"membership": membership_of, "referral": referral_of}


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


async def accept_referrals() -> list[tuple[str, dict[str, str]]]:
    """Bring referrals to acceptance; return for each its path and its receiver's token."""
    app = create(ReferralSettings(), clock=ManualClock(utc_now()), verifier=tokens.verifier())
    found = []
    async with quiet_world(app, app.state.desk.clock) as world:
        for _ in range(SCENES):
            scene = await a_scene(world)
            found.append((f"{API}/referrals/{await scene.accepted()}", scene.intake.headers))
        await app.state.mongo.db["outbox"].delete_many({})
    return found


def measure(calls: list[tuple[str, dict[str, str]]], processes: dict[str, psutil.Process]) -> dict[str, float]:
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
    publish_keys()
    accounts, seeds = accounts_and_seeds(["BENCH"])
    issuer, door = free_port(), free_port()
    ports = {name: free_port() for name in OWN}
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mongod = stack.enter_context(running_mongod(place / "mongod"))
        nats = stack.enter_context(running_nats(place / "nats", accounts, seeds))
        asyncio.run(prepare(nats.url, seeds["BENCH"]["ops"], list(OWN)))
        for name, own in OWN.items():
            told = settings_of(name, ports[name], issuer, mongod.admin_url, (nats.url, seeds["BENCH"][name]))
            os.environ |= told | own(place)
        asyncio.run(fill_directory())
        referrals = asyncio.run(accept_referrals())
        stack.enter_context(process(uvicorn("bench.upstream:app", issuer), issuer))
        behind = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        environment = gateway(door, issuer, mongod.admin_url, behind)
        running = {
            name: stack.enter_context(process([sys.executable, "-m", f"services.{name}.main"], port))
            for name, port in ports.items()
        }
        running["gateway"] = stack.enter_context(process([sys.executable, "-m", "gateway.main"], door, **environment))
        base = f"http://127.0.0.1:{door}"
        searchers = [tokens.as_caseworker() for _ in range(SEARCHERS)]
        workloads = {
            "directory search of 20": ("membership", [(base + SEARCH, caller) for caller in searchers]),
            "referral read": ("referral", [(base + path, headers) for path, headers in referrals]),
        }
        print(f"{'CPU ms a request':<24}{'gateway':>9}{'service':>9}{'all':>9}{'requests/s':>12}")
        for title, (service, calls) in workloads.items():
            found = measure(calls, {name: running[name] for name in ("gateway", service)})
            spent = found["gateway"] + found[service]
            print(f"{title:<24}{found['gateway']:>9.3f}{found[service]:>9.3f}{spent:>9.3f}{found['requests/s']:>12.0f}")


if __name__ == "__main__":
    main()
