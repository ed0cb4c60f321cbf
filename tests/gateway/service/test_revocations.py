"""Access taken away ends within seconds, on every replica, streams included, whatever is cut."""

import asyncio
import contextlib
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from uuid import uuid4

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from kit.testing import eventually, tokens
from tests.servers import running_mongod

THINGS, LIVE = "/api/v1/toy/things", "/api/v1/toy/live"
PROMISED = 5.0
COOKIE = {"Cookie": "__Host-session=of-somebody"}
NEED_MONGO = [("GET", THINGS), ("GET", LIVE), *(("GET", f"/auth/{name}") for name in ("me", "login", "organization"))]
NEED_MONGO += [("POST", "/auth/logout"), ("POST", "/auth/organization"), ("POST", "/api/v1/toy/code")]


class Revocations:
    """Writes as membership does: a row a key, moved by sequence."""

    def __init__(self, client, database) -> None:
        self.rows = client[database]["revocations"]
        self.sequence = 0

    async def write(self, key, *, revoked=True) -> None:
        self.sequence += 1
        row = {"revoked": revoked, "sequence": self.sequence, "at": datetime.now(UTC)}
        await self.rows.update_one({"_id": key}, {"$set": row}, upsert=True)


@pytest_asyncio.fixture
async def revocations(shared_world):
    async with AsyncMongoClient(shared_world.mongodb_url) as client:
        yield Revocations(client, shared_world.access_database)


@pytest.mark.parametrize("key", ["organization:{0}-o", "member:{0}-o:{0}-u", "app:{0}-a", "session:{0}-s"])
async def test_a_revocation_ends_requests_and_streams_on_both_replicas(pair, revocations, key):
    unique = uuid4().hex
    who = {"organization": f"{unique}-o", "user": f"{unique}-u", "sid": f"{unique}-s", "azp": f"{unique}-a"}
    bearer, other = tokens.as_caseworker(**who), tokens.as_caseworker()
    async with pair[0].http() as first, pair[1].http() as second:
        streams = [Stream(first, bearer), Stream(second, bearer), Stream(first, other)]
        await asyncio.gather(*(stream.opened() for stream in streams))
        assert {(await http.get(THINGS, headers=bearer)).status_code for http in (first, second)} == {200}
        revoked = time.monotonic()
        await revocations.write(key.format(unique))
        for http in (first, second):
            await eventually(lambda http=http: refused(http, bearer), within=PROMISED)
        await asyncio.wait_for(asyncio.gather(streams[0].ended(), streams[1].ended()), PROMISED)
        assert time.monotonic() - revoked < PROMISED
        assert not streams[2].closed
        assert (await first.get(THINGS, headers=other)).status_code == 200
        answer = await first.get(THINGS, headers=bearer)
        assert answer.json()["code"] == "auth.access-ended"
        await streams[2].leave()


async def refused(http, bearer) -> bool:
    return (await http.get(THINGS, headers=bearer)).status_code == 401


class Stream:
    """An open stream: notes when its first part came and when it ended."""

    def __init__(self, http, headers) -> None:
        self._first = asyncio.Event()
        self.closed = False
        self.status = None
        self._task = asyncio.create_task(self._read(http, headers))

    async def _read(self, http, headers) -> None:
        async with http.stream("GET", LIVE, headers=headers) as answer:
            self.status = answer.status_code
            async for _ in answer.aiter_bytes():
                self._first.set()
        self.closed = True

    async def opened(self) -> None:
        await asyncio.wait_for(self._first.wait(), 10)

    async def ended(self) -> None:
        await self._task

    async def leave(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


async def test_access_given_back_holds_again(pair, revocations):
    bearer = tokens.as_caseworker(organization="o-3")
    async with pair[0].http() as http:
        await revocations.write("organization:o-3")
        await eventually(lambda: refused(http, bearer), within=PROMISED)
        await revocations.write("organization:o-3", revoked=False)

        async def passes():
            return (await http.get(THINGS, headers=bearer)).status_code == 200

        await eventually(passes, within=PROMISED)


async def test_a_stream_ends_with_its_token(pair):
    bearer = tokens.as_caseworker(exp=int(time.time()) + 3)
    async with pair[0].http() as http:
        stream = Stream(http, bearer)
        await stream.opened()
        started = time.monotonic()
        await asyncio.wait_for(stream.ended(), 6)
        assert 1 < time.monotonic() - started < 4


async def test_a_reader_that_leaves_frees_the_service(pair):
    async with pair[0].http() as http:
        before = int((await http.get("/api/v1/toy/left")).text)
        stream = Stream(http, tokens.as_caseworker())
        await stream.opened()
        await stream.leave()

        async def freed():
            return int((await http.get("/api/v1/toy/left")).text) > before

        await eventually(freed, within=5)


async def test_one_caller_holds_twenty_streams_and_no_more(pair):
    bearer = tokens.as_caseworker()
    async with pair[0].http() as http:
        streams = [Stream(http, bearer) for _ in range(20)]
        await asyncio.gather(*(stream.opened() for stream in streams))
        answer = await http.get(LIVE, headers=bearer)
        assert (answer.status_code, answer.json()["code"]) == (429, "gateway.too-many-streams")
        await asyncio.gather(*(stream.leave() for stream in streams))

        async def free_again():
            stream = Stream(http, bearer)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stream.opened(), 0.5)
            await stream.leave()
            return stream.status == 200

        await eventually(free_again, within=5)


