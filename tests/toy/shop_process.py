"""The toy shop as a real process: `serve`, with loops and streams to watch it stop or die."""

import asyncio
import contextlib
import json
import os
import sys
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from kit import http
from kit.bus import Bus
from kit.mongo import Mongo
from kit.relay import Relay
from kit.testing import tokens
from tests.toy import shop

OPTIONS = json.loads(os.environ.get("TOY_OPTIONS", "{}"))
streams = APIRouter()


@streams.get("/api/v1/shop/stream")
async def stream(request: Request):
    async def lines():
        yield b"open\n"
        await http.stopping(request).wait()
        yield b"closed by the service\n"

    return StreamingResponse(lines())


@streams.get("/api/v1/shop/slow")
async def slow():
    await asyncio.sleep(1)
    return {"done": True}


@streams.get("/api/v1/shop/hanging")
async def hanging():
    """Never answers, and does not end when it is told to either."""
    structlog.get_logger().info("hanging")
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


@dataclass
class Settings:
    host: str
    port: int
    log_level: str = "INFO"


async def die() -> None:
    await asyncio.sleep(OPTIONS["die_after"])
    raise KeyError("Marie Tremblay")


async def live() -> None:
    await asyncio.Event().wait()


def create(_: Settings):
    mongo = Mongo.connect(OPTIONS.get("mongodb_url", os.environ["TEST_MONGODB_URL"]), os.environ["TOY_DATABASE"])
    bus = Bus(OPTIONS["nats_url"], OPTIONS["nats_seed"], "wallet") if "nats_url" in OPTIONS else None
    relays = [Relay(mongo, bus, "wallet", "shop").run] if bus else []
    return http.create_app(
        "shop",
        routers=[shop.router, streams],
        mongo=mongo,
        verifier=tokens.verifier(),
        problems=shop.PROBLEMS,
        errors=[shop.ShopError],
        resources=[bus] if bus else [],
        background=[die if "die_after" in OPTIONS else live, *relays],
    )


if __name__ == "__main__":
    http.serve("shop", create, Settings("127.0.0.1", int(sys.argv[1])))
