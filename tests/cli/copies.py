"""A copy of the system in a directory of the test's own, driven by the command as a person would."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cli.local.ports import OFFSETS, Ports
from cli.local.state import RunDirectory

ROOT = Path(__file__).resolve().parents[2]


def free_base() -> int:
    """A base whose every port is free now."""
    # Workers that look at the same moment must not find the same one.
    first = 20000 + 2000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for base in range(first, 32000, 100):
        if not any(listens(base + offset) for offset in OFFSETS.values()):
            return base
    raise AssertionError


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Copy:
    """One copy of the system, with its own run directory and ports; `given` is always in its environment."""

    run: RunDirectory
    ports: Ports
    given: dict[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        ours = {"COALITION_RUN": str(self.run.path), "PORT_BASE": str(self.ports.base)} | self.given
        return {name: value for name, value in os.environ.items() if not name.startswith("TEST_")} | ours | more

    def call(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli", *words]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment(**more), cwd=ROOT, check=False
        )

    def begin(self, *words: str, **more: str) -> "subprocess.Popen[str]":
        """Start a command that stays, with everything it says in `stdout`."""
        command = [sys.executable, "-m", "cli", *words]
        out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, text=True, env=self.environment(**more), cwd=ROOT, **out)

    def processes(self) -> dict[str, psutil.Process]:
        """The supervisor and its components that live."""
        state = self.run.state()
        return state.left_behind() | {"supervisor": psutil.Process(state.supervisor.pid)}

    def listening(self) -> list[str]:
        """The names of our ports that somebody holds."""
        return [name for name in OFFSETS if listens(self.ports[name])]


def comes(what, within: float = 30) -> bool:
    """Whether something becomes true within that long."""
    end = time.monotonic() + within
    while not (true := what()) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(true)
