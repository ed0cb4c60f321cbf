"""Every subject a service must not touch is tried on a real server, and denied."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from itertools import product

import nats
import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig

from cli import bus
from cli.servers import nats as nats_server
from kit.messages import stream_of

STREAM_VERBS = ("CREATE", "UPDATE", "DELETE", "PURGE", "INFO", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN", "PEER.REMOVE")
MESSAGE_VERBS = ("STREAM.MSG.GET", "STREAM.MSG.DELETE", "DIRECT.GET", "STREAM.TEMPLATE.CREATE")
DURABLE_VERBS = (
    "CONSUMER.CREATE",
    "CONSUMER.DURABLE.CREATE",
    "CONSUMER.INFO",
    "CONSUMER.DELETE",
    "CONSUMER.MSG.NEXT",
    "CONSUMER.PAUSE",
    "CONSUMER.UNPIN",
    "CONSUMER.LEADER.STEPDOWN",
)
ACCOUNT_WIDE = ("INFO", "STREAM.NAMES", "STREAM.LIST", "ACCOUNT.PURGE.OTHER", "META.LEADER.STEPDOWN", "SERVER.REMOVE")
ELSEWHERE = (
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.USER.INFO",
    "$JS.EVENT.ADVISORY.API",
    "$JS.FC.MEMBERSHIP.x.y",
    "$KV.secrets.key",
    "$O.files.C.x",
    "_INBOX.someone",
    "anything",
    "access.granted.v1",
)
TO_HEAR = (">", "*", "*.>", "$JS.>", "$JS.API.>", "$JS.ACK.>", "$JS.EVENT.>", "$SYS.>", "_INBOX.>", "*.*.v1")


def covers(pattern: str, subject: str) -> bool:
    """Whether a permission's pattern allows the subject."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        return len(given) >= len(wanted) and _equal(wanted[:-1], given)
    return len(given) == len(wanted) and _equal(wanted, given)


def _equal(wanted: list[str], given: list[str]) -> bool:
    return all(part in {"*", other} for part, other in zip(wanted, given, strict=False))


@dataclass
class Guest:
    """A connection as one user that remembers what it was denied."""

    user: str
    client: Client
    denied: set[str] = field(default_factory=set)

    async def try_to_say(self, subjects: list[str]) -> None:
        for subject in subjects:
            await self.client.publish(subject, b"{}")
        await self.settled()

    async def try_to_hear(self, subjects: list[str]) -> None:
        for subject in subjects:
            await self.client.subscribe(subject)
        await self.settled()

    async def settled(self) -> None:
        """Wait until the server has read all that was sent: refusals come before the answer to a later ping."""
        for _ in range(3):
            await self.client.flush()
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def declared():
    return {service: bus.subscriptions(service) for service in bus.SERVICES}


@pytest.fixture(scope="module")
def seeds():
    names = ("ops", *bus.SERVICES)
    return {account: {name: nats_server.new_seed() for name in names} for account in ("COALITION", "OTHER")}


@pytest.fixture(scope="module")
def server(tmp_path_factory, declared, seeds):
    accounts = [bus.account(name, users, declared) for name, users in seeds.items()]
    with nats_server.running_nats(tmp_path_factory.mktemp("nats"), accounts) as found:
        yield found


@pytest.fixture
def guest(server, seeds):
    @contextlib.asynccontextmanager
    async def enter(user, account="COALITION"):
        async def remember(error: Exception) -> None:
            text = str(error)
            if "permissions violation" in text.lower():
                found.denied.add(text.split('"')[1])

        seed, prefix = seeds[account][user], f"_INBOX_{user}".encode()
        client = await nats.connect(server.url, nkeys_seed_str=seed, inbox_prefix=prefix, error_cb=remember)
        found = Guest(user, client)
        try:
            yield found
        finally:
            await client.close()

    return enter


def lowered(subjects: list[str]) -> set[str]:
    """The subjects as nats-py repeats the server's refusals: in lower case."""
    return {subject.lower() for subject in subjects}


