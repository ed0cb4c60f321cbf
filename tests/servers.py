"""Real servers for the tests: one mongod and one nats-server a run, shared by every pytest worker."""

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.servers import mongod, nats


def free_port() -> int:
    """Return a port that nobody holds now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Process:
    """A server process a test may kill, pause and start again on the same port and directory."""

    command: list[str]
    directory: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = (self.directory / "log").open("ab")
        # setpriv: should the tests be killed, nothing stays behind.
        death = ["setpriv", "--pdeathsig", "KILL"]
        self.process = subprocess.Popen([*death, *self.command], stdout=log, stderr=log, start_new_session=True)
        log.close()

    def signal(self, number: int) -> None:
        assert self.process
        self.process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def wait_until_listening(self, within: float = 30) -> None:
        deadline = time.monotonic() + within
        while True:
            assert self.process and self.process.poll() is None, (self.directory / "log").read_text()[-2000:]
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            assert time.monotonic() < deadline, f"nothing listens on {self.port}"
            time.sleep(0.02)


@dataclass
class Mongod:
    server: Process
    admin_url: str

    def url(self, database: str) -> str:
        """Return an administrator's url; databases are told apart by name."""
        return self.admin_url.replace("/admin?", f"/{database}?")


@contextlib.contextmanager
def running_mongod(directory: Path) -> Iterator[Mongod]:
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    mongod.prepare(directory)
    # A dropped table's files stay as long as an old snapshot might want them, 5 minutes by default: thousands of tests
    # with a database each would meet the limit on open files.
    forgetful = ["--setParameter", "minSnapshotHistoryWindowInSeconds=0"]
    server = Process([*mongod.command(directory, port), *forgetful], directory, port)
    server.start()
    try:
        server.wait_until_listening()
        yield Mongod(server, mongod.initiate(port, "test-admin"))
    finally:
        server.stop()


@dataclass
class NatsServer:
    server: Process
    url: str
    seeds: dict[str, dict[str, str]]


@contextlib.contextmanager
def running_nats(
    directory: Path, accounts: list[nats.Account], seeds: dict[str, dict[str, str]]
) -> Iterator[NatsServer]:
    directory.mkdir(parents=True, exist_ok=True)
    port, monitor = free_port(), free_port()
    config = directory / "nats.conf"
    config.write_text(nats.render(accounts, port, monitor, directory / "store", directory / "pid"))
    server = Process(nats.command(config), directory, port)
    server.start()
    try:
        server.wait_until_listening()
        yield NatsServer(server, f"nats://127.0.0.1:{port}", seeds)
    finally:
        server.stop()
