"""The run directory: what one copy keeps between starts, and what its running supervisor tells the other commands."""

import fcntl
import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil  # type: ignore[import-untyped] # it ships no types

from cli.servers.private import Secrets, write_private

ROOT = Path(__file__).resolve().parents[2]
RUN = "COALITION_RUN"
# What a copy was started for, by whether it holds the invented world; settled by its first start.
KINDS = {True: "demo", False: "real"}


@dataclass(frozen=True, slots=True)
class Running:
    """A process by id and time of birth, so that a reused id is never mistaken for it."""

    pid: int
    born: float

    @classmethod
    def of(cls, pid: int) -> "Running | None":
        """Return the living process of this id, or None."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    @classmethod
    def of_this_process(cls) -> "Running":
        """Return ourselves."""
        return cls(os.getpid(), psutil.Process().create_time())

    def process(self) -> psutil.Process | None:
        """Return it while it lives (a zombie does not)."""
        try:
            found = psutil.Process(self.pid)
            same = found.create_time() == self.born and found.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return found if same else None


@dataclass(slots=True)
class Told:
    """What the supervisor last told about one component; `seconds` is the time from its start to its health."""

    status: str
    port: int | None = None
    running: Running | None = None
    seconds: float | None = None
    note: str = ""


@dataclass(slots=True)
class State:
    """What the supervisor last told: itself, the base of its ports, whether all is healthy, each component."""

    supervisor: Running
    base: int
    up: bool = False
    seconds: float | None = None
    components: dict[str, Told] = field(default_factory=dict)

    def alive(self) -> bool:
        """Whether that supervisor still runs."""
        return self.supervisor.process() is not None

    def left_behind(self) -> dict[str, psutil.Process]:
        """Return the component processes that live, by name."""
        found = {name: told.running.process() for name, told in self.components.items() if told.running}
        return {name: process for name, process in found.items() if process}


class AlreadyUpError(Exception):
    """Another supervisor holds this run directory."""


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """One copy's `.run`: `data/` of each server, `logs/`, secrets, the environment for tools, the state."""

    path: Path

    @classmethod
    def of_this_copy(cls) -> "RunDirectory":
        """Return `.run` of the project, or where `COALITION_RUN` points."""
        return cls(Path(os.environ.get(RUN) or ROOT / ".run").absolute())

    @property
    def secrets(self) -> Secrets:
        """The generated secrets of this copy."""
        return Secrets(self.path / "secrets.json")

    @property
    def logs(self) -> Path:
        """The folder with one log a component."""
        return self.path / "logs"

    def log(self, name: str) -> Path:
        """Return the log of a component."""
        return self.logs / f"{name}.log"

    def data(self, name: str) -> Path:
        """Return the folder of a server's files."""
        return self.path / "data" / name

    @property
    def demo(self) -> bool | None:
        """Whether this copy holds the invented world, or None before its first start."""
        path = self.path / "kind"
        return path.read_text() == KINDS[True] if path.exists() else None

    def settle_kind(self, *, demo: bool) -> None:
        """Keep for every later start what this copy is for."""
        write_private(self.path / "kind", KINDS[demo])

    def make(self) -> None:
        """Make the directory, for its owner only: logs, keys and passwords are nobody else's business."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def hold(self) -> IO[str]:
        """Take this copy for one supervisor, until the file is closed or the process ends."""
        self.make()
        lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise AlreadyUpError from None
        return lock

    def tell(self, state: State) -> None:
        """Write the state for `doctor`, `down` and a detached start."""
        write_private(self.path / "state.json", json.dumps(asdict(state)))

    def state(self) -> State | None:
        """Read the last state told, or None when this copy never started."""
        path = self.path / "state.json"
        return _read(json.loads(path.read_text())) if path.exists() else None

    def write_environment(self, variables: Mapping[str, str]) -> None:
        """Keep the variables that tools need (`coalition env`), readable by their owner only."""
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())]
        write_private(self.path / "env", "".join(lines))

    def environment(self) -> dict[str, str]:
        """Read those variables back; none before the first start."""
        path = self.path / "env"
        words = shlex.split(path.read_text()) if path.exists() else []
        return {name: value for name, _, value in (word.partition("=") for word in words)}


def _read(stored: dict[str, Any]) -> State:
    components = {
        name: Told(**told | {"running": _running(told["running"])}) for name, told in stored["components"].items()
    }
    return State(Running(**stored["supervisor"]), stored["base"], stored["up"], stored["seconds"], components)


def _running(stored: dict[str, Any] | None) -> Running | None:
    return Running(**stored) if stored else None
