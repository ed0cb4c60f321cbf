"""`coalition doctor`: the machine, the servers and the services as they are now, and what to do about what is wrong."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped] # it ships no types
from rich.console import Console

from cli.local import checks, ports
from cli.local.plan import Plan
from cli.local.state import State, Told
from cli.local.supervisor import Status
from cli.servers import keycloak, mongod
from cli.servers.process import answers_ok

PAGES = {
    "keycloak": ("keycloak-management", "/health/ready"),
    "nats": ("nats-monitoring", "/healthz"),
    "mailbox": ("mailbox", "/"),
} | {name: (name, "/health/ready") for name in ("membership", "referral", "notifications", "gateway")}
LAST_LINES = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's: what was looked at, how it is, and what to do when it is not well."""

    well: bool
    what: str
    remedy: str = ""


def examine(plan: Plan) -> Iterator[Finding]:
    """Yield what is found, machine first."""
    yield from _machine(plan)
    state = plan.run.state()
    if state is None:
        yield Finding(well=True, what="It never ran here.", remedy="make up")
    elif not state.alive():
        yield from _not_running(plan, state)
    else:
        yield from _running(plan, state)


def report(plan: Plan, console: Console) -> int:
    """Print the findings; 1 when something is not well."""
    found = list(examine(plan))
    for finding in found:
        mark, style = ("✓", "green") if finding.well else ("✗", "red")
        console.print(f"[{style}]{mark}[/] {finding.what}", soft_wrap=True, highlight=False)
        if finding.remedy:
            console.print(f"  → {finding.remedy}", soft_wrap=True, highlight=False, markup=False)
    return 0 if all(finding.well for finding in found) else 1


def _machine(plan: Plan) -> Iterator[Finding]:
    memory, disk = psutil.virtual_memory().available, shutil.disk_usage(plan.run.path.parent).free
    yield Finding(well=True, what=f"{psutil.cpu_count()} processors, {memory / 2**30:.1f} GiB of memory available")
    yield Finding(disk > checks.DISK_BYTES, f"{disk / 2**30:.1f} GiB of disk free", "")
    yield from _mongod(plan)
    if "keycloak" not in plan.elsewhere:
        home = keycloak.installation(keycloak.cache_directory())
        where = home if home.exists() else "fetched at the first start"
        yield Finding(well=True, what=f"Keycloak {keycloak.VERSION}: {where}")


def _mongod(plan: Plan) -> Iterator[Finding]:
    complaint = next(checks.no_mongod(plan, checks.Machine.here()), None)
    if complaint:
        yield Finding(False, complaint.what, complaint.remedy)
    else:
        yield Finding(well=True, what="mongod: elsewhere" if "mongod" in plan.elsewhere else "mongod: it runs here")


def _not_running(plan: Plan, state: State) -> Iterator[Finding]:
    for name, process in state.left_behind().items():
        yield Finding(False, f"{name} (pid {process.pid}) was left by a killed supervisor", "make down")
    for name, told in state.components.items():
        if told.status == Status.FAILED:
            yield Finding(False, f"{name} failed last time:\n{_tail(plan, name)}", f"coalition logs {name}")
    for busy in ports.busy(plan.ports, plan.port_names):
        complaint = checks.held(busy, plan.ports.base)
        yield Finding(False, complaint.what, complaint.remedy)
    yield Finding(well=True, what="It does not run.", remedy="make up")


def _running(plan: Plan, state: State) -> Iterator[Finding]:
    how = f"up, healthy in {state.seconds:.1f} s" if state.up else "starting or stopping"
    yield Finding(well=True, what=f"Supervisor {state.supervisor.pid}: {how}")
    there = ports.Ports(state.base)
    for name, told in state.components.items():
        yield _component(plan, there, name, told)


def _component(plan: Plan, there: ports.Ports, name: str, told: Told) -> Finding:
    process = told.running.process() if told.running else None
    if process is None:
        return Finding(told.port is None or told.status == "waiting", f"{name}: {told.status}")
    size = f"pid {process.pid}, {process.memory_info().rss / 2**20:.0f} MiB, port {told.port}"
    if _answers(there, name):
        return Finding(well=True, what=f"{name}: healthy ({size})")
    return Finding(False, f"{name}: {told.status}, not ready ({size})\n{_tail(plan, name)}", f"coalition logs {name}")


def _answers(there: ports.Ports, name: str) -> bool:
    if name == "mongod":
        return mongod.answers(there["mongod"])
    port, page = PAGES[name]
    return answers_ok(there[port], page)


def _tail(plan: Plan, name: str) -> str:
    log = plan.run.log(name)
    lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.exists() else []
    return "\n".join(f"    {line}" for line in lines)
