"""Processes to kill: the toy's relay and consumer as programs of their own, and an account of servers of one's own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest


@dataclass
class Workers:
    """Starts `tests/toy/worker.py` processes and stops what is left of them."""

    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, role: str, **options: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.toy.worker", role],
            env=self.environment | {"TOY_OPTIONS": json.dumps(options)},
            stdout=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    @staticmethod
    def kill(process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                self.kill(process)


@pytest.fixture
def workers(mongo, ops, seed) -> Iterator[Workers]:
    """Worker processes on the shared servers, this test's database and this worker's account."""
    environment = dict(os.environ) | {
        "TOY_MONGODB_URL": os.environ["TEST_MONGODB_URL"],
        "TOY_DATABASE": mongo.db.name,
        "TOY_NATS_URL": os.environ["TEST_NATS_URL"],
        "TOY_WALLET_SEED": seed("wallet"),
        "TOY_LEDGER_SEED": seed("ledger"),
    }
    found = Workers(environment)
    yield found
    found.stop()