async def test_a_gateway_told_to_stop_ends_its_streams_and_stops_at_once(world):
    with world.replica() as own:
        async with own.http() as http:
            stream = Stream(http, tokens.as_caseworker())
            await stream.opened()
            own.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(stream.ended(), 5)
            started = time.monotonic()
            while own.process.poll() is None:
                assert time.monotonic() - started < 5
                await asyncio.sleep(0.05)


@pytest.fixture
def cut_off(world, tmp_path):
    """A gateway with a mongod of its own, which the test may pause."""
    with running_mongod(tmp_path / "mongod") as mongod:
        own = replace(world, mongodb_url=mongod.admin_url)
        with own.replica() as one, own.replica() as other:
            yield mongod, one, other
            mongod.server.signal(signal.SIGCONT)


async def test_cut_from_mongo_nobody_passes_on_old_knowledge_and_streams_end(cut_off):
    mongod, one, other = cut_off
    bearer = tokens.as_caseworker()
    async with one.http() as first, other.http() as second:
        streams = [Stream(first, bearer), Stream(second, bearer)]
        await asyncio.gather(*(stream.opened() for stream in streams))
        mongod.server.signal(signal.SIGSTOP)
        cut = time.monotonic()
        await asyncio.wait_for(asyncio.gather(*(stream.ended() for stream in streams)), PROMISED + 1)
        assert time.monotonic() - cut < PROMISED
        for http in (first, second):
            for who, (method, path) in product((bearer, COOKIE), NEED_MONGO):
                answer = await http.request(method, path, headers=who)
                assert (answer.status_code, answer.json()["code"]) == (503, "gateway.access-unknown"), path
                assert answer.elapsed.total_seconds() < 0.5, path
            assert (await http.get("/health/ready")).status_code == 503
            assert (await http.get("/health/live")).status_code == 200
            assert (await http.get("/api/v1/toy/open")).status_code == 200
        mongod.server.signal(signal.SIGCONT)

        async def passes():
            return (await first.get(THINGS, headers=bearer)).status_code == 200

        await eventually(passes, within=15)


@pytest.mark.parametrize("cut", [signal.SIGSTOP, signal.SIGKILL], ids=["hanging", "refusing"])
async def test_a_browser_hears_within_seconds_that_mongo_is_away_and_never_that_its_request_may_have_been_done(
    cut_off, cut
):
    mongod, one, _ = cut_off
    async with one.http(headers=COOKIE) as http:
        assert (await http.get(THINGS)).status_code == 401
        mongod.server.signal(cut)
        asked = time.monotonic()
        while time.monotonic() - asked < PROMISED:
            answers = await asyncio.gather(*(http.get(path) for path in (THINGS, LIVE, "/auth/me")))
            for answer in answers:
                assert answer.status_code == 503, answer.text
                assert answer.json()["code"] in ("gateway.unavailable", "gateway.access-unknown")
                assert answer.headers["retry-after"]
                assert answer.elapsed.total_seconds() < 4


async def test_a_revocation_during_the_cut_holds_as_soon_as_mongo_is_back(cut_off):
    mongod, one, _ = cut_off
    bearer = tokens.as_caseworker(organization="o-cut")
    async with one.http() as http, AsyncMongoClient(mongod.admin_url) as client:
        assert (await http.get(THINGS, headers=bearer)).status_code == 200
        databases = await client.list_database_names()
        access = next(name for name in databases if name.endswith("_access"))
        mongod.server.signal(signal.SIGSTOP)
        writing = asyncio.create_task(Revocations(client, access).write("organization:o-cut"))
        await asyncio.sleep(5)
        mongod.server.signal(signal.SIGCONT)
        await writing
        seen = set()
        for _ in range(100):
            seen.add((await http.get(THINGS, headers=bearer)).status_code)
            await asyncio.sleep(0.05)
        assert 200 not in seen
        assert 401 in seen


async def test_a_gateway_that_starts_without_mongo_lives_and_is_ready_once_it_is_there(world, tmp_path):
    with running_mongod(tmp_path / "mongod") as mongod:
        mongod.server.signal(signal.SIGSTOP)
        with replace(world, mongodb_url=mongod.admin_url).replica(probe="live") as own:
            async with own.http() as http:
                assert (await http.get("/health/ready")).status_code == 503
                assert (await http.get(THINGS, headers=tokens.as_caseworker())).status_code == 503
                mongod.server.signal(signal.SIGCONT)

                async def ready():
                    return (await http.get("/health/ready")).status_code == 200

                await eventually(ready, within=15)
