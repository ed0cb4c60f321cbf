"""What benches share: processes, the CPU they spend, and a bounded load on them."""

import asyncio
import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import contextmanager
from typing import NamedTuple

import aiohttp
import psutil

from kit.testing import tokens

CONCURRENCY = 16


@contextmanager
def process(command: list[str], port: int, **environment: str):
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
        try:
            _wait(port, child, log)
            yield psutil.Process(child.pid)
        finally:
            child.terminate()
            child.wait()


def _wait(port, child, log):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if child.poll() is not None:
            log.seek(0)
            raise SystemExit(log.read().decode()[-3000:])
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing listens on {port}")


def uvicorn(app: str, port: int) -> list[str]:
    options = ["--log-level", "error", "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
    return [sys.executable, "-m", "uvicorn", app, "--port", str(port), *options]


def cpu(found: psutil.Process) -> float:
    everyone = [found, *found.children(recursive=True)]
    return sum(one.cpu_times().user + one.cpu_times().system for one in everyone)


class Call(NamedTuple):
    """One request of a workload."""

    url: str
    headers: dict[str, str]
    method: str = "GET"
    body: str | None = None


async def load(calls: Sequence[Call], requests: int) -> float:
    """Make the calls in turn, `requests` in all; return the seconds; anything but 200 ends the bench."""
    todo = iter(range(requests))
    async with aiohttp.ClientSession() as session:

        async def worker() -> None:
            for n in todo:
                call = calls[n % len(calls)]
                async with session.request(call.method, call.url, headers=call.headers, data=call.body) as answer:
                    body = await answer.read()
                    if answer.status != 200:
                        raise SystemExit(f"{call.url}: {answer.status} {body[:300]!r}")

        start = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
        return time.perf_counter() - start


def gateway(port: int, issuer: int, mongo_url: str, upstreams: dict[str, str]) -> dict[str, str]:
    """Return the gateway's environment: real limits, real revocations, the bench's own keys at port `issuer`."""
    return {
        "GATEWAY_PORT": str(port),
        "GATEWAY_MONGODB_URL": mongo_url,
        "GATEWAY_PUBLIC_URL": f"http://localhost:{port}",
        "GATEWAY_ISSUER": tokens.ISSUER,
        "GATEWAY_KEYCLOAK_INTERNAL_URL": f"http://127.0.0.1:{issuer}",
        "GATEWAY_CLIENT_SECRET": secrets.token_hex(),
        "GATEWAY_SESSION_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "GATEWAY_UPSTREAMS": json.dumps(upstreams),
        "GATEWAY_CONTRACTS": "contracts/openapi",
    }


def publish_keys() -> None:
    """Let `bench.upstream`, in a process of its own, publish this process's key."""
    os.environ["BENCH_JWKS"] = json.dumps(tokens.jwks())