def forbidden_to_say(service: str, declared) -> list[str]:
    """Every subject of the interfaces and of the other services that the rules do not give this service."""
    streams = [stream_of(each) for each in bus.SERVICES]
    durables = {durable for own in declared.values() for each in own for durable in each.durables} | {"undeclared"}
    tried = [f"$JS.API.STREAM.{verb}.{stream}" for verb, stream in product(STREAM_VERBS, streams)]
    tried += [f"$JS.API.{verb}.{stream}" for verb, stream in product(MESSAGE_VERBS, streams)]
    tried += [f"$JS.API.CONSUMER.{verb}.{stream}" for verb, stream in product(("NAMES", "LIST", "CREATE"), streams)]
    tried += [f"$JS.API.{verb}.{stream}.{name}" for verb, stream, name in product(DURABLE_VERBS, streams, durables)]
    tried += [f"$JS.API.CONSUMER.CREATE.{s}.{d}.{each}.x.v1" for s, d, each in product(streams, durables, bus.SERVICES)]
    tried += [f"$JS.ACK.{stream}.{name}.1.1.1.1.0" for stream, name in product(streams, durables)]
    tried += [f"{each}.fact.v1" for each in bus.SERVICES] + [f"_INBOX_{each}.x" for each in (*bus.SERVICES, "ops")]
    tried += [f"$JS.API.{verb}" for verb in ACCOUNT_WIDE] + list(ELSEWHERE)
    allowed = bus.service_user(service, nats_server.new_seed(), declared[service]).publish
    return [subject for subject in tried if not any(covers(pattern, subject) for pattern in allowed)]


@pytest.mark.parametrize("service", bus.SERVICES)
async def test_a_service_may_say_nothing_but_its_own(service, guest, declared):
    forbidden = forbidden_to_say(service, declared)
    async with guest(service) as found:
        await found.try_to_say(forbidden)
        assert found.denied == lowered(forbidden)


@pytest.mark.parametrize("service", bus.SERVICES)
async def test_a_service_hears_its_inbox_alone(service, guest):
    others = [f"{each}.>" for each in bus.SERVICES]
    others += [f"_INBOX_{each}.>" for each in (*bus.SERVICES, "ops") if each != service]
    async with guest(service) as found:
        await found.try_to_hear([*TO_HEAR, *others])
        assert found.denied == lowered([*TO_HEAR, *others])


@pytest.mark.parametrize("service", bus.SERVICES)
async def test_a_service_may_do_all_it_declares(service, guest, declared):
    async with guest("ops") as ops:
        await bus.apply(ops.client.jetstream(), max_bytes=2**24)
    async with guest(service) as found:
        jetstream = found.client.jetstream()
        assert (await jetstream.publish(f"{service}.fact.v1", b"{}")).stream == stream_of(service)
        await jetstream.stream_info(stream_of(service))
        for own in declared[service]:
            for durable in own.durables:
                await _create_and_pull(found, own, durable)
        assert found.denied == set()


async def _create_and_pull(guest: Guest, subscription, durable: str) -> None:
    jetstream = guest.client.jetstream()
    config = ConsumerConfig(
        name=durable,
        durable_name=durable,
        filter_subjects=list(subscription.subjects),
        ack_policy=AckPolicy.EXPLICIT,
        max_ack_pending=1,
    )
    await jetstream.add_consumer(subscription.stream, config)
    await jetstream.consumer_info(subscription.stream, durable)
    pull = await jetstream.pull_subscribe_bind(durable=durable, stream=subscription.stream)
    with contextlib.suppress(nats.errors.TimeoutError):
        await pull.fetch(1, timeout=0.2)


async def test_ops_says_no_fact_of_any_service(guest):
    facts = [f"{service}.fact.v1" for service in bus.SERVICES]
    async with guest("ops") as found:
        await found.try_to_say(facts)
        assert found.denied == lowered(facts)


async def test_accounts_do_not_see_each_other(guest):
    async with guest("ops", "OTHER") as ops, guest("membership") as ours:
        await bus.apply(ops.client.jetstream(), max_bytes=2**24)
        before = (await ops.client.jetstream().stream_info("MEMBERSHIP")).state.messages
        await ours.client.publish("membership.fact.v1", b"{}")
        await ours.settled()
        assert (await ops.client.jetstream().stream_info("MEMBERSHIP")).state.messages == before


@pytest.mark.parametrize("credentials", [{}, {"nkey": "UNKNOWN", "sig": "x"}, {"user": "ops", "pass": "ops"}])
async def test_a_stranger_is_not_let_in(server, credentials):
    # By hand: nats-py leaves its socket open when it is refused.
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        await reader.readline()
        writer.write(f"CONNECT {json.dumps({'verbose': False} | credentials)}\r\nPING\r\n".encode())
        assert b"Authorization Violation" in await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_applying_the_streams_again_changes_nothing(guest):
    async with guest("ops") as ops:
        jetstream = ops.client.jetstream()
        await bus.apply(jetstream, max_bytes=2**24)
        assert await bus.apply(jetstream, max_bytes=2**24) == []
        assert await bus.apply(jetstream, max_bytes=2**25) == [f"{stream_of(each)}: updated" for each in bus.SERVICES]
