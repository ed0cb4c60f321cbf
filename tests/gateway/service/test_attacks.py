"""What people send to get past the door."""

import asyncio
import secrets
import time

import pytest

from kit.testing import tokens
from tests.gateway import raw

THINGS = "/api/v1/toy/things"


def bearer() -> bytes:
    return tokens.as_caseworker()["Authorization"].encode()


def head(*lines: bytes, method: bytes = b"POST", target: bytes = b"/api/v1/toy/things") -> bytes:
    address = b"X-Forwarded-For: 10.%d.%d.%d" % tuple(secrets.token_bytes(3))
    always = (method + b" " + target + b" HTTP/1.1", b"Host: localhost", b"Authorization: " + bearer(), address)
    return b"\r\n".join((*always, *lines, b"", b""))


async def reached(gateway, marker: str) -> bool:
    """Whether something with the marker is in the service's echo, that is, was forwarded as a request of its own."""
    answer = await raw.send(gateway.port, head(method=b"GET", target=f"{THINGS}/{marker}".encode()))
    return marker.encode() in answer.bytes


# Tokens -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer x y",
        "Basic dXNlcjpwYXNz",
        "Bearer e30.e30.e30",
        "bearer " + "a" * 500,
        "Bearer null",
        "Token abc",
    ],
)
async def test_without_a_valid_token_nobody_passes(http, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await http.get(THINGS, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "auth.invalid-token"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "account"},
        {"iss": "http://evil/realms/coalition"},
        {"exp": int(time.time()) - 60},
        {"nbf": int(time.time()) + 86_400},  # as of collection: a long run must not catch up with it
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"kind": "service"},
    ],
)
async def test_a_signed_token_for_something_else_does_not_pass(http, changed):
    answer = await http.get(THINGS, headers=tokens.bearer(**changed))
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.invalid-token")


async def test_a_token_of_two_organisations_is_told_to_choose_one(http):
    claims = tokens.claims_of()
    [entry] = claims["organization"].values()
    for organizations in ({}, {"a": entry, "b": entry}):
        token = tokens.sign(claims | {"organization": organizations})
        answer = await http.get(THINGS, headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"})
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.organization-count")
        assert "scope=organization" in answer.json()["next"]


async def test_a_missing_scope_is_named_at_the_door(http):
    answer = await http.get("/api/v1/toy/board", headers={**tokens.as_caseworker(), "Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.missing-scope")
    assert answer.json()["detail"] == "membership:decide"


async def test_an_operation_for_anyone_signed_in_needs_no_scope_but_a_token(http):
    assert (await http.get("/api/v1/toy/mine", headers=tokens.bearer(scopes=set()))).status_code == 200
    assert (await http.get("/api/v1/toy/mine")).status_code == 401


async def test_two_authorization_headers_are_no_authorization(gateway):
    answer = await raw.send(gateway.port, head(b"Authorization: Bearer x", method=b"GET"))
    assert answer.statuses == [400]


async def test_unknown_key_names_do_not_make_the_gateway_ask_the_issuer_each_time(world, issuer):
    async def forged(http):
        token = tokens.sign(tokens.claims_of(), kid=secrets.token_hex(8))
        return (await http.get(THINGS, headers={"Authorization": f"Bearer {token}"})).status_code

    with world.replica() as own:
        async with own.http() as http:
            await http.get(THINGS, headers=tokens.as_caseworker())
            before = issuer.fetches
            assert {await forged(http) for _ in range(30)} == {401}
    assert issuer.fetches <= before + 1


# Paths --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        b"/api/v1/toy/open/../board",
        b"/api/v1/toy/open/%2e%2e/board",
        b"/api/v1/toy/open/..%2fboard",
        b"/api/v1/toy//board",
        b"//api/v1/toy/board",
        b"/api/v1/toy/%62oard",
        b"/api/v1/toy/board/",
        b"/api/v1/toy/board%00",
        b"/api/v1/toy/board%20",
        b"/api/v1/toy/./board",
        b"/API/v1/toy/board",
        b"/api/v1/toy/board;x=1",
        b"/api/v1/toy\\board",
        b"/metrics",
        b"/docs/../metrics",
        b"/docs/style.css/../../metrics",
        b"/openapi.json/",
    ],
)
async def test_no_spelling_of_a_path_reaches_another_operation(gateway, target):
    answer = await raw.send(gateway.port, head(method=b"GET", target=target))
    assert answer.statuses in ([400], [404])
    assert b"x-service" not in answer.bytes


