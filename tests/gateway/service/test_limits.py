"""Limits that hold across replicas, and say so."""

import asyncio
import re
import time
from collections import Counter

from kit.testing import tokens

THINGS = "/api/v1/toy/things"


async def burst(http, headers, number, path=THINGS):
    """How the requests were answered, the answers, and how many a bucket of 40 at 20/s may have let pass meanwhile."""
    started = time.monotonic()
    answers = await asyncio.gather(*(http.get(path, headers=headers) for _ in range(number)))
    most = 41 + 20 * (time.monotonic() - started)
    return Counter(answer.status_code for answer in answers), answers, most


async def test_every_answer_states_the_policy_and_what_remains(http):
    answer = await http.get(THINGS, headers=tokens.as_caseworker())
    assert answer.headers["ratelimit-policy"] == '"client";q=40;w=2, "organization";q=100;w=1'
    assert re.fullmatch(r'"client";r=39;t=1, "organization";r=99;t=1', answer.headers["ratelimit"])


async def test_a_client_that_spent_its_burst_is_told_when_to_come_back(http):
    bearer = tokens.as_caseworker()
    counted, answers, most = await burst(http, bearer, 120)
    assert 40 <= counted[200] <= most
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "gateway.too-many-requests"
    assert int(refused.headers["retry-after"]) >= 1
    assert '"client";r=0' in refused.headers["ratelimit"]
    await asyncio.sleep(int(refused.headers["retry-after"]))
    assert (await http.get(THINGS, headers=bearer)).status_code == 200


async def test_one_clients_haste_costs_nobody_else_anything(http):
    await burst(http, tokens.as_caseworker(), 60)
    assert (await http.get(THINGS, headers=tokens.as_caseworker())).status_code == 200


async def test_an_organisation_has_a_limit_of_its_own_over_all_its_people(http):
    people = [tokens.as_caseworker(organization="o-busy") for _ in range(8)]
    started = time.monotonic()
    counts = await asyncio.gather(*(burst(http, person, 35) for person in people))
    passed = sum(counted[200] for counted, *_ in counts)
    assert 100 <= passed <= 101 + 100 * (time.monotonic() - started)


async def test_a_persons_token_renewed_is_the_same_client(http):
    total, started = Counter(), time.monotonic()
    for _ in range(3):
        counted, *_ = await burst(http, tokens.as_caseworker(user="u-renewing", organization="o-r"), 40)
        total += counted
    assert 40 <= total[200] <= 41 + 20 * (time.monotonic() - started)


async def test_two_replicas_hold_one_limit_together(pair):
    """Over 4 s: a burst of 40 and 20/s make 120; two replicas that did not talk would let 240 pass."""
    bearer = tokens.as_caseworker()
    async with pair[0].http() as first, pair[1].http() as second:
        passed, started = 0, time.monotonic()
        while (lasted := time.monotonic() - started) < 4:
            rounds = await asyncio.gather(burst(first, bearer, 5), burst(second, bearer, 5), asyncio.sleep(0.04))
            passed += rounds[0][0][200] + rounds[1][0][200]
    # What both may let pass before they have told each other is at most one burst more.
    assert 100 <= passed <= 40 + 20 * lasted + 40


async def test_guessing_tokens_is_slowed_by_address(gateway):
    async with gateway.http() as guessing, gateway.http() as colleague:
        counted, _, most = await burst(guessing, {"Authorization": "Bearer e30.e30.e30"}, 120)
        assert counted[401] <= most
        assert counted[401] + counted[429] == 120
        assert (await colleague.get(THINGS, headers={"Authorization": "Bearer x"})).status_code == 401


async def test_public_operations_are_limited_by_address(http):
    counted, answers, most = await burst(http, {}, 120, "/api/v1/toy/open")
    assert 40 <= counted[200] <= most
    assert answers[0].headers["ratelimit-policy"] == '"client";q=40;w=2'


async def test_sign_ins_begin_five_times_a_minute_from_one_address(gateway):
    async with gateway.http() as http:
        answers = [await http.get("/auth/login") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 12


async def test_sign_ins_are_counted_exactly_over_two_replicas(pair):
    same = {"X-Forwarded-For": "11.0.0.9"}
    async with pair[0].http(headers=same) as first, pair[1].http(headers=same) as second:
        answers = await asyncio.gather(*(client.get("/auth/login") for client in [first, second] * 8))
    assert Counter(answer.status_code for answer in answers) == {303: 5, 429: 11}


async def test_an_operation_may_ask_for_the_sign_in_limit(http):
    answers = [await http.post("/api/v1/toy/code") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]


async def test_an_address_is_believed_from_our_own_proxies_alone(world):
    with world.replica(TRUSTED_PROXIES="[]") as own:
        async with own.http() as http:
            answers = [
                await http.get("/auth/login", headers={"X-Forwarded-For": f"10.9.9.{number}"}) for number in range(6)
            ]
    assert answers[-1].status_code == 429


async def test_a_hop_the_caller_wrote_itself_is_not_its_address(gateway):
    statuses = []
    async with gateway.http() as http:
        address = http.headers["x-forwarded-for"]
        for number in range(6):
            forged = {"X-Forwarded-For": f"1.2.3.{number}, {address}"}
            statuses.append((await http.get("/auth/login", headers=forged)).status_code)
    assert statuses[-1] == 429
