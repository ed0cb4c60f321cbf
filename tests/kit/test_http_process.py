"""A service as a process: it stops when told, dies when half of it died, and its log quotes nobody."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from contextlib import asynccontextmanager

import httpx2
import pytest

from kit.http.server import LEAVE_SECONDS
from kit.testing import eventually
from tests.servers import free_port

BUSY_MACHINE_SECONDS = 3.0
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Shop:
    def __init__(self, process, url) -> None:
        self.process = process
        self.url = url
        self.log: list[dict] = []
        self.http = httpx2.AsyncClient(base_url=url, timeout=10)
        self.reading = asyncio.create_task(self.read())

    async def read(self) -> None:
        async for line in self.process.stdout:
            self.log.append(json.loads(line))

    def events(self, name):
        return [line for line in self.log if line["event"] == name]

    async def hangs(self) -> bool:
        return bool(self.events("hanging"))

    async def answers(self) -> bool:
        with contextlib.suppress(httpx2.TransportError):
            return (await self.http.get("/health/live")).status_code == 200
        return False


@asynccontextmanager
async def running(mongo, **options):
    port = free_port()
    environment = os.environ | {"TOY_OPTIONS": json.dumps(options), "TOY_DATABASE": mongo.db.name}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.toy.shop_process", str(port)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    shop = Shop(process, f"http://127.0.0.1:{port}")
    try:
        await eventually(shop.answers)
        yield shop
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await shop.reading
        await shop.http.aclose()


async def test_a_stop_lets_requests_end_and_tells_streams_to(mongo):
    async with running(mongo) as shop:
        slow = asyncio.create_task(shop.http.get("/api/v1/shop/slow"))
        async with shop.http.stream("GET", "/api/v1/shop/stream") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "open"
            await asyncio.sleep(0.3)
            shop.process.send_signal(signal.SIGTERM)
            assert await anext(lines) == "closed by the service"
        assert (await slow).json() == {"done": True}
        assert await asyncio.wait_for(shop.process.wait(), 8) == -signal.SIGTERM
        await shop.reading
        assert not shop.events("loop.died")


async def test_a_process_told_to_stop_is_gone_in_time_even_when_its_servers_are_and_a_request_hangs(
    mongo, own_mongod, own_nats
):
    wires = {"nats_url": own_nats.url, "nats_seed": own_nats.seeds["OWN"]["wallet"]}
    async with running(mongo, mongodb_url=own_mongod.admin_url, **wires) as shop:

        async def ready():
            return (await shop.http.get("/health/ready")).status_code == 200

        await eventually(ready, 30)
        request = asyncio.create_task(shop.http.get("/api/v1/shop/hanging"))
        await eventually(shop.hangs)
        # Frozen rather than killed: nobody tells the process that nothing answers any more.
        for server in (own_mongod.server, own_nats.server):
            server.signal(signal.SIGSTOP)
        shop.process.terminate()
        asked = time.monotonic()
        await asyncio.wait_for(shop.process.wait(), 60)
        assert time.monotonic() - asked < LEAVE_SECONDS + BUSY_MACHINE_SECONDS
        with contextlib.suppress(httpx2.TransportError):
            await request


async def test_a_dead_loop_ends_the_process_with_an_error(mongo):
    async with running(mongo, die_after=1.5) as shop:
        assert await asyncio.wait_for(shop.process.wait(), 10) == 1
        await shop.reading
        [died] = shop.events("loop.died")
        assert (died["level"], died["error"], died["service"]) == ("critical", "KeyError", "shop")
        assert shop.events("process.ends")
        assert "Marie" not in str(shop.log)


async def test_an_unknown_failure_is_logged_by_type_place_and_ids_without_a_value(mongo):
    async with running(mongo) as shop:
        traceparent = f"00-{TRACE}-b7ad6b7169203331-01"
        headers = {"traceparent": traceparent, "x-request-id": "request-1", "x-name": "Marie Tremblay"}
        for path in ("broken", "wrong"):
            answer = await shop.http.get(f"/api/v1/shop/{path}?name=Marie", headers=headers)
            assert answer.status_code == 500
            assert "server" not in answer.headers
        shop.process.terminate()
        await shop.reading
        first, second = shop.events("request.failed")
        assert first["error"] == "ValueError"
        assert first["where"].startswith("tests.toy.shop:")
        assert (first["route"], first["method"]) == ("/api/v1/shop/broken", "GET")
        assert (first["trace_id"], first["request_id"]) == (TRACE, "request-1")
        assert second["error"] == "ResponseValidationError"
        assert "Marie" not in str(shop.log)


async def test_a_malformed_http_request_is_refused_and_not_logged(mongo):
    async with running(mongo) as shop:
        port = int(shop.url.rsplit(":", 1)[1])
        for raw in (b"GET / Marie\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: Marie\r\n\r\n", b"\x00Marie\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(raw)
            assert (await reader.read()).startswith(b"HTTP/1.1 400")
            writer.close()
        shop.process.terminate()
        await shop.reading
        assert "Marie" not in str(shop.log)


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
async def test_forwarding_headers_change_nothing(mongo, header):
    async with running(mongo) as shop:
        answer = await shop.http.get("/nowhere", headers={header: "for=Marie"})
        assert answer.status_code == 404
        assert "Marie" not in answer.text