@pytest.mark.parametrize("target", [b"http://evil.example/api/v1/toy/things", b"HTTP://localhost/api/v1/toy/things"])
async def test_an_absolute_address_leads_nowhere_else(gateway, target):
    answer = await raw.send(gateway.port, head(method=b"GET", target=target))
    assert answer.statuses in ([200], [400])
    assert b"evil.example" not in answer.bytes


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT", b"OPTIONS", b"HEAD", b"PROPFIND", b"FOO", b"get"])
async def test_other_methods_are_not_forwarded(gateway, method):
    answer = await raw.send(gateway.port, head(method=method))
    assert answer.statuses in ([400], [404], [405])
    assert b"x-service" not in answer.bytes


async def test_an_unknown_route_is_not_found_whoever_asks(http):
    for headers in ({}, tokens.as_caseworker()):
        answer = await http.get("/api/v1/toy/secret", headers={**headers, "Accept-Language": "fr"})
        assert (answer.status_code, answer.json()["code"]) == (404, "gateway.unknown-route")
        assert answer.json()["title"] == "Il n'y a rien à cette adresse"


# Smuggling ----------------------------------------------------------------------------------------------------------

SECOND = b"GET /api/v1/toy/open?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        (b"Content-Length: 0", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        (b"Content-Length: 5", b"Content-Length: 60"),
        (b"Content-Length: 5, 60",),
        (b"Content-Length: +5",),
        (b"Content-Length: 0x5",),
        (b"Content-Length : 5",),
        (b"Transfer-Encoding: xchunked",),
        (b"Transfer-Encoding : chunked",),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        (b"Transfer-Encoding: identity, chunked",),
        (b"Transfer-Encoding: \x0bchunked",),
        (b"Transfer-Encoding:\tchunked\x00",),
        (b" Transfer-Encoding: chunked",),
        (b"X: y\nTransfer-Encoding: chunked",),
        (b"X: y\rTransfer-Encoding: chunked",),
        (b"Trans\xc5\xbffer-Encoding: chunked", b"Content-Length: bad"),
    ],
)
async def test_a_request_whose_end_is_in_doubt_is_refused_and_its_connection_closed(gateway, lines):
    answer = await raw.send(gateway.port, head(*lines) + b"0\r\n\r\n" + SECOND)
    assert answer.statuses == [400]
    assert answer.closed
    assert b"smuggled" not in answer.bytes


@pytest.mark.parametrize(
    "body",
    [
        b"5;\nxx\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"-1\r\nhello\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
    ],
)
async def test_chunks_that_two_readers_could_read_two_ways_end_the_connection(gateway, body):
    answer = await raw.send(gateway.port, head(b"Transfer-Encoding: chunked") + body + SECOND)
    assert answer.closed
    assert b"smuggled" not in answer.bytes
    assert 200 not in answer.statuses


async def test_a_proper_pipeline_is_answered_in_order_and_apart(gateway):
    body = b"GET /api/v1/toy/open?inside HTTP/1.1\r\nHost: x\r\n\r\n"
    first = head(b"Content-Length: %d" % len(body)) + body
    answer = await raw.send(gateway.port, first + head(method=b"GET", target=b"/api/v1/toy/open?second"))
    assert answer.statuses == [200, 200]
    assert answer.bytes.index(b'"method": "POST"') < answer.bytes.index(b'"query": "second"')
    assert b'"query": "inside"' not in answer.bytes


async def test_trailers_do_not_become_headers(gateway):
    chunks = b"5\r\nhello\r\n0\r\nAuthorization: Bearer other\r\nX-User: someone\r\n\r\n"
    answer = await raw.send(gateway.port, head(b"Transfer-Encoding: chunked", b"Trailer: X-User") + chunks)
    assert answer.statuses == [200]
    assert b"someone" not in answer.bytes
    assert b"Bearer other" not in answer.bytes


async def test_headers_named_in_connection_cannot_take_ours_away(gateway):
    answer = await raw.send(gateway.port, head(b"Connection: authorization, x-request-id, close", method=b"GET"))
    assert answer.statuses == [200]
    assert b'["authorization"' in answer.bytes


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c", b"TLS/1.0"])
async def test_no_other_protocol_is_spoken(gateway, upgrade):
    lines = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: " + upgrade, b"HTTP2-Settings: AAMAAABk")
    answer = await raw.send(gateway.port, head(*lines, method=b"GET") + SECOND)
    assert answer.statuses == [200]
    assert answer.closed
    assert b"smuggled" not in answer.bytes
    with_body = await raw.send(gateway.port, head(*lines, b"Content-Length: 5") + b"hello")
    assert with_body.statuses == [400]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /api/v1/toy/open HTTP/1.1\r\n\r\n",
        b"GET /api/v1/toy/open HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /api/v1/toy/open HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET /api/v1/toy/open\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /api/v1/toy/open HTTP/1.1\r\nHost: a\r\nX\x00Y: b\r\n\r\n",
        b"GET /api/v1/toy/open HTTP/1.1\r\nHost: a\r\nX: b\x00c\r\n\r\n",
        b"GET /api/v1/toy/open HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        b"GET /api/v1/toy/open?\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00" * 100,
    ],
)
async def test_what_is_not_http_gets_a_400_and_no_more(gateway, request_bytes):
    answer = await raw.send(gateway.port, request_bytes)
    assert answer.statuses in ([400], [505])
    assert b"Traceback" not in answer.bytes


