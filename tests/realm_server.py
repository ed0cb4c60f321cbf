"""One real Keycloak for all the workers of a run: the first starts it, and stops it when the last has finished.

`TEST_KEYCLOAK_URL` and `TEST_KEYCLOAK_SECRET` (of the master realm's client `operator`) point to one that runs already.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from cli.servers import keycloak

WAIT_SECONDS = 300


@dataclass(frozen=True)
class KeycloakServer:
    """Where the server is, the service client that may do everything, and the server's log when it is ours."""

    url: str
    admin_client: str
    admin_secret: str
    log: str = ""


@contextlib.contextmanager
def running_keycloak(base: Path) -> Iterator[KeycloakServer]:
    """Share a server; `base` is the worker's own temporary directory."""
    if url := os.environ.get("TEST_KEYCLOAK_URL"):
        yield KeycloakServer(url, "operator", os.environ["TEST_KEYCLOAK_SECRET"])
        return
    run = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "keycloak-of-the-run"
    run.mkdir(exist_ok=True)
    with contextlib.ExitStack() as ours:
        # One worker may join several times: a folder of tests has fixtures of its own.
        user = run / f"user-{uuid4().hex}"
        found, started_here = _join(run, user, ours)
        try:
            yield found
        finally:
            _leave(run, user)
            if started_here:
                _wait_for_the_others(run)


def _join(run: Path, user: Path, ours: contextlib.ExitStack) -> tuple[KeycloakServer, bool]:
    with _alone(run):
        state = run / "state.json"
        start = not state.exists()
        if start:
            server = ours.enter_context(keycloak.running_keycloak(run / "server"))
            started = KeycloakServer(server.url, server.admin_client, server.admin_secret, str(server.process.log))
            state.write_text(json.dumps(asdict(started)))
        user.touch()
        return KeycloakServer(**json.loads(state.read_text())), start


def _leave(run: Path, user: Path) -> None:
    with _alone(run):
        user.unlink()


def _wait_for_the_others(run: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while list(run.glob("user-*")) and time.monotonic() < deadline:
        time.sleep(0.1)


@contextlib.contextmanager
def _alone(run: Path) -> Iterator[None]:
    with (run / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
