"""A real start on servers of one's own: nobody is invented, the coalition is founded once, and it stays so."""

import re
import signal
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from cli.local.ports import Ports
from cli.local.state import RunDirectory
from cli.servers import mongod, nats
from tests.cli.copies import Copy, comes, free_base
from tests.cli.processes import gone_within
from tests.realm_server import keycloak_of_the_run
from tests.servers import Process, free_port, running_mongod

pytestmark = pytest.mark.timeout(900)

BOARD = ("odile@halte.example", "habib@sante.example")
DATABASES = sorted({name for own in mongod.DATABASES.values() for name in own})


@dataclass
class OwnNats:
    """A nats-server with a configuration that its operator writes."""

    server: Process
    config: Path

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.server.port}"

    def write(self, accounts: str = "") -> None:
        store = f'jetstream {{ store_dir: "{self.server.directory}/js", max_file_store: 1TB }}'
        self.config.write_text(f'listen: "127.0.0.1:{self.server.port}"\n{store}\n{accounts}')

    def reload(self, accounts: str) -> None:
        self.write(accounts)
        self.server.signal(signal.SIGHUP)


@contextmanager
def own_nats(directory: Path):
    directory.mkdir()
    config = directory / "own.conf"
    found = OwnNats(Process(nats.command(config), directory, free_port()), config)
    found.write('accounts: { STRANGERS: { users: [{ user: "a", password: "b" }] } }')
    found.server.start()
    try:
        found.server.wait_until_listening()
        yield found
    finally:
        found.server.stop()


@pytest.fixture
def bus(tmp_path):
    with own_nats(tmp_path / "nats") as found:
        yield found


@pytest.fixture
def copy(tmp_path, bus):
    return Copy(RunDirectory(tmp_path / "run"), Ports(free_base()), {"NATS_URL": bus.url, "DEMO": "0"})


@contextmanager
def own_database(directory: Path):
    """A replica set with one user, who may read and write our databases and no others."""
    with running_mongod(directory) as found:
        mongod.ensure_user(found.admin_url, "theirs", "pass:word/", dict.fromkeys(DATABASES, "readWrite"))
        yield mongod.url(found.server.port, "theirs", "pass:word/")


def test_a_bus_that_does_not_know_us_is_refused_with_the_command_that_prints_our_accounts(copy, bus):
    answer = copy.call("up")
    assert answer.returncode == 1
    assert "NATS_URL does not serve ops: it does not know our key" in answer.stdout
    assert "./coalition bus accounts" in answer.stdout
    assert not (copy.run.path / "data").exists()


def test_a_bus_without_jetstream_is_refused(copy, bus):
    accounts = copy.call("bus", "accounts").stdout
    bus.server.stop()
    bus.config.write_text(f'listen: "127.0.0.1:{bus.server.port}"\n{accounts.replace("jetstream: enabled", "")}')
    bus.server.start()
    bus.server.wait_until_listening()
    assert "its account has no JetStream" in copy.call("up").stdout


def test_a_bus_that_is_not_there_is_refused(copy):
    answer = copy.call("up", NATS_URL=f"nats://user:hunter2@127.0.0.1:{free_port()}")
    assert answer.returncode == 1
    assert "NATS_URL does not serve ops: it does not answer" in answer.stdout
    assert "hunter2" not in answer.stdout


def test_the_printed_accounts_hold_no_secret_and_stay_the_same(copy):
    printed = copy.call("bus", "accounts").stdout
    assert copy.call("bus", "accounts").stdout == printed
    assert re.findall(r"nkey: (\w)", printed) == ["U"] * 4
    assert all(f"# {user}\n" in printed for user in ("ops", "membership", "referral", "notifications"))
    assert not re.search(r"\bSU[A-Z0-9]{50}", printed)
    assert copy.run.path.stat().st_mode & 0o077 == 0


def test_half_of_a_services_seeds_is_refused_by_the_name_of_what_is_missing(copy):
    answer = copy.call("bus", "accounts", NATS_OPS_SEED=nats.new_seed())
    assert answer.returncode == 2
    assert "MEMBERSHIP_NATS_SEED is not set" in answer.stdout


@pytest.fixture
def everything_elsewhere(copy, bus, tmp_path, tmp_path_factory):
    """The copy, told of a mongod, a nats-server that knows our accounts, and a Keycloak, none of them its own."""
    with ExitStack() as servers:
        keycloak = keycloak_of_the_run(tmp_path_factory.getbasetemp())
        admin = {"KEYCLOAK_ADMIN_CLIENT": keycloak.admin_client, "KEYCLOAK_ADMIN_SECRET": keycloak.admin_secret}
        database = servers.enter_context(own_database(tmp_path / "mongod"))
        copy.given |= admin | {"KEYCLOAK_URL": keycloak.url, "MONGODB_URL": database}
        bus.reload(copy.call("bus", "accounts").stdout)
        yield copy
        copy.call("down")


def test_a_real_start_founds_the_coalition_once_and_stays_real(everything_elsewhere):
    copy = everything_elsewhere
    started = copy.call("up", "--detach")
    assert started.returncode == 0, started.stdout
    assert "./coalition init ADDRESS ADDRESS" in started.stdout
    assert not re.search("invented-world|otpauth|make demo", started.stdout)
    assert set(copy.processes()) == {
        *("supervisor", "gateway", "membership", "referral", "notifications", "mailbox"),
    }
    refuses_the_demo(copy)
    founds_once(copy)
    the_death_of_a_component_stops_the_rest(copy)

    # Nothing says DEMO=0 any more: the copy itself remembers what it is.
    copy.given.pop("DEMO")
    again = copy.call("up", "--detach")
    assert again.returncode == 0, again.stdout
    assert "./coalition init" in again.stdout
    assert "invented-world" not in again.stdout
    assert copy.call("audit", "verify", "membership").stdout.startswith("✓ Everything is as it was sealed")
    assert copy.call("bus", "apply").stdout == "Every stream is as the code states it.\n"

    stops_whole(copy, "reset", "--yes")
    assert not copy.run.path.exists()


def refuses_the_demo(copy):
    answer = copy.call("demo")
    assert answer.returncode == 2
    assert "nobody is invented here" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


def founds_once(copy):
    words = ("init", *BOARD, "--business-number", "1199990000")
    founded = copy.call(*words)
    assert founded.returncode == 0, founded.stdout
    assert copy.call(*words).returncode == 2
    inbox = f"http://127.0.0.1:{copy.ports['mailbox']}/messages"
    assert comes(lambda: {to for letter in httpx2.get(inbox).json()["items"] for to in letter["to"]} == set(BOARD))


def the_death_of_a_component_stops_the_rest(copy):
    processes = copy.processes()
    processes["notifications"].kill()
    assert gone_within(60, list(processes.values())) == []
    said = copy.run.log("supervisor").read_text()
    assert "notifications ended with signal SIGKILL" in said
    assert "Its whole log:" in said
    answer = copy.call("doctor")
    assert answer.returncode == 1
    assert "notifications failed last time" in answer.stdout


def stops_whole(copy, *words):
    processes = list(copy.processes().values())
    assert copy.call(*words).returncode == 0
    assert gone_within(0, processes) == []
    assert copy.listening() == []
