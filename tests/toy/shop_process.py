"""The toy shop as a real process: `serve`, with loops and streams to watch it stop or die."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from kit import http
from kit.mongo import Mongo
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
    mongo = Mongo.connect(os.environ["TEST_MONGODB_URL"], os.environ["TOY_DATABASE"])
    return http.create_app(
        "shop",
        routers=[shop.router, streams],
        mongo=mongo,
        verifier=tokens.verifier(),
        problems=shop.PROBLEMS,
        errors=[shop.ShopError],
        background=[die if "die_after" in OPTIONS else live],
    )


if __name__ == "__main__":
    http.serve("shop", create, Settings("127.0.0.1", int(sys.argv[1])))
