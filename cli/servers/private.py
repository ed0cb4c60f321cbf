"""Secrets of one run directory: made at first use, readable by their owner only, never in git."""

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER_ONLY = 0o600


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY), "w") as file:
        file.write(text)
    draft.replace(path)


def password() -> str:
    """Return a new random secret that is safe in a URL and in a shell."""
    return secrets.token_urlsafe(24)


class Secrets:
    """A named set of secrets in one JSON file: `get("mongod.admin")` makes it the first time, keeps it after."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, str] = {}

    def get(self, name: str, make: Callable[[], str] = password) -> str:
        """Return the secret of this name, made by `make` when it does not exist yet."""
        if name not in self._values:
            with self._alone():
                self._values = json.loads(self._path.read_text()) if self._path.exists() else {}
                if name not in self._values:
                    self._values[name] = make()
                    write_private(self._path, json.dumps(self._values, indent=1, sort_keys=True))
        return self._values[name]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two processes, or threads, that make the same secret at once must agree on it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
