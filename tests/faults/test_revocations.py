"""Access taken away over membership's own routes, with its bus stopped: gone within 5 s, at every replica."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from pydantic import SecretStr

from cli import bus as bus_code
from kit.bus import Bus
from kit.clock import utc_now
from kit.testing import eventually, tokens
from services.membership.commands.people import activate
from services.membership.main import create
from tests.gateway.conftest import drop, issuer, upstream
from tests.gateway.world import Replica, World
from tests.membership.service.conftest import PREFIX, Coalition, settings

__all__ = ["issuer", "settings", "upstream"]

PROMISED_SECONDS = 5.0
THINGS, LIVE = "/api/v1/toy/things", "/api/v1/toy/live"


@pytest.fixture
def replicas(tmp_path, issuer, upstream) -> Iterator[tuple[World, Replica, Replica]]:
    world = World(tmp_path, upstream, tokens.ISSUER, issuer.url)
    with world.replica() as one, world.replica() as other:
        yield world, one, other
    drop(world)


@dataclass
class Membership:
    """The service, its loops running, and the coalition behind it."""

    app: object
    coalition: Coalition

    async def person(self, organization: str, user: str) -> str:
        """Somebody who acts for the organisation; returns their representative's id."""
        office = self.app.state.office
        person = await self.coalition.invited(organization, f"{user}@erable.example")
        code = await self.coalition.code_of(office, person)
        names = {"given_name": "Ève", "family_name": "Roy"}
        taken = await self.coalition.api.post("/invitations/acceptances", json={"code": code} | names)
        assert taken.status_code == 202, taken.text
        await activate(office, person, user)
        return person


@pytest_asyncio.fixture
async def membership(mongo, settings, replicas, own_nats) -> AsyncIterator[Membership]:
    seeds = own_nats.seeds["OWN"]
    async with Bus(own_nats.url, seeds["ops"], "ops") as ops:
        await ops.ready()
        await bus_code.apply(ops.jetstream(), ["membership"], 64 * 1024**2)
    own = {"nats_url": own_nats.url, "nats_seed": SecretStr(seeds["membership"])}
    told = settings.model_copy(update=own | {"access_database": replicas[0].access_database})
    app = create(told, verifier=tokens.verifier())
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=f"http://membership{PREFIX}") as api:
            yield Membership(app, Coalition(api, mongo, utc_now))


@dataclass
class Caller:
    """Somebody with a token that is still good, and a stream open at a replica."""

    http: httpx2.AsyncClient
    bearer: dict[str, str]
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    ended_at: float = 0.0

    async def listen(self) -> None:
        async with self.http.stream("GET", LIVE, headers=self.bearer) as answer:
            async for _ in answer.aiter_bytes():
                self.heard.set()
        self.ended_at = time.monotonic()

    async def status(self) -> int:
        return (await self.http.get(THINGS, headers=self.bearer)).status_code

    async def shut_out(self) -> bool:
        return await self.status() == 401 and bool(self.ended_at)


async def test_access_ends_at_both_replicas_while_the_bus_is_stopped(membership, replicas, mongo, own_nats):
    coalition, (_, one, other) = membership.coalition, replicas
    suspended, kept = await coalition.member(), await coalition.member(business_number="1166000002")
    leaving, staying = f"leaving-{uuid4().hex}", f"staying-{uuid4().hex}"
    person = await membership.person(kept, leaving)
    await eventually(lambda: nothing_waits(mongo), 30)
    own_nats.server.kill()

    async with contextlib.AsyncExitStack() as stack:
        https = [await stack.enter_async_context(replica.http()) for replica in (one, other)]
        tokens_of = {
            "suspended": tokens.as_caseworker(organization=suspended, user=uuid4().hex),
            "leaving": tokens.as_caseworker(organization=kept, user=leaving),
            "staying": tokens.as_caseworker(organization=kept, user=staying),
        }
        callers = {who: [Caller(http, bearer) for http in https] for who, bearer in tokens_of.items()}
        everybody = [caller for pair in callers.values() for caller in pair]
        streams = [asyncio.create_task(caller.listen()) for caller in everybody]
        await asyncio.wait_for(asyncio.gather(*(caller.heard.wait() for caller in everybody)), 30)
        assert {await caller.status() for caller in everybody} == {200}

        order = {"reason": "safety-concern"}
        suspension = coalition.api.post(f"/organizations/{suspended}/suspension", json=order, headers=coalition.staff())
        leave = coalition.api.post(f"/representatives/{person}/deactivation", headers=coalition.coordinator(kept))
        for who, request in (("suspended", suspension), ("leaving", leave)):
            answer = await request
            answered = time.monotonic()
            assert answer.status_code == 200, answer.text
            for caller in callers[who]:
                await eventually(caller.shut_out, PROMISED_SECONDS)
                assert caller.ended_at - answered < PROMISED_SECONDS
        assert [await caller.status() for caller in callers["staying"]] == [200, 200]
        assert not any(caller.ended_at for caller in callers["staying"])
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)

    # Nothing was told meanwhile, and nothing is lost: it is told once the bus is back.
    assert await mongo.db["outbox"].count_documents({"pending": True}) == 2
    own_nats.server.start()
    await asyncio.to_thread(own_nats.server.wait_until_listening)
    await eventually(lambda: nothing_waits(mongo), 60)
    async with Bus(own_nats.url, own_nats.seeds["OWN"]["ops"], "ops") as ops:
        await ops.ready()
        stored = (await ops.jetstream().stream_info("MEMBERSHIP")).state.messages
    assert stored == await mongo.db["outbox"].count_documents({})


async def nothing_waits(mongo) -> bool:
    return await mongo.db["outbox"].count_documents({"pending": True}) == 0
