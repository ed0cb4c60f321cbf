"""What passes the door, and in what form it reaches the service and comes back."""

import asyncio
import time

from kit.testing import tokens

CASEWORKER = {"roles": ("caseworker",)}


def sent(answer):
    """The headers that reached the service, by lower-case name."""
    return {name.lower(): value for name, value in answer.json()["headers"]}


async def test_a_request_reaches_its_service_with_path_and_query_as_they_were_written(http):
    answer = await http.get("/api/v1/toy/things/%C3%89rable~27?q=a%2Fb&q=c+d", headers=tokens.as_caseworker())
    assert answer.status_code == 200
    assert answer.json()["path"] == "/api/v1/toy/things/%C3%89rable~27"
    assert answer.json()["query"] == "q=a%2Fb&q=c+d"


async def test_a_service_receives_the_token_one_request_id_and_the_trace_it_belongs_to(http):
    bearer = tokens.as_caseworker()
    answer = await http.get(
        "/api/v1/toy/things",
        headers={**bearer, "X-Request-Id": "mine", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"},
    )
    seen = sent(answer)
    assert seen["authorization"] == bearer["Authorization"]
    assert seen["x-request-id"] == answer.headers["x-request-id"]
    assert len(seen["x-request-id"]) == 32
    assert seen["traceparent"].split("-")[1] == seen["x-request-id"]


async def test_identity_and_forwarding_headers_of_the_caller_never_reach_a_service(http):
    planted = {
        "X-User": "someone",
        "X-Forwarded-User": "someone",
        "X-Organization": "other",
        "X-Original-URL": "/admin",
        "X-Rewrite-URL": "/admin",
        "X-HTTP-Method-Override": "DELETE",
        "Forwarded": "for=1.2.3.4;host=evil",
        "X-Forwarded-Host": "evil",
        "X-Forwarded-Proto": "https",
        "X-Real-IP": "1.2.3.4",
        "Via": "1.1 evil",
        "Proxy-Authorization": "Basic x",
        "Cookie": "__Host-session=x; other=y",
        "X-Request-Id": "chosen",
        "User-Agent": "Mozilla/5.0",
        "Accept-Encoding": "gzip",
    }
    answer = await http.get("/api/v1/toy/things", headers={**tokens.as_caseworker(), **planted})
    seen = sent(answer)
    assert set(seen) == {"host", "accept", "authorization", "x-request-id", "traceparent"}
    assert seen["x-request-id"] != "chosen"


async def test_the_headers_that_matter_to_a_service_pass(http):
    passing = {
        "Accept-Language": "fr-CA",
        "If-None-Match": '"v3"',
        "Idempotency-Key": "k-1",
        "Prefer": "return=minimal",
        "If-Match": '"v2"',
        "Content-Type": "application/json",
    }
    answer = await http.put("/api/v1/toy/things/1", headers={**tokens.as_caseworker(), **passing}, content=b'{"a": 1}')
    seen = sent(answer)
    assert {name: seen[name.lower()] for name in passing} == passing
    assert answer.json()["body"] == '{"a": 1}'


async def test_a_public_operation_is_forwarded_without_the_callers_credentials(http):
    answer = await http.get("/api/v1/toy/open", headers=tokens.as_caseworker())
    assert "authorization" not in sent(answer)


async def test_every_answer_carries_the_security_headers_and_no_service_sets_a_cookie(http):
    for path in ("/api/v1/toy/things", "/api/v1/toy/nothing", "/docs", "/auth/me"):
        answer = await http.get(path, headers=tokens.as_caseworker())
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers
        assert len(answer.headers["x-request-id"]) == 32


async def test_an_answer_about_people_is_not_stored(http):
    answer = await http.get("/api/v1/toy/things", headers=tokens.as_caseworker())
    assert answer.headers["cache-control"] == "no-store"


async def test_a_body_without_a_length_is_streamed_on(http):
    async def parts():
        for _ in range(4):
            yield b"y" * 1000

    answer = await http.post("/api/v1/toy/things", headers=tokens.as_caseworker(), content=parts())
    assert answer.json()["length"] == 4000
    assert sent(answer)["transfer-encoding"] == "chunked"


async def test_an_answer_is_passed_on_as_it_comes(http):
    started, first = time.perf_counter(), None
    total = 0
    async with http.stream("GET", "/api/v1/toy/large", headers=tokens.as_caseworker()) as answer:
        async for part in answer.aiter_bytes():
            first = first or time.perf_counter() - started
            total += len(part)
    assert total == 128 * 65536 + 3
    assert first < 0.4 < time.perf_counter() - started


async def ticks(http, number, **headers):
    """Read so many events of the stream, then leave; return their ids."""
    found = []
    async with http.stream("GET", "/api/v1/toy/live", headers={**tokens.as_caseworker(), **headers}) as answer:
        async for line in answer.aiter_lines():
            found += [int(line.removeprefix("id: "))] if line.startswith("id: ") else []
            if len(found) == number:
                return found
    return found


async def test_a_stream_taken_up_again_goes_on_after_the_last_event_its_reader_saw(http):
    seen = await ticks(http, 3)
    assert seen == [0, 1, 2]
    assert await ticks(http, 3, **{"Last-Event-ID": str(seen[-1])}) == [3, 4, 5]


async def test_an_upload_may_be_larger_than_other_bodies(http):
    answer = await http.post("/api/v1/toy/files", headers=tokens.as_caseworker(), content=b"z" * 2_000_000)
    assert answer.json()["length"] == 2_000_000


async def test_a_service_that_is_away_is_said_to_be_away(world):
    with world.replica(UPSTREAMS='{"toy": "http://127.0.0.1:9"}') as away:
        async with away.http() as http:
            answer = await http.get("/api/v1/toy/open", headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert answer.json()["code"] == "gateway.service-unavailable"
    assert answer.json()["title"] == "This service is unavailable at the moment"


async def test_many_requests_at_once_keep_to_their_own_answers(http):
    async def one(number):
        answer = await http.get(f"/api/v1/toy/things/{number}", headers=tokens.as_caseworker())
        return answer.json()["path"] == f"/api/v1/toy/things/{number}"

    assert all(await asyncio.gather(*(one(number) for number in range(100))))
