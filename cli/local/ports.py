"""Where everything listens: a fixed offset from one base, so that two copies run side by side with two bases."""

import socket
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped] # it ships no types

from cli.servers.process import LOCALHOST

DEFAULT_BASE = 8000
OFFSETS = {
    "gateway": 0,
    "membership": 1,
    "referral": 2,
    "notifications": 3,
    "gateway-metrics": 4,
    "keycloak": 10,
    "keycloak-management": 11,
    "mongod": 12,
    "nats": 13,
    "nats-monitoring": 14,
    "mailbox-smtp": 15,
    "mailbox": 16,
}
LOWEST, HIGHEST = 1024, 65535 - max(OFFSETS.values())


class BadPortBaseError(Exception):
    """The base is no port number that leaves room for all the others."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one copy: `ports["nats"]`."""

    base: int = DEFAULT_BASE

    @classmethod
    def parse(cls, text: str) -> "Ports":
        """Read `PORT_BASE`; raises `BadPortBaseError` with what to write instead."""
        if not text.isdecimal() or not LOWEST <= int(text) <= HIGHEST:
            raise BadPortBaseError(f"PORT_BASE={text}: give a number from {LOWEST} to {HIGHEST}")
        return cls(int(text))

    def __getitem__(self, name: str) -> int:
        return self.base + OFFSETS[name]


@dataclass(frozen=True, slots=True)
class Busy:
    """A port of ours that something else holds; `holder` is a process in words."""

    name: str
    port: int
    holder: str


def busy(ports: Ports, names: list[str]) -> list[Busy]:
    """Return the ports of these names that are taken, each with the process that holds it."""
    return [Busy(name, ports[name], holder(ports[name])) for name in names if not _is_free(ports[name])]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            return False
        return True


def holder(port: int) -> str:
    """Name the process that listens on the port, as far as this user may know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "a process this user may not see"
    for connection in connections:
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
            return _describe(connection.pid)
    return "a process this user may not see"


def _describe(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    try:
        process = psutil.Process(pid)
        return f"{process.name()} (pid {pid}, in {process.cwd()})"
    except psutil.Error:
        return f"pid {pid}"
