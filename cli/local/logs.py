"""`coalition logs [name]`: what the components wrote, and what they write from now on."""

import time
from collections.abc import Iterator, Sequence
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
    found = sorted(run.logs.glob("*.log"))
    wanted = [path for path in found if name in {None, path.stem}]
    if not wanted:
        names = ", ".join(path.stem for path in found)
        raise NoSuchLogError(f"no log {name or ''}: there is {names}" if names else "no logs yet: run `make up`")
    return wanted


def show(paths: Sequence[Path], console: Console, lines: int, *, follow: bool) -> None:
    """Print the last lines of each log, then, if asked, each new line as it comes."""
    width = max(len(path.stem) for path in paths)
    for name, text in _lines(paths, lines, follow=follow):
        style = STYLES[[path.stem for path in paths].index(name) % len(STYLES)]
        line = Text.assemble((f"{name.ljust(width)} │ ", style), text) if len(paths) > 1 else Text(text)
        console.print(line, soft_wrap=True)


def _lines(paths: Sequence[Path], last: int, *, follow: bool) -> Iterator[tuple[str, str]]:
    places = {}
    for path in paths:
        content = path.read_bytes()
        places[path] = len(content)
        for line in content.decode(errors="replace").splitlines()[-last:]:
            yield path.stem, line
    while follow:
        time.sleep(POLL_SECONDS)
        for path in paths:
            text, places[path] = _since(path, places[path])
            for line in text.splitlines():
                yield path.stem, line


def _since(path: Path, place: int) -> tuple[str, int]:
    """Read whole new lines only; a log that was set aside is read from its beginning."""
    with path.open("rb") as log:
        log.seek(place if path.stat().st_size >= place else 0)
        start, content = log.tell(), log.read()
    whole = content[: content.rfind(b"\n") + 1]
    return whole.decode(errors="replace"), start + len(whole)
