"""The whole process: its loops, the bus, and what membership says over it, in membership's own messages."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest_asyncio

from kit.clock import utc_now
from kit.messages import Message
from kit.mongo import Mongo, save_version
from kit.outbox import Outbox
from kit.relay import Relay
from kit.tasks import running
from kit.testing import eventually, tokens
from kit.testing.client import serving
from services.membership import published as said
from services.referral.main import create
from tests.referral.world import RECORD, Member, Scene, Worker, World


class Membership:
    """Membership's side of the bus: an outbox and a relay on a database of its own."""

    def __init__(self, mongo: Mongo) -> None:
        self.mongo = mongo
        self.outbox = Outbox(mongo.db, "membership")
        self.told: dict[str, int] = {}

    async def say(self, aggregate: str, message: Message) -> None:
        told = self.told.get(aggregate, 0)

        async def work(session) -> int:
            await save_version(session, self.mongo.db["told"], {"_id": aggregate}, told)
            return await self.outbox.append(session, aggregate, told, [message], utc_now())

        self.told[aggregate] = await self.mongo.transaction(work)


@pytest_asyncio.fixture
async def membership(ops, bus_of) -> AsyncIterator[Membership]:
    mongo = Mongo.connect(os.environ["TEST_MONGODB_URL"], f"test_{uuid4().hex}")
    async with bus_of("membership") as bus:
        await bus.ready()
        async with running(Relay(mongo, bus, "membership", "test").run()):
            yield Membership(mongo)
    await mongo.client.drop_database(mongo.db.name)
    await mongo.close()


@asynccontextmanager
async def whole_world(settings, clock) -> AsyncIterator[World]:
    app = create(settings, clock=clock, verifier=tokens.verifier())
    async with serving(app) as client:
        yield World(app, client, clock)


async def admitted(world: World, membership: Membership) -> Member:
    made, name = Member(str(uuid4()), "community"), said.Words(fr="Refuge", en="Refuge")
    facts = {"alias": f"m-{made.id[:8]}", "name": name, "sector": "community", "family": "ngo", "regime": "private"}
    aggregate = f"organization:{made.id}"
    await membership.say(aggregate, said.OrganizationAdmitted(organization_id=made.id, **facts))
    until = world.clock() + timedelta(days=300)
    granted = said.OrganizationAccredited(organization_id=made.id, accreditation="may-handle-referrals", until=until)
    await membership.say(aggregate, granted)
    return made


async def hired(world: World, membership: Membership, member: Member, role: str) -> Worker:
    user, representative = str(uuid4()), str(uuid4())
    activated = said.RepresentativeActivated(
        representative_id=representative, organization_id=member.id, user_id=user, roles=(role,)
    )
    await membership.say(f"representative:{representative}", activated)
    return world.signed_in(member, user, role)


async def opened(membership: Membership, member: Member) -> str:
    service = str(uuid4())
    published = said.ServicePublished(
        service_id=service,
        organization_id=member.id,
        name=said.Words(fr="Un lit ce soir", en="A bed tonight"),
        needs=("shelter-tonight",),
        regions=("06",),
        languages=("fra",),
        populations=(),
        confidential=False,
        capacity="counted",
        places=2,
        status="active",
        stale=False,
    )
    await membership.say(f"service:{service}", published)
    return service


async def over_the_bus(world: World, membership: Membership) -> Scene:
    sender, receiver = await admitted(world, membership), await admitted(world, membership)
    service = await opened(membership, receiver)
    caseworker = await hired(world, membership, sender, "caseworker")
    intake = await hired(world, membership, receiver, "intake")
    person = (await caseworker.post("/persons", dict(RECORD))).json()["id"]

    async def ready() -> bool:
        there = await world.desk.directory.destination(service)
        staffed = await world.db["referral-directory-a"].count_documents({"kind": "representative"}) == 2
        may = [(await world.desk.standings.of(one.id, world.clock())).may_refer for one in (sender, receiver)]
        return bool(there and staffed and all(may))

    await eventually(ready)
    return Scene(world, sender, receiver, service, caseworker, intake, person)


