"""CPU a request and throughput of three gateways with one duty, in turns within one run.

Run with `make bench`, or alone: `python -m bench.gateway`.
"""

import asyncio
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import envoy
from bench.driving import Call, cpu, gateway, load, process, publish_keys, uvicorn
from cli.servers.process import free_port
from kit.testing import tokens
from tests.servers import running_mongod

PATH = "/api/v1/membership/services"
ALIAS = "refuge-du-nord"
SERVICES = ("membership", "referral", "notifications")
REQUESTS, ROUNDS, CALLERS = 1_500, 4, 150


def headers() -> list[dict[str, str]]:
    """As many callers as it takes for no one to meet a limit."""
    return [tokens.as_caseworker(alias=ALIAS, azp=f"client-{n}") for n in range(CALLERS)]


def main() -> None:
    publish_keys()
    results: dict[str, list[tuple[float, float]]] = {"envoy": [], "ours": [], "plain": []}
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream, ports = free_port(), {name: free_port() for name in results}
        mongod = stack.enter_context(running_mongod(place / "mongod"))
        stack.enter_context(process(uvicorn("bench.upstream:app", upstream), upstream))
        config = place / "envoy.json"
        envoy.write_config(config, ports["envoy"], upstream, ALIAS)
        behind = dict.fromkeys(SERVICES, f"http://127.0.0.1:{upstream}")
        environment = gateway(ports["ours"], upstream, mongod.admin_url, behind)
        running = {
            "envoy": process(envoy.command(config), ports["envoy"]),
            "ours": process([sys.executable, "-m", "gateway.main"], ports["ours"], **environment),
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
                calls = [Call(f"http://127.0.0.1:{ports[name]}{PATH}", caller) for caller in callers]
                seconds = asyncio.run(load(calls, requests))
                if round_:  # the first round warms
                    results[name].append(((cpu(one) - before) / requests * 1000, requests / seconds))
    reference = statistics.median(each[0] for each in results["envoy"])
    print(f"{'gateway':<8}{'CPU ms a request':>18}{'× Envoy':>10}{'requests/s':>12}")
    for name, measured in results.items():
        spent, rate = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"{name:<8}{spent:>18.3f}{spent / reference:>10.2f}{rate:>12.0f}")


if __name__ == "__main__":
    main()
