"""Small real programs for the supervisor to run, and a way to see whether they are gone."""

import sys
import time
from pathlib import Path

import psutil

from cli.local.supervisor import Component
from cli.servers.process import Process, answers_ok, free_port

SERVER = """
import http.server, signal, sys, time
port, stop_after, log = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
def stop(*_):
    time.sleep(stop_after)
    open(log, "a").write(sys.argv[4] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
print("listening", flush=True)
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def web_server(directory: Path, name: str, *, after: tuple[str, ...] = (), rank: int = 0, slow: float = 0) -> Component:
    """A component that serves pages; it writes its name to `stopped` when it was asked to end and has."""
    port = free_port()
    command = [sys.executable, "-c", SERVER, str(port), str(slow), str(directory / "stopped"), name]
    process = Process(name, command, directory / f"{name}.log")
    return Component(name, lambda: process.wait_until(lambda: answers_ok(port, "/"), 20), process, after, rank)


def program(directory: Path, name: str, code: str, *, once: bool = False, after: tuple[str, ...] = ()) -> Component:
    """A component that runs a line of Python and is never ready by itself."""
    process = Process(name, [sys.executable, "-c", code], directory / f"{name}.log")
    settle = (lambda: process.wait_for_end(20)) if once else (lambda: process.wait_until(lambda: False, 20))
    return Component(name, settle, process, after, once=once)


def stopped(directory: Path) -> list[str]:
    """The names of the web servers that ended as asked, in that order."""
    log = directory / "stopped"
    return log.read_text().split() if log.exists() else []


def gone_within(seconds: float, processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that still live after that long."""
    end = time.monotonic() + seconds
    while (alive := [each for each in processes if _lives(each)]) and time.monotonic() < end:
        time.sleep(0.05)
    return alive


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
