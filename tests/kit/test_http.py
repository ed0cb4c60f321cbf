"""A service over HTTP: refusals, versions, pages, retries, probes, loops."""

import asyncio
import gc
import json
import os
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from starlette.requests import Request

from kit import http
from kit.http.app import LoopDied, UnmappedError
from kit.mongo import Mongo
from kit.problems import MalformedCursor
from kit.telemetry import metrics
from kit.testing import eventually, tokens
from kit.testing.client import serving
from tests.toy import shop

ORDERS = "/api/v1/shop/orders"
ENGLISH = {"Accept-Language": "en"}


def own(mongo: Mongo) -> Mongo:
    """Another client of the test's database: an app closes its own."""
    return Mongo.connect(os.environ["TEST_MONGODB_URL"], mongo.db.name)


@pytest.fixture
async def client(mongo):
    async with serving(shop.create(own(mongo))) as found:
        yield found


@pytest.fixture
def caller():
    return tokens.as_caseworker(organization="org-a", user="u-1")


async def placed(client, caller, item="tea", **headers):
    return await client.post(ORDERS, json={"item": item}, headers=caller | headers)


def key():
    return {"Idempotency-Key": str(uuid4())}


async def test_a_refusal_is_a_problem_with_its_code_words_and_request_id(client, caller):
    refused = await placed(client, caller, "gold", **{"X-Request-Id": "from-the-gateway"})
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["x-request-id"] == "from-the-gateway"
    assert refused.json() == {
        "type": "/problems/shop.sold-out",
        "title": "Épuisé",
        "status": 409,
        "code": "shop.sold-out",
        "next": "Revenez demain.",
        "request_id": "from-the-gateway",
    }
    assert (await placed(client, caller | ENGLISH, "gold")).json()["title"] == "Sold out"


async def test_a_request_id_that_is_not_one_is_replaced(client):
    answer = await client.get("/health/live", headers={"X-Request-Id": "Marie Tremblay <x>"})
    assert "Marie" not in answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/nowhere", {}, 404, "request.not-found"),
        ("DELETE", ORDERS, {}, 405, "request.method-not-allowed"),
        ("POST", ORDERS, {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "request.malformed"),
        (
            "POST",
            ORDERS,
            {"content": b"\xff", "headers": {"Content-Type": "application/json"}},
            400,
            "request.malformed",
        ),
        ("POST", ORDERS, {"content": b"[" * 99_999, "headers": {"Content-Type": "application/json"}}, 400, None),
        ("POST", ORDERS, {"content": b"item=tea", "headers": {"Content-Type": "text/plain"}}, 415, None),
        ("POST", ORDERS, {"content": b'{"item":"tea"}'}, 415, "request.unsupported-media-type"),
        ("POST", ORDERS, {"content": b"x" * (256 * 1024 + 1)}, 413, "request.too-large"),
        ("GET", ORDERS + "?limit=0", {}, 422, "request.invalid"),
        ("GET", ORDERS + "/none", {}, 404, "shop.not-found"),
    ],
)
async def test_what_cannot_be_served_gets_a_clear_problem(client, caller, method, path, options, status, code):
    headers = caller | options.pop("headers", {})
    answer = await client.request(method, path, headers=headers, **options)
    assert answer.status_code == status
    assert answer.json()["code"] == (code or answer.json()["code"])
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_wrong_method_says_which_are_right(client, caller):
    answer = await client.delete("/api/v1/shop/ask", headers=caller)
    assert answer.headers["allow"] == "POST"


