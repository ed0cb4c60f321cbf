"""One line a component while the system starts and stops: live in a terminal, one line a change in a log."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cli.local.supervisor import Component, Status

STYLES = {
    Status.WAITING: "dim",
    Status.STARTING: "yellow",
    Status.HEALTHY: "green",
    Status.FAILED: "bold red",
    Status.STOPPED: "dim",
}
MARKS = {
    Status.WAITING: "·",
    Status.STARTING: "…",
    Status.HEALTHY: "✓",
    Status.FAILED: "✗",
    Status.STOPPED: "·",
}
REFRESH_SECONDS = 0.1


class Board:
    """Shows the components; `changed` and `tick` are called by the supervisor."""

    def __init__(self, console: Console, components: Sequence[Component]) -> None:
        self._console = console
        self._components = components
        self._width = max(len(component.name) for component in components)
        self._live: Live | None = None
        self._drawn = 0.0

    @contextmanager
    def live(self) -> Iterator[None]:
        """Draw in place for as long as the block lasts, where the output is a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with Live(self._picture(), console=self._console, auto_refresh=False) as live:
            self._live = live
            try:
                yield
            finally:
                live.update(self._picture(), refresh=True)
                self._live = None

    def changed(self, component: Component) -> None:
        """Show a component's new status."""
        if self._live:
            self._live.update(self._picture(), refresh=True)
        else:
            self._console.print(self._line(component), soft_wrap=True)

    def tick(self) -> None:
        """Let the seconds pass on the screen."""
        if self._live and time.monotonic() - self._drawn > REFRESH_SECONDS:
            self._drawn = time.monotonic()
            self._live.update(self._picture(), refresh=True)

    def _picture(self) -> Group:
        return Group(*(self._line(component) for component in self._components))

    def _line(self, component: Component) -> Text:
        mark = MARKS[component.status] if self._console.encoding.startswith("utf") else "-"
        name = f"{mark} {component.name.ljust(self._width)}  "
        return Text.assemble(name, (words(component), STYLES[component.status]), no_wrap=True, overflow="ellipsis")


def words(component: Component) -> str:
    """Say how a component is doing."""
    match component.status:
        case Status.STARTING:
            passed = time.monotonic() - component.began
            return f"starting {passed:.0f} s" if passed >= 1 else "starting"
        case Status.HEALTHY if component.once:
            return f"done in {component.seconds:.1f} s"
        case Status.HEALTHY:
            place = f" on port {component.port}" if component.port else ""
            return f"healthy in {component.seconds:.1f} s{place}"
        case Status.WAITING if component.after:
            return f"waiting for {', '.join(component.after)}"
        case status:
            return str(status)
