"""CPU a request and throughput of three gateways with one duty, in turns within one run.

Run with `make bench`, or alone: `python -m bench.gateway`.
"""

import asyncio
import base64
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import aiohttp
import psutil

from bench import envoy
from cli.servers.process import free_port
from kit.testing import tokens
from tests.servers import running_mongod

PATH = "/api/v1/membership/services"
ALIAS = "refuge-du-nord"
REQUESTS, ROUNDS, CONCURRENCY, CALLERS = 1_500, 4, 16, 150


def headers() -> list[dict[str, str]]:
    """As many callers as it takes for no one to meet a limit."""
    return [tokens.as_caseworker(alias=ALIAS, azp=f"client-{n}") for n in range(CALLERS)]


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
    options = [
        "--port",
        str(port),
        "--log-level",
        "error",
        "--no-access-log",
        "--loop",
        "uvloop",
        "--http",
        "httptools",
    ]
    return [sys.executable, "-m", "uvicorn", app, *options]


def cpu(found: psutil.Process) -> float:
    everyone = [found, *found.children(recursive=True)]
    return sum(one.cpu_times().user + one.cpu_times().system for one in everyone)


async def load(url: str, callers: list[dict[str, str]], requests: int) -> float:
    """Send the requests and return the seconds they took; anything but 200 ends the bench."""
    todo = iter(range(requests))
    async with aiohttp.ClientSession() as session:

        async def worker() -> None:
            for n in todo:
                async with session.get(url, headers=callers[n % len(callers)]) as answer:
                    body = await answer.read()
                    if answer.status != 200:
                        raise SystemExit(f"{url}: {answer.status} {body[:300]!r}")

        start = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
        return time.perf_counter() - start


def ours(port: int, upstream: int, mongo_url: str) -> dict[str, str]:
    """The gateway's environment: real limits, real revocations, the bench's own keys."""
    issuer = tokens.ISSUER
    return {
        "GATEWAY_PORT": str(port),
        "GATEWAY_MONGODB_URL": mongo_url,
        "GATEWAY_PUBLIC_URL": f"http://localhost:{port}",
        "GATEWAY_ISSUER": issuer,
        "GATEWAY_KEYCLOAK_INTERNAL_URL": f"http://127.0.0.1:{upstream}",
        "GATEWAY_CLIENT_SECRET": secrets.token_hex(),
        "GATEWAY_SESSION_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "GATEWAY_UPSTREAMS": json.dumps(
            dict.fromkeys(("membership", "referral", "notifications"), f"http://127.0.0.1:{upstream}")
        ),
        "GATEWAY_CONTRACTS": "contracts/openapi",
    }


def main() -> None:
    os.environ["BENCH_JWKS"] = json.dumps(tokens.jwks())  # the key is this process's own
    results: dict[str, list[tuple[float, float]]] = {"envoy": [], "ours": [], "plain": []}
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream, ports = free_port(), {name: free_port() for name in results}
        mongod = stack.enter_context(running_mongod(place / "mongod"))
        stack.enter_context(process(uvicorn("bench.upstream:app", upstream), upstream))
        config = place / "envoy.json"
        envoy.write_config(config, ports["envoy"], upstream, ALIAS)
        gateway = [sys.executable, "-m", "gateway.main"]
        running = {
            "envoy": process(envoy.command(config), ports["envoy"]),
            "ours": process(gateway, ports["ours"], **ours(ports["ours"], upstream, mongod.admin_url)),
            "plain": process(
                uvicorn("bench.plain_gateway:app", ports["plain"]),
                ports["plain"],
                BENCH_UPSTREAM=f"http://127.0.0.1:{upstream}",
            ),
        }
        found = {name: stack.enter_context(each) for name, each in running.items()}
        callers = headers()
        for round_ in range(ROUNDS + 1):
            for name, one in found.items():
                requests = REQUESTS if name != "plain" else REQUESTS // 3
                before = cpu(one)
                seconds = asyncio.run(load(f"http://127.0.0.1:{ports[name]}{PATH}", callers, requests))
                if round_:  # the first round warms
                    results[name].append(((cpu(one) - before) / requests * 1000, requests / seconds))
    reference = statistics.median(each[0] for each in results["envoy"])
    print(f"{'gateway':<8}{'CPU ms a request':>18}{'× Envoy':>10}{'requests/s':>12}")
    for name, measured in results.items():
        spent, rate = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"{name:<8}{spent:>18.3f}{spent / reference:>10.2f}{rate:>12.0f}")


if __name__ == "__main__":
    main()