async def test_a_large_body_without_its_length_is_refused_too(client, caller):
    async def chunks():
        for _ in range(9):
            yield b" " * 32 * 1024

    headers = caller | {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    answer = await client.post(ORDERS, content=chunks(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too-large")


async def test_a_validation_error_says_where_and_which_rule_and_never_repeats_what_was_typed(client, caller):
    typed = {"item": "Marie Tremblay, Montréal", "Marie Tremblay": 1, "lines": [{"Marie": "Tremblay"}, 7]}
    answer = await client.post(ORDERS, json=typed, headers=caller)
    assert answer.status_code == 422
    assert "Marie" not in answer.text
    assert "Tremblay" not in answer.text
    assert {(e["pointer"], e["code"]) for e in answer.json()["errors"]} == {
        ("#/item", "string_too_long"),
        ("#/*", "extra_forbidden"),
        ("#/lines/0/*", "int_parsing"),
        ("#/lines/1", "dict_type"),
    }


async def test_a_query_that_does_not_fit_is_named(client, caller):
    answer = await client.get(ORDERS + "?limit=many", headers=caller)
    assert answer.json()["errors"] == [{"pointer": "query/limit", "code": "int_parsing"}]


@pytest.mark.parametrize("path", ["/api/v1/shop/broken", "/api/v1/shop/wrong"])
async def test_an_unknown_failure_says_nothing_to_the_caller(client, path):
    answer = await client.get(path, headers=ENGLISH)
    assert answer.status_code == 500
    assert answer.json()["code"] == "service.failed"
    assert answer.json()["title"] == "Something went wrong on our side"
    assert "Marie" not in answer.text


async def test_nobody_without_a_token_or_scope_gets_in(client):
    anonymous = await client.get(ORDERS)
    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "auth.invalid-token")
    assert anonymous.headers["www-authenticate"] == "Bearer"
    outsider = await client.get(ORDERS, headers=tokens.bearer(scopes={"inbox:read"}))
    assert (outsider.status_code, outsider.json()["code"]) == (403, "auth.missing-scope")


# PyMongo leaves a socket behind when a connection is refused; collected here, it fails no other test.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_database_out_of_reach_is_unavailable_until_it_is_back(own_mongod, caller):
    async with serving(shop.create(Mongo.connect(own_mongod.url("shop"), "shop"))) as client:

        async def ready():
            return (await client.get("/health/ready")).status_code == 200

        assert await ready()
        own_mongod.server.kill()
        answer = await client.get(ORDERS, headers=caller)
        assert (answer.status_code, answer.json()["code"]) == (503, "service.unavailable")
        assert answer.headers["retry-after"]
        assert not await ready()
        assert (await client.get("/health/live")).status_code == 200
        own_mongod.server.start()
        await eventually(ready, within=30)
        assert (await client.get(ORDERS, headers=caller)).status_code == 200
    await asyncio.sleep(0.1)
    gc.collect()


async def test_a_created_order_has_its_place_and_version(client, caller):
    answer = await placed(client, caller)
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"v1"'
    assert (await client.get(answer.headers["location"], headers=caller)).json() == answer.json()


async def test_a_change_needs_the_version_that_was_read(client, caller):
    order = (await placed(client, caller)).headers["location"]

    async def change(**headers):
        return await client.put(order, json={"item": "milk"}, headers=caller | headers)

    assert (await change()).json()["code"] == "request.precondition-missing"
    for other in ('"v2"', '"v0"', 'W/"v1"', "v1", '"v1", "v2"', "Marie"):
        assert (await change(**{"If-Match": other})).json()["code"] == "request.stale"
    assert (await change(**{"If-Match": '"v1"'})).json()["version"] == 2
    assert (await change(**{"If-Match": '"v1"'})).status_code == 412
    assert (await change(**{"If-Match": "*"})).json()["version"] == 3


async def test_of_many_changes_of_one_version_one_wins(client, caller):
    order = (await placed(client, caller)).headers["location"]
    headers = caller | {"If-Match": '"v1"'}
    answers = await asyncio.gather(*(client.put(order, json={"item": "m"}, headers=headers) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7


async def test_a_list_is_read_page_by_page_to_its_end(client, caller):
    made = {(await placed(client, caller)).json()["id"] for _ in range(5)}
    read, cursor = [], ""
    while cursor is not None:
        page = (await client.get(ORDERS, params={"cursor": cursor} if cursor else {}, headers=caller)).json()
        read += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert read == sorted(made)


async def test_a_cursor_of_another_organisation_or_made_up_is_refused(client, caller):
    for _ in range(3):
        await placed(client, caller)
    cursor = (await client.get(ORDERS, headers=caller)).json()["next"]
    for headers, tried in ((tokens.as_caseworker(organization="org-b"), cursor), (caller, "Marie"), (caller, "é" * 9)):
        answer = await client.get(ORDERS, params={"cursor": tried}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed-cursor")


def test_a_cursor_changed_by_one_character_is_refused():
    cursor = http.encode_cursor(b"k", "list", ["a", 3, None, True])
    assert http.decode_cursor(b"k", "list", cursor) == ("a", 3, None, True)
    for at in range(len(cursor) - 1):
        changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        with pytest.raises(MalformedCursor):
            http.decode_cursor(b"k", "list", changed)
    for other in (b"l", "list"), (b"k", "other"):
        with pytest.raises(MalformedCursor):
            http.decode_cursor(*other, cursor)


async def test_a_request_sent_again_gives_the_same_order_and_makes_no_other(client, caller, mongo):
    again = key()
    first, second = [await placed(client, caller, **again) for _ in range(2)]
    assert first.json() == second.json()
    assert await mongo.db["orders"].count_documents({}) == 1


async def test_a_refused_request_may_be_corrected_under_the_same_key(client, caller):
    again = key()
    assert (await placed(client, caller, "gold", **again)).status_code == 409
    assert (await placed(client, caller, "tea", **again)).status_code == 201


async def test_the_same_key_with_another_request_is_refused(client, caller):
    again = key()
    await placed(client, caller, **again)
    answer = await placed(client, caller, "milk", **again)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.key-reused")


async def test_keys_of_two_organisations_people_or_clients_never_meet(client, caller, mongo):
    again = key()
    people = [
        caller,
        tokens.as_caseworker(organization="org-b", user="u-1"),
        tokens.as_caseworker(organization="org-a", user="u-2"),
        tokens.as_caseworker(organization="org-a", user="u-1", azp="an-app"),
    ]
    made = {(await placed(client, person, **again)).json()["id"] for person in people}
    assert len(made) == 4
    assert await mongo.db["orders"].count_documents({}) == 4


async def test_the_same_request_sent_at_once_has_its_effect_once(client, caller, mongo):
    again = key()
    answers = await asyncio.gather(*(placed(client, caller, **again) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request.in-progress"}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert await mongo.db["orders"].count_documents({}) == 1
    assert (await placed(client, caller, **again)).status_code == 201


async def test_no_key_or_result_is_kept_in_clear_and_rows_go_after_a_day(client, caller, mongo):
    again = key()
    order = (await placed(client, caller, **again)).json()["id"]
    stored = str(await mongo.db["idempotency"].find().to_list())
    assert order not in stored
    assert again["Idempotency-Key"] not in stored
    indexes = await mongo.db["idempotency"].index_information()
    assert indexes["at_1"]["expireAfterSeconds"] == 86_400


@pytest.mark.parametrize("bad", ["short", "é" * 20, "x" * 129, "has a space in it"])
async def test_a_key_that_is_not_one_is_invalid(client, caller, bad):
    answer = await placed(client, caller, **{"Idempotency-Key": bad.encode()})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_a_public_operation_may_be_idempotent_too(client):
    answer = await client.post("/api/v1/shop/ask", json={"item": "tea"}, headers=key())
    assert answer.json()["id"] == "none"


async def test_metrics_count_by_route_and_never_by_path(client, caller):
    await client.get(ORDERS + "/marie-tremblay", headers=caller)
    await client.get("/marie-tremblay")
    text = (await client.get("/metrics")).text
    assert 'route="/api/v1/shop/orders/{order}",status="404"' in text
    assert "marie" not in text
    assert metrics.registry.get_sample_value(
        "coalition_request_seconds_count", {"route": "unmatched", "method": "GET", "status": "404"}
    )


async def test_an_invented_method_makes_no_series_of_its_own(client):
    answer = await client.request("TREMBLAY", "/nowhere")
    assert answer.status_code == 404
    assert "TREMBLAY" not in (await client.get("/metrics")).text


async def test_a_loop_that_dies_ends_the_process_loudly(mongo):
    async def dies() -> None:
        await asyncio.sleep(0.05)
        raise KeyError("Marie Tremblay")

    stopped = asyncio.Event()
    app = shop.create(own(mongo), background=[dies])
    app.state.stop = stopped.set
    with pytest.raises(LoopDied) as raised:  # noqa: PT012 - it is raised where the lifespan ends
        async with serving(app) as client:
            await asyncio.wait_for(stopped.wait(), 5)
            assert (await client.get("/health/live")).status_code == 503
    assert isinstance(raised.value.__cause__, KeyError)


async def test_a_loop_that_returns_is_dead_too(mongo):
    async def returns() -> None:
        await asyncio.sleep(0.01)

    with pytest.raises(LoopDied):
        async with serving(shop.create(own(mongo), background=[returns])):
            await asyncio.sleep(0.1)


async def test_everything_starts_in_order_and_stops_in_reverse(mongo):
    told = []

    @asynccontextmanager
    async def bus():
        told.append("bus open")
        yield
        told.append("bus closed")

    async def prepare():
        told.append("prepared")

    async def loop():
        told.append("loop")
        try:
            await asyncio.Event().wait()
        finally:
            told.append("loop ended")

    app = http.create_app(
        "shop", routers=[], mongo=own(mongo), verifier=tokens.verifier(), resources=[bus()], startup=[prepare],
        background=[loop],
    )  # fmt: skip
    async with serving(app) as client:

        async def ready():
            return (await client.get("/health/ready")).status_code == 200

        await eventually(ready)
    assert told == ["bus open", "prepared", "loop", "loop ended", "bus closed"]
    assert http.stopping(Request({"type": "http", "app": app})).is_set()


async def test_ready_may_ask_for_more_than_the_database(mongo):
    async def never():
        return False

    async with serving(shop.create(own(mongo), ready=never)) as client:
        assert (await client.get("/health/ready")).status_code == 503


def test_an_error_without_words_stops_the_app_from_being_made():
    mongo = Mongo.connect("mongodb://127.0.0.1:1/", "x")
    only = {"shop.not-found": shop.PROBLEMS["shop.not-found"]}
    with pytest.raises(UnmappedError, match=r"shop\.sold-out"):
        http.create_app(
            "shop", routers=[], mongo=mongo, verifier=tokens.verifier(), problems=only, errors=[shop.ShopError]
        )


def test_the_contract_names_each_operations_problems_with_examples():
    document = shop.create(Mongo.connect("mongodb://127.0.0.1:1/", "x")).openapi()
    place = document["paths"][ORDERS]["post"]
    assert {"shop.sold-out", "request.key-reused", "request.in-progress", "request.too-large"} <= {*place["x-problems"]}
    assert {"auth.missing-scope", "auth.invalid-token", "service.failed"} <= {*place["x-problems"]}
    change = document["paths"][ORDERS + "/{order}"]["put"]
    assert {"request.stale", "request.precondition-missing"} <= {*change["x-problems"]}
    assert set(change["responses"]) == {
        "200",
        "400",
        "401",
        "403",
        "404",
        "409",
        "412",
        "413",
        "415",
        "422",
        "428",
        "500",
        "503",
    }
    assert "auth.invalid-token" not in document["paths"]["/api/v1/shop/broken"]["get"]["x-problems"]
    assert place["security"] == [{"token": ["directory:read"]}]
    assert document["x-problems"]["shop.sold-out"]["title"] == {"fr": "Épuisé", "en": "Sold out"}
    assert "HTTPValidationError" not in json.dumps(document)
