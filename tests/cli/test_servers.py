"""The real servers as we start them: who may read what, ports that move, archives that are not ours."""

import hashlib
import json
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from cli.servers import keycloak, mongod
from cli.servers.private import Secrets
from cli.servers.process import free_port
from tests.cli.copies import ROOT, comes
from tests.cli.processes import gone_within


@contextmanager
def client(url: str):
    with MongoClient(url, serverSelectionTimeoutMS=10_000) as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with mongod.running_mongod(tmp_path_factory.mktemp("mongod")) as found:
        yield found


@pytest.mark.parametrize("user", mongod.DATABASES)
def test_a_service_reads_and_writes_its_own_databases_and_no_other(server, user):
    own = mongod.DATABASES[user]
    others = {name for names in mongod.DATABASES.values() for name in names} - set(own) | {"admin", "local", "config"}
    with client(server.url(user, *own)) as found:
        for name in own:
            found[name].things.insert_one({})
            assert found[name].things.find_one()
        for name in others:
            with pytest.raises(OperationFailure, match="not authorized"):
                found[name].things.insert_one({})
            with pytest.raises(OperationFailure, match="not authorized"):
                found[name].things.find_one()


def test_a_service_may_not_make_users(server):
    with client(server.url("referral", "referral")) as found, pytest.raises(OperationFailure, match="not authorized"):
        found.admin.command("createUser", "mallory", pwd="x", roles=["root"])


def test_nobody_gets_in_without_a_password(server):
    url = f"mongodb://127.0.0.1:{server.port}/?directConnection=true"
    with client(url) as found, pytest.raises(OperationFailure, match="requires authentication"):
        found.referral.things.find_one()


def test_one_transaction_covers_two_databases(server):
    with client(server.url("membership", "membership", "access")) as found:

        def both(session):
            found.membership.organizations.insert_one({}, session=session)
            found.access.revocations.insert_one({"of": 1}, session=session)

        found.access.revocations.create_index("of", unique=True)
        with found.start_session() as session:
            session.with_transaction(both)
            with pytest.raises(OperationFailure, match="E11000"):
                session.with_transaction(both)
        assert found.access.revocations.count_documents({}) == 1
        assert found.membership.organizations.count_documents({}) == 1


def test_data_and_users_survive_a_restart_on_another_port(tmp_path):
    with mongod.running_mongod(tmp_path) as first, client(first.url("referral", "referral")) as found:
        found.referral.things.insert_one({"_id": 1})
    with mongod.running_mongod(tmp_path, free_port()) as second, client(second.url("referral", "referral")) as found:
        assert second.port != first.port
        assert found.referral.things.find_one() == {"_id": 1}


def test_a_lone_server_of_somebody_elses_is_refused(tmp_path):
    port, data = free_port(), tmp_path / "data"
    data.mkdir()
    command = [str(mongod.binary()), "--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1"]
    with subprocess.Popen([*command, "--nounixsocket"], stdout=subprocess.DEVNULL) as lone:
        try:
            with pytest.raises(mongod.NotAReplicaSet, match="replica set"):
                mongod.require_replica_set(f"mongodb://127.0.0.1:{port}")
        finally:
            lone.terminate()


def test_a_server_that_does_not_answer_is_refused_without_its_password():
    url = f"mongodb://user:hunter2@127.0.0.1:{free_port()}/"
    with pytest.raises(mongod.NotAReplicaSet) as refused:
        mongod.require_replica_set(url, within=0.5)
    assert "hunter2" not in str(refused.value)


def test_a_user_of_somebody_elses_who_may_not_write_everywhere_is_refused_with_what_is_missing(server):
    with pytest.raises(mongod.MayNotWrite, match="readWrite on access, gateway, membership, notifications, referral"):
        mongod.require_replica_set(server.url("referral", "referral", "referral_keys"))


def test_a_replica_set_of_somebody_elses_will_do(server):
    mongod.require_replica_set(server.admin_url)


def test_an_archive_with_another_digest_is_refused_and_removed(tmp_path):
    def fetch(archive: Path) -> None:
        archive.write_bytes(b"not what we pinned")

    with pytest.raises(keycloak.DigestMismatchError, match=keycloak.SHA256):
        keycloak.install(tmp_path, fetch)
    assert [path.name for path in tmp_path.iterdir()] == ["keycloak.lock"]


def test_a_broken_download_leaves_nothing_and_the_next_one_starts_anew(tmp_path):
    def fetch(archive: Path) -> None:
        archive.write_bytes(b"half")
        raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            keycloak.install(tmp_path, fetch)
    assert [path.name for path in tmp_path.iterdir()] == ["keycloak.lock"]


def test_what_is_installed_is_not_fetched_again(tmp_path):
    def fetch(archive: Path) -> None:
        raise AssertionError(archive)

    home = keycloak.installation(tmp_path)
    home.mkdir()
    assert keycloak.install(tmp_path, fetch) == home


INSTALL = """
import os, sys
from pathlib import Path
from cli.servers import keycloak
cache, archive, digest = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
keycloak.unwind_when_stopped()
keycloak.install(cache, lambda wanted: os.link(archive, wanted), digest)
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The distribution as it was fetched before, packed again (and not compressed: that would take the time)."""
    home = keycloak.install(keycloak.cache_directory())
    packed = tmp_path_factory.mktemp("archive") / "keycloak.tar"
    rename = f"--transform=s,^{home.name},keycloak-{keycloak.VERSION},"
    subprocess.run(["tar", "--create", rename, "--file", packed, "-C", home.parent, home.name], check=True)
    with packed.open("rb") as file:
        return packed, hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_a_build_that_is_ended_leaves_neither_java_nor_for_long_its_draft(archive, tmp_path, number):
    command = [sys.executable, "-c", INSTALL, str(tmp_path), *map(str, archive)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as installing:
        assert comes(lambda: java_under(installing.pid))
        [java] = java_under(installing.pid)
        installing.send_signal(number)
    assert gone_within(10, [java]) == []
    if number == signal.SIGKILL:
        assert list(tmp_path.glob(f"{keycloak.DRAFT}*"))
        keycloak.installation(tmp_path).mkdir()
        keycloak.install(tmp_path)
    assert not list(tmp_path.glob(f"{keycloak.DRAFT}*"))


def java_under(pid):
    family = psutil.Process(pid).children(recursive=True)
    return [each for each in family if each.name() == "java" and "build" in each.cmdline()]


def test_secrets_are_made_once_and_kept_from_others(tmp_path):
    path = tmp_path / "secrets.json"
    assert Secrets(path).get("a") == Secrets(path).get("a") != Secrets(path).get("b")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(json.loads(path.read_text())) == {"a", "b"}


def test_processes_that_make_the_same_secret_at_once_agree_on_it(tmp_path):
    code = "import sys; from pathlib import Path; from cli.servers.private import Secrets;"
    code += f"print(Secrets(Path({str(tmp_path / 'secrets.json')!r})).get('a'))"
    racers = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(4)
    ]
    assert len({racer.communicate()[0] for racer in racers}) == 1
