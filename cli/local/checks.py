"""What must be true of this machine before anything starts; each complaint says in one line what to do."""

import asyncio
import os
import platform
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
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
OWN_MONGOD = "Run a replica set and set MONGODB_URL to it (NATS_URL and KEYCLOAK_URL do so for the other servers)."
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


@dataclass(frozen=True, slots=True)
class Machine:
    """What is looked at: bytes of memory and, for a path, of disk; the mongod for this machine, None without one."""

    kind: str
    memory: int
    disk: Callable[[Path], int]
    mongod: Path | None

    @classmethod
    def here(cls) -> "Machine":
        """Return the machine we run on."""
        kind = f"{platform.system()} {platform.machine()}"
        return cls(kind, psutil.virtual_memory().available, lambda path: shutil.disk_usage(path).free, _mongod())


def _mongod() -> Path | None:
    try:
        return mongod.binary()
    except mongod.NoMongod:
        return None


def complaints(plan: Plan, machine: Machine | None = None) -> Iterator[Complaint]:
    """Yield everything that stands in the way of this plan on a machine, this one if none is named."""
    machine = machine or Machine.here()
    yield from _other_kind(plan)
    yield from no_mongod(plan, machine)
    yield from _no_administrator(plan)
    yield from _no_bus(plan)
    yield from _little_memory(machine)
    yield from _little_disk(plan, machine)
    for busy in ports.busy(plan.ports, plan.port_names):
        yield held(busy, plan.ports.base)


def _other_kind(plan: Plan) -> Iterator[Complaint]:
    if plan.run.demo not in {None, plan.demo}:
        yield Complaint(
            KINDS_MET[plan.demo], "Start over with `./coalition reset`, or use another copy (COALITION_RUN, PORT_BASE)."
        )


def no_mongod(plan: Plan, machine: Machine) -> Iterator[Complaint]:
    """Yield why no mongod of ours can run on the machine, where one is asked for."""
    if "mongod" in plan.elsewhere:
        return
    if machine.mongod is None:
        yield Complaint(f"There is no mongod for {machine.kind}.", OWN_MONGOD)
        return
    answer = _version(machine.mongod)
    if answer.returncode == -signal.SIGILL:
        yield Complaint("This processor lacks AVX instructions, without which mongod does not run.", OWN_MONGOD)
    elif packages := _missing(answer):
        yield Complaint(f"mongod needs {', '.join(packages)}.", f"sudo {install_command(packages)}")
    elif answer.returncode:
        last = (answer.stderr.strip().splitlines() or ["it says nothing"])[-1]
        yield Complaint(f"mongod does not run here: {last}", OWN_MONGOD)


def _version(binary: Path) -> "subprocess.CompletedProcess[str]":
    """Run mongod without starting it: whatever it lacks, it says or dies of at once."""
    return subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=False)


def _missing(answer: "subprocess.CompletedProcess[str]") -> list[str]:
    """Return the Debian packages its loader misses; it names the first alone."""
    return [PACKAGES.get(library, library) for library in MISSING.findall(answer.stderr)]


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


def _little_memory(machine: Machine) -> Iterator[Complaint]:
    if machine.memory < MEMORY_BYTES:
        what = f"{_gib(machine.memory)} of memory is available; {_gib(MEMORY_BYTES)} is needed."
        yield Complaint(what, "Close something large, then try again.")


def _little_disk(plan: Plan, machine: Machine) -> Iterator[Complaint]:
    needed = [(plan.run.path, DISK_BYTES)]
    cache = keycloak.cache_directory()
    if "keycloak" not in plan.elsewhere and not keycloak.installation(cache).exists():
        needed.append((cache, CACHE_BYTES))
    for path, size in needed:
        free = machine.disk(_existing(path))
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


def missing_packages(plan: Plan) -> list[str]:
    """Return the Debian packages that a mongod of ours still needs, as far as its loader tells."""
    found = None if "mongod" in plan.elsewhere else _mongod()
    return _missing(_version(found)) if found else []


def may_install() -> bool:
    """Whether we are root on a system with Debian's package tool."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_command(packages: list[str]) -> str:
    """Return the one command that installs the packages."""
    return f"apt-get install --yes --no-install-recommends {' '.join(packages)}"


def install(packages: list[str]) -> None:
    """Install Debian packages; whether it could be done shows when mongod is looked at again."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for line in ("apt-get update --quiet", install_command(packages)):
        subprocess.run(line.split(), env=quiet, stdout=subprocess.DEVNULL, check=False)
