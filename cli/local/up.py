"""`coalition up`: checks the machine, starts everything, shows the card, stays until asked to stop."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil  # type: ignore[import-untyped] # it ships no types
from rich.console import Console

from cli.local import card, checks
from cli.local.board import Board
from cli.local.components import INVENTED, RANKS, Table, table
from cli.local.plan import Plan
from cli.local.ports import Ports
from cli.local.state import ROOT, AlreadyUpError, RunDirectory, Running, State, Told
from cli.local.supervisor import AskedToStopError, Component, ComponentFailedError, Status, Supervisor
from cli.servers.process import GRACE_SECONDS, NotReadyError

GOAL_SECONDS = 60.0
FOLLOW_SECONDS = 0.1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ImpatientError(BaseException):
    """Somebody asked a second time: stop at once."""


def up(plan: Plan, console: Console) -> int:
    """Run the system in this terminal until Ctrl-C, `coalition down` or the death of a component."""
    try:
        with plan.run.hold():
            return _up(plan, console)
    except AlreadyUpError:
        return _already_up(plan, console)


def _up(plan: Plan, console: Console) -> int:
    _install_libraries(plan, console)
    end_left_behind(plan.run, console)
    found = list(checks.complaints(plan))
    for complaint in found:
        console.print(f"✗ {complaint.what}", style="red", soft_wrap=True, highlight=False)
        console.print(f"  → {complaint.remedy}", soft_wrap=True, highlight=False)
    return 1 if found else _Run(plan, console, table(plan)).whole()


def _already_up(plan: Plan, console: Console) -> int:
    state = plan.run.state()
    if state is None or not state.up:
        console.print("It is starting already: `coalition doctor` shows how far it is.")
        return 1
    console.print(f"It is up already (supervisor {state.supervisor.pid}); `make down` stops it.\n")
    # It may have been started with another base than this call's.
    card.show(replace(plan, ports=Ports(state.base)), console)
    return 0


def _install_libraries(plan: Plan, console: Console) -> None:
    """Install what mongod lacks where we may; the loader names one library at a time. The rest is a complaint."""
    before: list[str] = []
    while (packages := checks.missing_packages(plan)) and packages != before and checks.may_install():
        command = checks.install_command(packages)
        console.print(f"mongod needs {', '.join(packages)}: installing with {command}", soft_wrap=True, highlight=False)
        checks.install(packages)
        before = packages


class _Run:
    """One start, from the first process to the last one's end."""

    def __init__(self, plan: Plan, console: Console, made: Table) -> None:
        self._plan = plan
        self._console = console
        self._table = made
        self._components = made.components()
        self._board = Board(console, self._components)
        self._supervisor = Supervisor(self._components, self._changed, self._board.tick)
        told = {component.name: Told(Status.WAITING, component.port) for component in self._components}
        self._state = State(Running.of_this_process(), plan.ports.base, components=told)
        self._began = time.monotonic()
        self._signals = 0

    def whole(self) -> int:
        """Start, stay, stop; the exit status says whether it ended as somebody wished."""
        self._plan.run.settle_kind(demo=self._plan.demo)
        self._plan.run.write_environment(self._table.environment.of_tools())
        self._plan.run.tell(self._state)
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)
        try:
            return self._stay()
        except ComponentFailedError as failure:
            self._console.print(f"\n✗ {failure.name} {failure.reason}", style="red", soft_wrap=True, markup=False)
            self._console.print(f"  → Its whole log: {self._plan.run.log(failure.name)}", soft_wrap=True)
            return 1
        except AskedToStopError:
            return 130
        finally:
            self._stop()

    def _stay(self) -> int:
        with self._board.live():
            self._supervisor.start()
        self._state.seconds = self._healthy_after()
        self._state.up = True
        self._console.print(self._figure(), soft_wrap=True)
        self._console.print()
        card.show(self._plan, self._console)
        # Told last: a detached start returns at this word, and must have shown the card.
        self._plan.run.tell(self._state)
        self._supervisor.watch()
        return 0

    def _figure(self) -> str:
        slowest = max(self._components, key=lambda component: component.seconds * (component.name != INVENTED))
        return (
            f"\nHealthy in {self._state.seconds:.1f} s (goal {GOAL_SECONDS:.0f} s); "
            f"the slowest is {slowest.name}, {slowest.seconds:.1f} s."
        )

    def _healthy_after(self) -> float:
        """Return the seconds until everything ran; what is invented to look at comes after that, once."""
        ends = (each.began + each.seconds for each in self._components if each.name != INVENTED)
        return max(ends) - self._began

    def _stop(self) -> None:
        self._state.up = False
        self._console.print("\nStopping (Ctrl-C again kills)…")
        try:
            self._supervisor.stop()
        except ImpatientError:
            for component in self._components:
                if component.process:
                    component.process.kill()
        self._plan.run.tell(self._state)

    def _changed(self, component: Component) -> None:
        process = component.process
        running = Running.of(process.pid) if process and process.pid and process.running else None
        told = Told(component.status, component.port, running, component.seconds)
        self._state.components[component.name] = told
        self._plan.run.tell(self._state)
        # The terminal may be gone (SIGHUP): that must not keep the others from being stopped.
        with contextlib.suppress(OSError):
            self._board.changed(component)

    def _on_signal(self, *_: object) -> None:
        self._signals += 1
        if self._signals > 1:
            raise ImpatientError
        self._supervisor.ask_to_stop()


