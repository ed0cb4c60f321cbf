"""What must be true of this machine before anything starts; each complaint says in one line what to do."""

import asyncio
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped] # it ships no types

from cli import bus
from cli.local import ports
from cli.local.environment import ADMIN_CLIENT, ADMIN_SECRET, bus_seeds
from cli.local.plan import Plan
from cli.servers import keycloak, mongod

GIBIBYTE = 2**30
# Measured with everything up and the demo run: 1.4 GiB resident, 1.2 GiB of files (journals and oplog included).
MEMORY_BYTES = int(1.8 * GIBIBYTE)
DISK_BYTES = 3 * GIBIBYTE
CACHE_BYTES = GIBIBYTE
# Debian's packages for the libraries that mongod's wheel does not bring.
PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
}
BUS_REMEDY = "If it runs, put what `./coalition bus accounts` prints into its configuration and reload it."
MISSING = re.compile(r"error while loading shared libraries: (\S+):")


# By what is asked for: real people never share a copy with invented ones.
KINDS_MET = {
    True: "This copy was started without the invented world, for real organisations.",
    False: "This copy holds the invented world: its people could sign in among the real ones.",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that stands in the way, and what to do about it."""

    what: str
    remedy: str


def complaints(plan: Plan) -> Iterator[Complaint]:
    """Yield everything that stands in the way of this plan."""
    yield from _other_kind(plan)
    yield from _no_mongod(plan)
    yield from _no_administrator(plan)
    yield from _no_bus(plan)
    yield from _little_memory()
    yield from _little_disk(plan)
    for busy in ports.busy(plan.ports, plan.port_names):
        yield held(busy, plan.ports.base)


def _other_kind(plan: Plan) -> Iterator[Complaint]:
    if plan.run.demo not in {None, plan.demo}:
        yield Complaint(
            KINDS_MET[plan.demo], "Start over with `./coalition reset`, or use another copy (COALITION_RUN, PORT_BASE)."
        )


def _no_mongod(plan: Plan) -> Iterator[Complaint]:
    if "mongod" in plan.elsewhere:
        return
    try:
        mongod.binary()
    except mongod.NoMongod:
        machine = f"{platform.system()} {platform.machine()}"
        others = "NATS_URL and KEYCLOAK_URL do the same for the other servers"
        yield Complaint(
            f"There is no mongod for {machine}.", f"Run a replica set and set MONGODB_URL to it ({others})."
        )


def _no_administrator(plan: Plan) -> Iterator[Complaint]:
    if "keycloak" in plan.elsewhere and not os.environ.get(ADMIN_SECRET):
        what = "KEYCLOAK_URL is set, but not who may set up the realm there."
        yield Complaint(what, f"Set {ADMIN_CLIENT} and {ADMIN_SECRET} to a client of its master realm.")


def _no_bus(plan: Plan) -> Iterator[Complaint]:
    if "nats" not in plan.elsewhere:
        return
    for user, seed in bus_seeds(plan.run.secrets).items():
        if refusal := asyncio.run(bus.refusal(plan.nats_url, seed, user)):
            yield Complaint(f"NATS_URL does not serve {user}: {refusal}.", BUS_REMEDY)
            return


def _little_memory() -> Iterator[Complaint]:
    available = psutil.virtual_memory().available
    if available < MEMORY_BYTES:
        what = f"{_gib(available)} of memory is available; {_gib(MEMORY_BYTES)} is needed."
        yield Complaint(what, "Close something large, then try again.")


def _little_disk(plan: Plan) -> Iterator[Complaint]:
    needed = [(plan.run.path, DISK_BYTES)]
    cache = keycloak.cache_directory()
    if "keycloak" not in plan.elsewhere and not keycloak.installation(cache).exists():
        needed.append((cache, CACHE_BYTES))
    for path, size in needed:
        free = shutil.disk_usage(_existing(path)).free
        if free < size:
            yield Complaint(f"{_gib(free)} of disk is free for {path}; {_gib(size)} is needed.", "Make room.")


def held(found: ports.Busy, base: int) -> Complaint:
    """Say that a port is taken, by whom, and the way around."""
    what = f"Port {found.port} ({found.name}) is held by {found.holder}."
    return Complaint(what, f"Stop it, or move every port: make up PORT_BASE={base + 1000}")


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())


def _gib(size: int) -> str:
    return f"{size / GIBIBYTE:.1f} GiB"


def missing_packages() -> list[str]:
    """Return the Debian packages that mongod still needs, in the order in which its loader asks for them."""
    try:
        command = [str(mongod.binary()), "--version"]
    except mongod.NoMongod:
        return []
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    missing = MISSING.findall(answer.stderr)
    return [PACKAGES.get(library, library) for library in missing]


def may_install() -> bool:
    """Whether we are root on a system with Debian's package tool."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_command(packages: list[str]) -> str:
    """Return the one command that installs the packages."""
    return f"apt-get install --yes --no-install-recommends {' '.join(packages)}"


def install(packages: list[str]) -> bool:
    """Install Debian packages; False when it could not be done."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    update, add = "apt-get update --quiet", install_command(packages)
    runs = (subprocess.run(line.split(), env=quiet, stdout=subprocess.DEVNULL, check=False) for line in (update, add))
    return all(run.returncode == 0 for run in runs)
