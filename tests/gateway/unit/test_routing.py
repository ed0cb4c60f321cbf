"""The routing table, made of contracts alone."""

import json
from pathlib import Path

import pytest

from gateway.refusals import MethodNotAllowed, NonCanonicalPath, UnknownRoute
from gateway.routing import AmbiguousOperations, ForeignPath, Routes, UnguardedOperation, is_canonical
from tests.gateway.world import contract, operation

COMMITTED = sorted(Path("contracts/openapi").glob("*.json"))


def routes(*paths):
    return Routes({"toy": {"paths": dict(paths)}})


@pytest.fixture(scope="module")
def toy():
    return Routes({"toy": contract()})


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("GET", b"/api/v1/toy/things", "/api/v1/toy/things"),
        ("PUT", b"/api/v1/toy/things/42", "/api/v1/toy/things/{thing}"),
        ("GET", b"/api/v1/toy/things/42/parts/%C3%A9", "/api/v1/toy/things/{thing}/parts/{part}"),
    ],
)
def test_a_path_finds_its_operation(toy, method, path, template):
    assert toy.find(method, path).template == template


@pytest.mark.parametrize(
    "path",
    [b"/api/v1/toy", b"/api/v1/toy/nothing", b"/api/v1/other/things", b"/metrics", b"/api/v1/toy/things/1/parts", b"/"],
)
def test_what_no_contract_promises_does_not_exist(toy, path):
    with pytest.raises(UnknownRoute):
        toy.find("GET", path)


def test_another_method_is_answered_with_those_that_exist(toy):
    with pytest.raises(MethodNotAllowed) as refused:
        toy.find("GET", b"/api/v1/toy/files")
    assert refused.value.headers == [(b"allow", b"POST")]


@pytest.mark.parametrize(
    "path",
    [
        b"/api/v1/toy/../toy/things",
        b"/api/v1/toy/./things",
        b"/api/v1/toy//things",
        b"//api/v1/toy/things",
        b"/api/v1/toy/things/",
        b"/api/v1/toy/things/..",
        b"/api/v1/toy/%2e%2e/things",
        b"/api/v1/toy/%2E%2E/things",
        b"/api/v1/toy/%74hings",
        b"/api/v1/toy/things%2F1",
        b"/api/v1/toy/things%2f1",
        b"/api/v1/toy/things%5C1",
        b"/api/v1/toy\\things",
        b"/api/v1/toy/things%00",
        b"/api/v1/toy/things%0A",
        b"/api/v1/toy/things%0d%0aX",
        b"/api/v1/toy/things%7F",
        b"/api/v1/toy/things/%25",
        b"/api/v1/toy/things/%252e",
        b"/api/v1/toy/things/%c3%a9",
        b"/api/v1/toy/things/%",
        b"/api/v1/toy/things/%4",
        b"/api/v1/toy/things/%ZZ",
        b"/api/v1/toy/things;x\x00",
        b"/api/v1/toy/th\xc3\xa9",
        b"/api/v1/toy/things#x",
        b"/api/v1/toy/<things>",
        b"api/v1/toy/things",
        b"*",
        b"",
    ],
)
def test_a_path_in_another_spelling_is_refused(toy, path):
    assert not is_canonical(path)
    with pytest.raises(NonCanonicalPath):
        toy.find("GET", path)


@pytest.mark.parametrize("path", [b"/", b"/a", b"/a.b/..c", b"/%C3%89", b"/a%20b", b"/a;b=1,2", b"/~x@y:z!$&'()*+="])
def test_a_path_in_its_one_spelling_passes(path):
    assert is_canonical(path)


def test_every_byte_that_a_contract_can_name_has_one_spelling():
    for byte in b"ABCXYZabcxyz0189-._~" + bytes(range(128, 256)):
        spellings = {f"%{byte:02X}".encode(), f"%{byte:02x}".encode(), bytes([byte])}
        assert sum(is_canonical(b"/x" + spelling + b"y") for spelling in spellings) == 1, byte


@pytest.mark.parametrize(
    "unguarded",
    [
        operation(),
        operation([]),
        operation(access="everyone"),
        operation(["referral:read"], access="public"),
        {**operation(["a:b"]), "security": [{"token": ["a:b"]}, {"cookie": ["a:b"]}]},
        operation(access="public", stream=True),
    ],
)
def test_an_operation_that_does_not_say_who_may_call_it_stops_the_gateway(unguarded):
    with pytest.raises(UnguardedOperation):
        routes(("/api/v1/toy/things", {"get": unguarded}))


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/api/v2/x", "/auth/login", "/api/v1/toy//x", "/api/v1/toy/x-{id}", "/api/v1/toy/{a}{b}", "/api/v1/"],
)
def test_a_path_outside_the_api_stops_the_gateway(path):
    with pytest.raises(ForeignPath):
        routes((path, {"get": operation(["a:b"])}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/api/v1/toy/{a}", "/api/v1/toy/{b}"),
        ("/api/v1/toy/{a}", "/api/v1/toy/search"),
        ("/api/v1/toy/{a}/x", "/api/v1/toy/y/{b}"),
    ],
)
def test_two_operations_that_match_one_path_stop_the_gateway(one, other):
    guarded = operation(["a:b"])
    with pytest.raises(AmbiguousOperations):
        routes((one, {"get": guarded}), (other, {"get": guarded}))
    assert routes((one, {"get": guarded}), (other, {"post": guarded}))


def test_two_services_cannot_promise_the_same_path():
    document = {"paths": {"/api/v1/toy/x": {"get": operation(["a:b"])}}}
    with pytest.raises(AmbiguousOperations):
        Routes({"toy": document, "other": document})


@pytest.mark.skipif(not COMMITTED, reason="contracts/openapi is written by make contracts")
def test_the_committed_contracts_are_routed_without_two_operations_for_one_path():
    found = Routes({path.stem: json.loads(path.read_text()) for path in COMMITTED})
    assert len(found.all) > 0