async def test_garbage_after_a_whole_request_does_not_take_its_answer_away(gateway):
    answer = await raw.send(gateway.port, head(method=b"GET") + b"\x00garbage\r\n\r\n")
    assert answer.statuses == [200]
    assert answer.closed


# Size and slowness --------------------------------------------------------------------------------------------------


async def test_a_body_over_256_kib_is_refused_announced_or_not(http):
    announced = await http.post(THINGS, headers=tokens.as_caseworker(), content=b"x" * (256 * 1024 + 1))
    assert (announced.status_code, announced.json()["code"]) == (413, "gateway.body-too-large")

    async def parts():
        for _ in range(257):
            yield b"y" * 1024

    counted = await http.post(THINGS, headers=tokens.as_caseworker(), content=parts())
    assert (counted.status_code, counted.json()["code"]) == (413, "gateway.body-too-large")


async def test_a_body_of_256_kib_passes(http):
    answer = await http.post(THINGS, headers=tokens.as_caseworker(), content=b"x" * 256 * 1024)
    assert answer.json()["length"] == 256 * 1024


async def test_an_announced_giant_is_refused_before_it_is_sent(gateway):
    answer = await raw.send(gateway.port, head(b"Content-Length: 99999999999999999", b"Expect: 100-continue"))
    assert answer.statuses in ([413], [400])
    assert b"100 Continue" not in answer.bytes
    assert answer.closed


@pytest.mark.parametrize(
    "large",
    [
        b"X: " + b"a" * 17_000,
        b"\r\n".join(b"X-%d: aaaaaaaaaaaaaaaaaaaa" % number for number in range(700)),
        b"Cookie: " + b"b" * 17_000,
    ],
)
async def test_a_head_over_16_kib_is_refused(gateway, large):
    answer = await raw.send(gateway.port, head(large, method=b"GET"))
    assert answer.statuses == [431]
    assert answer.closed


async def test_a_head_without_end_is_refused_as_soon_as_it_passes_16_kib(gateway):
    for start in (b"GET /api/v1/toy/open?", b"GET /api/v1/toy/open HTTP/1.1\r\nHost: a\r\nX: "):
        answer = await raw.send(gateway.port, start, *([b"a" * 1024] * 40))
        assert answer.statuses == [431]
        assert answer.closed


async def test_a_large_upload_does_not_make_the_next_request_of_the_connection_too_large(gateway):
    upload = head(b"Content-Length: 100000", target=b"/api/v1/toy/files") + b"x" * 100_000
    following = head(method=b"GET")
    answer = await raw.send(gateway.port, upload, following[:20], following[20:], pause=0.3)
    assert answer.statuses == [200, 200]


async def test_slow_heads_slow_bodies_and_silence_end_within_their_time(gateway):
    started = time.monotonic()
    letters = [bytes([byte]) for byte in head(method=b"GET")[:40]]
    drops = [head(b"Content-Length: 100"), *([b"x"] * 40)]
    refused = [head(b"Content-Length: 100", target=b"/api/v1/toy/nothing"), *([b"x"] * 60)]
    slow_head, slow_body, after_answer, silent = await asyncio.gather(
        raw.send(gateway.port, *letters, pause=1, silence=20),
        raw.send(gateway.port, *drops, pause=1, silence=20),
        raw.send(gateway.port, *refused, pause=1, silence=40),
        raw.send(gateway.port, b"", silence=20),
    )
    assert slow_head.statuses == [408]
    assert slow_body.statuses == [408]
    assert after_answer.statuses == [404]
    assert silent.bytes == b""
    assert slow_head.closed
    assert slow_body.closed
    assert after_answer.closed
    assert silent.closed
    assert time.monotonic() - started < 40


async def test_a_slow_service_is_given_up_after_15_seconds(http):
    started = time.monotonic()
    answer = await http.get("/api/v1/toy/slow", headers=tokens.as_caseworker())
    assert (answer.status_code, answer.json()["code"]) == (504, "gateway.service-too-slow")
    assert 14 < time.monotonic() - started < 18


async def test_an_answer_that_breaks_off_is_not_passed_off_as_whole(gateway):
    answer = await raw.send(gateway.port, head(method=b"GET", target=b"/api/v1/toy/broken"))
    assert answer.closed
    assert b"only this" in answer.bytes
    assert b"content-length: 1000" in answer.bytes
