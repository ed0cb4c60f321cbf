"""Whoever asks for what their role does not carry is refused at the door, where no service could note it."""

import json
import re

import httpx2

from kit.testing import eventually, tokens
from tests.servers import free_port


def lines_of(replica, event):
    found = [json.loads(line) for line in replica.log.read_text().splitlines()]
    return [line for line in found if line["event"] == event]


async def test_a_refused_scope_leaves_a_line_that_says_who_and_what_and_nothing_they_typed(gateway):
    bearer = tokens.as_intake(organization="o-curious", user="u-curious")
    async with gateway.http() as http:
        answer = await http.put("/api/v1/toy/things/zeph27?q=zeph28", headers=bearer, json={"name": "zeph29"})
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.missing-scope")

    async def written():
        return [line for line in lines_of(gateway, "scope.refused") if line["user"] == "u-curious"]

    [line] = await eventually(written)
    assert line.keys() >= {"timestamp", "level"}
    assert {name: line[name] for name in line.keys() - {"timestamp", "level"}} == {
        "event": "scope.refused",
        "service": "gateway",
        "request_id": answer.headers["x-request-id"],
        "organization": "o-curious",
        "user": "u-curious",
        "route": "/api/v1/toy/things/{thing}",
        "method": "PUT",
        "reason": "referral:send",
    }
    assert "zeph2" not in gateway.log.read_text()


async def test_refused_scopes_are_counted_by_route(shared_world):
    port = free_port()
    with shared_world.replica(METRICS_PORT=str(port)) as own:
        async with own.http() as http:
            for _ in range(3):
                await http.get("/api/v1/toy/board", headers=tokens.as_caseworker())
            await http.get("/api/v1/toy/things", headers=tokens.as_caseworker())
        shown = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    counted = re.findall(r"coalition_scopes_refused_total\{(.*)\} (\S+)", shown)
    assert counted == [('method="GET",route="/api/v1/toy/board"', "3.0")]
