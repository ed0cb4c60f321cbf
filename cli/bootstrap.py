"""Makes `.venv` hold exactly what a lock says: `python3 cli/bootstrap.py local` (standard library only, Python 3.11).

The first time it makes the environment, takes uv out of the same hashed lock with pip, and lets uv install the rest;
afterwards it looks at a digest and returns at once. A larger lock that is installed and current is left as it is.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INSTALLED = VENV / ".coalition-lock"
# Each holds all of those before it, at the same versions.
LOCKS = ("local", "test", "bench")
OLDEST = (3, 11)
DISK_BYTES = 3 * 2**30
UV = re.compile(r"^uv==[^\n]*\\\n(?:    --hash=\S+(?: \\)?\n)+", re.MULTILINE)


class CannotInstallError(Exception):
    """Something is missing; the message is one line that says what to do."""


def main(asked: str) -> None:
    """Install the lock unless it, or one that holds it, is there already."""
    _check_python()
    with (ROOT / "pyproject.toml").open() as ours:
        # `make up` and `make test` may start together.
        fcntl.flock(ours, fcntl.LOCK_EX)
        wanted = _wanted(asked)
        if _installed() == (wanted, _digest(wanted)) and PYTHON.exists():
            return
        _install(wanted)


def _wanted(asked: str) -> str:
    """Return the lock to install: never a smaller one than stands there."""
    name, _ = _installed()
    return name if name in LOCKS and LOCKS.index(name) > LOCKS.index(asked) else asked


def _installed() -> tuple[str, str]:
    if not INSTALLED.exists():
        return "", ""
    name, _, digest = INSTALLED.read_text().partition(" ")
    return name, digest


def _digest(name: str) -> str:
    """Digest the lock together with the Python that reads it."""
    lock = (ROOT / "requirements" / f"{name}.txt").read_bytes()
    return hashlib.sha256(lock + sys.version.encode()).hexdigest()


def _check_python() -> None:
    if sys.version_info < OLDEST:
        found, oldest = sys.version.split()[0], ".".join(map(str, OLDEST))
        raise CannotInstallError(f"Python {found} is too old: install {oldest} or later, or name it: make PYTHON=…")


def _check_disk() -> None:
    if shutil.disk_usage(ROOT).free < DISK_BYTES:
        raise CannotInstallError(f"Less than {DISK_BYTES // 2**30} GiB of disk is free here: make room first")


def _install(name: str) -> None:
    lock = ROOT / "requirements" / f"{name}.txt"
    uv = VENV / "bin" / "uv"
    if not PYTHON.exists() or not _runs([str(PYTHON), "-c", ""]):
        _check_disk()
        _say("Making .venv")
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)], _explain_venv)
    if not uv.exists():
        _say("Getting uv")
        _get_uv(lock)
    _say(f"Installing what requirements/{name}.txt locks")
    # uv keeps what it downloads in its own cache, shared by copies.
    # Compiled now, once: eight processes start at the same moment and would each do it.
    how = ["--quiet", "--require-hashes", "--compile-bytecode", "--python", str(PYTHON)]
    sync = [str(uv), "pip", "sync", *how, str(lock)]
    _run(sync, lambda: "uv could not install the lock: its message stands above")
    INSTALLED.write_text(f"{name} {_digest(name)}")


def _get_uv(lock: Path) -> None:
    found = UV.search(lock.read_text())
    if found is None:
        raise CannotInstallError(f"{lock.name} does not lock uv")
    alone = VENV / "uv.txt"
    alone.write_text(found.group())
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _run([*pip, "--require-hashes", "--requirement", str(alone)], lambda: "pip could not get uv: see above")


def _explain_venv() -> str:
    # Half an environment would pass for a whole one next time.
    shutil.rmtree(VENV, ignore_errors=True)
    return "python3 cannot make an environment: install python3-venv (Debian: sudo apt-get install python3-venv)"


def _run(command: list[str], explain: Callable[[], str]) -> None:
    # A package index named for pip is meant for uv too.
    index = {"UV_DEFAULT_INDEX": os.environ["PIP_INDEX_URL"]} if "PIP_INDEX_URL" in os.environ else {}
    if subprocess.run(command, env=index | dict(os.environ), check=False).returncode:
        raise CannotInstallError(explain())


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}…\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except CannotInstallError as error:
        sys.exit(f"✗ {error}")
