"""A server as a child process that never outlives us: own session, own log, ended with its parent."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

# A child sees these of our environment and nothing else, so that a stray variable never changes a server.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
INHERITED_PREFIXES = ("OTEL_",)
LOCALHOST = "127.0.0.1"
POLL_SECONDS = 0.05
GRACE_SECONDS = 20.0
# A log that has grown beyond this is set aside at the next start; the one before it goes.
LOG_BYTES = 20 * 2**20


class ProcessDiedError(Exception):
    """A server ended while it was awaited; the message holds the last lines of its log."""


class NotReadyError(Exception):
    """A server lives but did not become ready in time; the message holds the last lines of its log."""


def free_port() -> int:
    """Return a TCP port of the loopback that is free at this instant."""
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        port: int = probe.getsockname()[1]
        return port


def answers_ok(port: int, path: str) -> bool:
    """Say whether a page on the loopback answers 200 at this instant (no proxy, no redirect)."""
    connection = HTTPConnection(LOCALHOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def inherited() -> dict[str, str]:
    """Return the part of our environment that children may see."""
    ours = os.environ.items()
    return {name: value for name, value in ours if name in INHERITED or name.startswith(INHERITED_PREFIXES)}


def bound_to_parent(command: Sequence[str]) -> list[str]:
    """Prefix the command so that the kernel ends it when the thread that starts it ends, SIGKILL included."""
    setpriv = shutil.which("setpriv")
    # Only Linux has a parent-death signal; elsewhere `coalition down` finds what a killed supervisor left.
    return [setpriv, "--pdeathsig", "TERM", "--", *command] if setpriv else list(command)


@dataclass(slots=True)
class Process:
    """One child: start it from the main thread (the parent-death signal follows the *thread* that started it)."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    _child: subprocess.Popen[bytes] | None = None
    _log_start: int = 0

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C in the terminal reaches only us."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            self._child = subprocess.Popen(
                bound_to_parent([str(part) for part in self.command]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=inherited() | dict(self.environment),
                cwd=self.directory,
                start_new_session=True,
            )

    @property
    def pid(self) -> int | None:
        """The process id, or None before the start."""
        return self._child.pid if self._child else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    @property
    def status(self) -> int | None:
        """The exit status (negative: the signal that ended it), or None while it runs."""
        return self._child.poll() if self._child else None

    @property
    def outcome(self) -> str:
        """How it ended, in words: `status 1`, `signal SIGKILL`."""
        return _outcome(self.status)

    def tail(self, lines: int = 20) -> str:
        """Return the last lines it wrote to its log since its start."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process if it still runs."""
        if self._child and self.running:
            self._child.send_signal(number)

    def ask_to_stop(self) -> None:
        """Ask it to end by itself; waits for nothing."""
        self.send(signal.SIGTERM)
        # A paused process hears nothing until it goes on.
        self.send(signal.SIGCONT)

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Ask it to end and see that it does."""
        self.ask_to_stop()
        self.see_it_end(grace)

    def see_it_end(self, grace: float) -> None:
        """Wait up to `grace` seconds for its end, then kill its whole session."""
        if self._child is None:
            return
        try:
            self._child.wait(grace)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.send(signal.SIGKILL)
        if self._child is not None:
            self._child.wait()

    def wait_for_end(self, seconds: float) -> None:
        """Wait until it has ended by itself with success; raises when it failed or the time is over."""
        self._poll(lambda: not self.running, seconds)
        if self.status:
            raise ProcessDiedError(self._last_words())

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Ask `ready` again and again until it says yes; raises when the process dies or the time is over."""
        self._poll(lambda: not self.running or ready(), seconds)
        if not self.running:
            raise ProcessDiedError(self._last_words())

    def _poll(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise NotReadyError(f"was not ready within {seconds:.0f} s\n{self.tail()}")
            time.sleep(POLL_SECONDS)

    def _last_words(self) -> str:
        return f"ended with {self.outcome}\n{self.tail()}"


def _outcome(status: int | None) -> str:
    if status is not None and status < 0:
        return f"signal {signal.Signals(-status).name}"
    return f"status {status}"
