"""What was acknowledged is on the disk: kill -9 proves nothing about power, the count of syncs does."""

import asyncio
import shutil
import signal

import pytest

from cli import bus as bus_code
from kit.bus import Bus
from kit.clock import utc_now
from kit.mongo import Mongo
from kit.relay import Relay
from kit.tasks import running
from kit.testing import eventually
from tests.conftest import STREAM_BYTES
from tests.toy.wallet import Wallet

ACKNOWLEDGED = 30


def traced(process, log):
    """Make the server start under strace, which writes down each sync."""
    syncs = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,sync_file_range,msync,pwritev2", "-o", str(log)]
    # A strace that ends lets its child go on; the child must end with it.
    process.command = [*syncs, "setpriv", "--pdeathsig", "KILL", *process.command]
    return process


def count(log) -> int:
    return sum(line.rstrip().endswith("= 0") for line in log.read_text().splitlines() if "sync" in line)


@pytest.fixture
def syncs(tmp_path):
    # Not skipped: nothing else shows that what was answered survives a loss of power.
    assert shutil.which("strace"), "strace counts the syncs, and it is not installed: apt-get install -y strace"
    return tmp_path / "mongod.syncs", tmp_path / "nats.syncs"


async def test_every_acknowledged_payment_and_message_was_synced(own_mongod, own_nats, syncs):
    for server, log in zip((own_mongod.server, own_nats.server), syncs, strict=True):
        server.stop()
        traced(server, log).start()
        server.wait_until_listening()
    mongo = Mongo.connect(own_mongod.admin_url, "toy")
    wallet = Wallet(mongo, utc_now)

    async def primary():
        return await mongo.reachable()

    await eventually(primary, 30)
    await wallet.prepare()
    seeds = own_nats.seeds["OWN"]
    async with Bus(own_nats.url, seeds["ops"], "ops") as ops:
        await ops.ready()
        await bus_code.apply(ops.jetstream(), ["wallet"], STREAM_BYTES)
    before = [count(log) for log in syncs]
    async with Bus(own_nats.url, seeds["wallet"], "wallet") as out, running(Relay(mongo, out, "wallet", "r").run()):
        for n in range(ACKNOWLEDGED):
            await wallet.pay("w", n)

            async def published():
                return await mongo.db["outbox"].count_documents({"pending": True}) == 0

            await eventually(published)
    await mongo.close()
    for server in (own_mongod.server, own_nats.server):
        server.signal(signal.SIGTERM)
    await asyncio.sleep(0.5)
    found = [count(log) - start for log, start in zip(syncs, before, strict=True)]
    # Each payment was one acknowledged transaction and one acknowledged message, never two at once.
    assert found[0] >= ACKNOWLEDGED
    assert found[1] >= ACKNOWLEDGED
    # What strace holds does not end by being told to.
    for server in (own_mongod.server, own_nats.server):
        server.kill()