def end_left_behind(run: RunDirectory, console: Console) -> None:
    """End what a supervisor that was killed may have left, gateway first (where no kernel does it for us)."""
    state = run.state()
    left = state.left_behind() if state and not state.alive() else {}
    for name, process in sorted(left.items(), key=lambda item: RANKS.get(item[0], 0)):
        console.print(f"Ending {name} (pid {process.pid}), left by an earlier start.")
        _end(process)


def _end(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()


def up_detached(plan: Plan, console: Console) -> int:
    """Start a supervisor of its own session, show what it says, return when all is healthy or it has given up."""
    log = plan.run.log("supervisor")
    plan.run.make()
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as output:
        # The option is said: the environment may hold DETACH, and the child would detach again.
        command = [sys.executable, "-m", "cli", "up", "--no-detach", "--demo" if plan.demo else "--no-demo"]
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=ROOT, start_new_session=True
        )
    for text in _said_until_settled(plan, log, child):
        console.file.write(text)
        console.file.flush()
    return child.poll() or 0


def _said_until_settled(plan: Plan, log: Path, child: "subprocess.Popen[bytes]") -> Iterator[str]:
    with log.open(encoding="utf-8", errors="replace") as lines:
        while child.poll() is None and not _is_up(plan, child.pid):
            yield lines.read()
            time.sleep(FOLLOW_SECONDS)
        yield lines.read()


def _is_up(plan: Plan, supervisor: int) -> bool:
    state = plan.run.state()
    return state is not None and state.supervisor.pid == supervisor and state.up


def down(run: RunDirectory, console: Console) -> int:
    """Ask the supervisor to stop everything and wait for it; end what a killed one left."""
    state = run.state()
    supervisor = state.supervisor.process() if state else None
    if state is None or (supervisor is None and not state.left_behind()):
        console.print("Nothing runs.")
        return 0
    if supervisor:
        console.print(f"Stopping supervisor {supervisor.pid}…")
        supervisor.terminate()
        _wait_for_end(supervisor, len(set(RANKS.values())) * GRACE_SECONDS)
    end_left_behind(run, console)
    console.print("Stopped.")
    return 0


def _wait_for_end(supervisor: psutil.Process, seconds: float) -> None:
    try:
        supervisor.wait(seconds)
    except psutil.TimeoutExpired:
        raise NotReadyError(f"supervisor {supervisor.pid} did not stop within {seconds:.0f} s") from None
