"""Real servers once a run; a NATS account a worker, a database a test."""

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from cli import bus as bus_code
from cli.servers import nats as nats_server
from kit.bus import Bus
from kit.mongo import Mongo
from kit.testing import eventually
from tests import realm_server
from tests.servers import Mongod, NatsServer, Process, running_mongod, running_nats
from tests.toy import wallet as toy

STREAM_BYTES = 64 * 1024**2
WORKERS = 4
_running = pytest.StashKey[ExitStack]()


def _declared() -> dict[str, tuple]:
    """Return every service's subscriptions, and the toy's two services."""
    found = {s: bus_code.subscriptions(s) for s in bus_code.SERVICES if find_spec(f"services.{s}.consumed")}
    return found | {"wallet": (), "ledger": toy.SUBSCRIPTIONS}


def accounts_and_seeds(names: list[str]):
    declared = _declared()
    seeds = {name: {user: nats_server.new_seed() for user in ("ops", *declared)} for name in names}
    return [bus_code.account(name, seeds[name], declared) for name in names], seeds


def pytest_configure(config: pytest.Config) -> None:
    # A shell starts what runs in its background with this signal ignored, and what we start would inherit it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput") or not _needs_servers(config):
        return
    stack = config.stash[_running] = ExitStack()
    directory = Path(tempfile.mkdtemp(prefix="coalition-tests-"))
    stack.callback(shutil.rmtree, directory, ignore_errors=True)
    accounts, seeds = accounts_and_seeds([f"T{n}" for n in range(WORKERS)])
    mongod = stack.enter_context(running_mongod(directory / "mongod"))
    nats = stack.enter_context(running_nats(directory / "nats", accounts, seeds))
    os.environ["TEST_MONGODB_URL"] = mongod.admin_url
    os.environ["TEST_NATS_URL"] = nats.url
    for account, users in seeds.items():
        for user, seed in users.items():
            os.environ[f"TEST_SEED_{account}_{user}"] = seed


def pytest_sessionfinish() -> None:
    realm_server.leave()


def pytest_unconfigure(config: pytest.Config) -> None:
    if stack := config.stash.get(_running, None):
        stack.close()


def _needs_servers(config: pytest.Config) -> bool:
    if config.option.collectonly:
        return False
    return not config.args or not all("unit" in arg or "architecture" in arg for arg in config.args)


@pytest.fixture(scope="session")
def account(worker_id: str) -> str:
    """The NATS account of this worker."""
    return f"T{worker_id.removeprefix('gw') if worker_id != 'master' else 0}"


@pytest.fixture
def seed(account: str):
    """The seed of a user in this worker's account."""
    return lambda user: os.environ[f"TEST_SEED_{account}_{user}"]


@pytest_asyncio.fixture
async def mongo() -> AsyncIterator[Mongo]:
    """A database of the test's own."""
    found = Mongo.connect(os.environ["TEST_MONGODB_URL"], f"test_{uuid4().hex}")
    yield found
    await found.client.drop_database(found.db.name)
    await found.close()


@pytest_asyncio.fixture
async def ops(seed) -> AsyncIterator[Bus]:
    """The bus as `ops`, with fresh streams for every service."""
    async with Bus(os.environ["TEST_NATS_URL"], seed("ops"), "ops") as bus:
        await bus.ready()
        await fresh_streams(bus)
        yield bus


async def fresh_streams(ops: Bus) -> None:
    js = ops.jetstream()
    for stream in await js.streams_info():
        await js.delete_stream(stream.config.name)
    await bus_code.apply(js, _declared(), STREAM_BYTES)


@pytest.fixture
def bus_of(ops: Bus, seed):
    """Open the bus as a service: `async with bus_of("referral") as bus`."""
    return lambda service: Bus(os.environ["TEST_NATS_URL"], seed(service), service)


@pytest.fixture
def own_mongod(tmp_path: Path) -> Iterator[Mongod]:
    """A mongod the test may kill and pause."""
    with running_mongod(tmp_path / "mongod") as found:
        yield found


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A nats-server the test may kill and pause, with one account `OWN`."""
    accounts, seeds = accounts_and_seeds(["OWN"])
    with running_nats(tmp_path / "nats", accounts, seeds) as found:
        yield found


__all__ = ["Process", "eventually"]