async def test_membership_speaks_over_the_bus_and_a_referral_is_told_over_it(settings, clock, ops, membership):
    async with whole_world(settings, clock) as world:
        scene = await over_the_bus(world, membership)
        referral = await scene.accepted()

        async def published() -> bool:
            return await world.db["outbox"].count_documents({"pending": True}) == 0

        await eventually(published)
        js = ops.jetstream()
        count = (await js.stream_info("REFERRAL")).state.messages
        stream = [await js.get_msg("REFERRAL", seq=number) for number in range(1, count + 1)]
        told = [message for message in stream if message.subject != "referral.audit-sealed.v1"]
        assert [message.subject for message in told] == [
            "referral.drafted.v1",
            "referral.requested.v1",
            "referral.accepted.v1",
            "referral.places-taken.v1",
        ]
        assert all(message.headers["ce-subject"] == f"referral:{referral}" for message in told)
        assert (await world.client.get("/health/ready")).status_code == 200


async def test_a_suspension_over_the_bus_stops_new_referrals(settings, clock, membership):
    async with whole_world(settings, clock) as world:
        scene = await over_the_bus(world, membership)
        await scene.consented()
        referral, receiver = await scene.drafted(), scene.receiver.id
        suspension = said.OrganizationSuspended(organization_id=receiver, reason="inquiry")
        await membership.say(f"organization:{receiver}", suspension)

        async def suspended() -> bool:
            return not (await world.desk.standings.of(receiver, world.clock())).may_continue

        await eventually(suspended)
        refused = await scene.caseworker.post(f"/referrals/{referral}/request")
        assert refused.json()["code"] == "referral.recipient-unavailable"


async def test_timers_fire_and_the_chain_is_sealed_by_the_process_itself(settings, clock, membership):
    async with whole_world(settings, clock) as world:
        scene = await over_the_bus(world, membership)
        referral = await scene.requested()
        clock.advance(timedelta(hours=2))

        async def expired() -> bool:
            return (await world.stored("referrals", referral))["state"] == "expired"

        async def sealed() -> bool:
            return await world.db["audit"].count_documents({"unsealed": True}) == 0

        await eventually(expired)
        await eventually(sealed)
        assert await world.desk.audit.verify() == []


async def test_the_end_of_each_audit_chain_is_told_over_the_bus_and_bears_witness(settings, clock, ops, membership):
    async with whole_world(settings, clock) as world:
        scene = await over_the_bus(world, membership)
        organization = scene.sender.id

        async def told() -> bool:
            rows = await world.outbox(f"audit:{organization}")
            return bool(rows) and await world.db["outbox"].count_documents({"pending": True}) == 0

        await eventually(told)
        last = await ops.jetstream().get_last_msg("REFERRAL", "referral.audit-sealed.v1")
        assert set(json.loads(last.data)) == {"organization_id", "number", "hash"}
        [row] = await world.outbox(f"audit:{organization}")
        seen = json.loads(row["data"])
        witnessed = {organization: [{"number": seen["number"], "hash": seen["hash"]}]}
        assert await world.desk.audit.verify(organization, witnessed) == []
        await world.db["audit"].delete_many({"organization": organization})
        await world.db["audit_heads"].delete_one({"_id": organization})
        found = await world.desk.audit.verify(organization, witnessed)
        assert [finding.problem for finding in found] == ["truncated"]


async def test_a_restart_finds_every_key_and_deadline_again(settings, clock, membership):
    async with whole_world(settings, clock) as world:
        scene = await over_the_bus(world, membership)
        referral = await scene.accepted()
    async with whole_world(settings, clock) as world:
        intake = Worker(world.client, scene.intake.organization, scene.intake.id, scene.intake.headers)
        seen = (await intake.get(f"/referrals/{referral}")).json()
        assert seen["disclosed"]["identity"]["preferred_name"] == "Lina"
        clock.advance(timedelta(hours=4))

        async def alarmed() -> bool:
            return (await world.subjects(referral))[-1] == "not-arrived"

        await eventually(alarmed)
