"""A service behind the gateway, as a process: says what reached it, streams, answers slowly or badly when asked."""

import asyncio
import json
import sys

import uvicorn

PREFIX = b"/api/v1/toy/"


async def app(scope, receive, send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    await OPERATIONS.get(scope["raw_path"].removeprefix(PREFIX), echo)(scope, receive, send)


async def lifespan(receive, send) -> None:
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})


async def body_of(receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def echo(scope, receive, send) -> None:
    body = await body_of(receive)
    seen = {
        "method": scope["method"],
        "path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]],
        "length": len(body),
        "body": body[:1000].decode("latin-1"),
    }
    await answer(send, 200, json.dumps(seen).encode(), [(b"x-service", b"toy"), (b"set-cookie", b"planted=1")])


async def answer(send, status, body, headers=()) -> None:
    described = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": described})
    await send({"type": "http.response.body", "body": body})


async def live(scope, receive, send) -> None:
    """A stream that ticks until its reader leaves, after the last tick its reader has seen."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    leaving = asyncio.create_task(left(receive))
    number = int(dict(scope["headers"]).get(b"last-event-id", b"-1")) + 1
    while not leaving.done():
        await send({"type": "http.response.body", "body": b"id: %d\ndata: tick\n\n" % number, "more_body": True})
        number += 1
        await asyncio.sleep(0.05)
    LEFT.append(number)


LEFT: list[int] = []


async def left(receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def readers_that_left(_, receive, send) -> None:
    await answer(send, 200, str(len(LEFT)).encode())


async def large(_, receive, send) -> None:
    """Eight MiB in parts, the last one late: what comes before must not wait for it."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(128):
        await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
    await asyncio.sleep(0.5)
    await send({"type": "http.response.body", "body": b"end"})


async def broken(_, receive, send) -> None:
    """Promises more than it sends."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b"only this", "more_body": True})
    raise ConnectionError


async def slow(_, receive, send) -> None:
    await asyncio.sleep(30)


def problem(status: int, title: str, *wrong: str) -> tuple[int, bytes]:
    errors = {"errors": [{"pointer": f"/{name}", "code": "string_too_short"} for name in wrong]} if wrong else {}
    return status, json.dumps({"status": status, "title": title, "next": "Essayez autrement.", **errors}).encode()


INVITATIONS = {
    "SHORT": problem(422, "Des renseignements manquent", "code"),
    "USED-USED": problem(404, "Ce code n'est pas valable"),
    "NOT-JSON-": (200, b"<html>"),
}
TAKEN_UP: list[dict] = []


async def take_up(scope, receive, send) -> None:
    """Answers as membership to an invitation taken up, and keeps what was sent."""
    sent = json.loads(await body_of(receive))
    headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    TAKEN_UP.append({"body": sent, "headers": headers})
    status, body = INVITATIONS.get(sent["code"], (202, b'{"status": "received"}'))
    await answer(send, status, body)


async def taken_up(_, receive, send) -> None:
    await answer(send, 200, json.dumps(TAKEN_UP).encode())


OPERATIONS = {
    b"/api/v1/membership/invitations/acceptances": take_up,
    b"taken-up": taken_up,
    b"live": live,
    b"left": readers_that_left,
    b"large": large,
    b"broken": broken,
    b"slow": slow,
}

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="critical", access_log=False, timeout_keep_alive=30)
