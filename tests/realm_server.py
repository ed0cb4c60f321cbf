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

from cli.servers import keycloak

WAIT_SECONDS = 900


@dataclass(frozen=True)
class KeycloakServer:
    """Where the server is, the service client that may do everything, and the server's log when it is ours."""

    url: str
    admin_client: str
    admin_secret: str
    log: str = ""


_held = contextlib.ExitStack()
_joined: list[KeycloakServer] = []


def keycloak_of_the_run(base: Path) -> KeycloakServer:
    """Return the run's server, for as long as this worker's session lasts; `base` is its own temporary directory."""
    if not _joined:
        _joined.append(_found_or_started(base))
    return _joined[0]


def leave() -> None:
    """Say that this worker needs the server no more; called as its session ends, and nowhere before."""
    _held.close()


def _found_or_started(base: Path) -> KeycloakServer:
    if url := os.environ.get("TEST_KEYCLOAK_URL"):
        return KeycloakServer(url, "operator", os.environ["TEST_KEYCLOAK_SECRET"])
    run = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "keycloak-of-the-run"
    run.mkdir(exist_ok=True)
    user = run / f"user-{os.getpid()}"
    with _alone(run):
        state = run / "state.json"
        if not state.exists():
            server = _held.enter_context(keycloak.running_keycloak(run / "server"))
            started = KeycloakServer(server.url, server.admin_client, server.admin_secret, str(server.process.log))
            state.write_text(json.dumps(asdict(started)))
            _held.callback(_wait_for_the_others, run)
        user.touch()
        _held.callback(user.unlink)
        return KeycloakServer(**json.loads(state.read_text()))


def _wait_for_the_others(run: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while list(run.glob("user-*")) and time.monotonic() < deadline:
        time.sleep(0.1)


@contextlib.contextmanager
def _alone(run: Path) -> Iterator[None]:
    with (run / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
