"""`coalition logs [name]`: what the components wrote, and what they write from now on."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.local.state import RunDirectory

POLL_SECONDS = 0.2
STYLES = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green", "bright_yellow")


class NoSuchLogError(Exception):
    """No component of this name has written a log; the message names those that have."""


def chosen(run: RunDirectory, name: str | None) -> list[Path]:
    """Return the log of this name, or all of them; raises `NoSuchLogError`."""
    wanted = _written(run, name)
    if not wanted:
        names = ", ".join(path.stem for path in _written(run, None))
        raise NoSuchLogError(f"no log {name or ''}: there is {names}" if names else "no logs yet: run `make up`")
    return wanted


def _written(run: RunDirectory, name: str | None) -> list[Path]:
    return [path for path in sorted(run.logs.glob("*.log")) if name in {None, path.stem}]


def show(run: RunDirectory, name: str | None, console: Console, lines: int, *, follow: bool) -> None:
    """Print the last lines of each log, then, if asked, each new line as it comes; raises `NoSuchLogError`."""
    width = max(len(path.stem) for path in chosen(run, name))
    styles: dict[str, str] = {}
    for stem, text in _lines(run, name, lines, follow=follow):
        style = styles.setdefault(stem, STYLES[len(styles) % len(STYLES)])
        line = Text(text) if name else Text.assemble((f"{stem.ljust(width)} │ ", style), text)
        console.print(line, soft_wrap=True)


def _lines(run: RunDirectory, name: str | None, last: int, *, follow: bool) -> Iterator[tuple[str, str]]:
    places: dict[Path, Place] = {}
    for path in chosen(run, name):
        text, places[path] = _since(path, Place())
        for line in text.splitlines()[-last:]:
            yield path.stem, line
    while follow:
        time.sleep(POLL_SECONDS)
        # Anew each time: a component that starts later begins its log then.
        for path in _written(run, name):
            text, places[path] = _since(path, places.get(path, Place()))
            for line in text.splitlines():
                yield path.stem, line


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read; `file` is its identity, which a log that was set aside takes with it."""

    file: int = 0
    offset: int = 0


def _since(path: Path, place: Place) -> tuple[str, Place]:
    """Read whole new lines only; a log that was set aside or emptied is read from its beginning."""
    try:
        with path.open("rb") as log:
            now = os.fstat(log.fileno())
            same = now.st_ino == place.file and now.st_size >= place.offset
            log.seek(place.offset if same else 0)
            start, content = log.tell(), log.read()
    except FileNotFoundError:
        return "", place
    whole = content[: content.rfind(b"\n") + 1]
    return whole.decode(errors="replace"), Place(now.st_ino, start + len(whole))
