"""Starts components in the order in which one needs another, watches them, and stops them in the reverse order of need.

The thread that calls `start` must live as long as the components: the kernel ends a child with the thread it came from.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from cli.servers.process import GRACE_SECONDS, Process

TICK_SECONDS = 0.05


class Status(StrEnum):
    """The life of a component, in words for people."""

    WAITING = "waiting"
    STARTING = "starting"
    HEALTHY = "healthy"
    FAILED = "failed"
    STOPPED = "stopped"


class ComponentFailedError(Exception):
    """A component died, or did not become healthy; `log` is where its last words are."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class AskedToStopError(Exception):
    """Somebody asked for an end before everything was healthy."""


@dataclass(slots=True)
class Component:
    """One thing to start.

    `after` names what must be healthy first. `settle` blocks until it is healthy, and raises when it never will be.
    `process` is None for a server that somebody else runs. One that is `once` ends by itself when its work is done.
    Components of a lower `stop_rank` are stopped first.
    """

    name: str
    settle: Callable[[], None]
    process: Process | None = None
    after: tuple[str, ...] = ()
    stop_rank: int = 0
    once: bool = False
    port: int | None = None
    status: Status = Status.WAITING
    began: float = 0.0
    seconds: float = 0.0


Watcher = Callable[[Component], None]


@dataclass(slots=True)
class Supervisor:
    """Runs a table of components; `changed` hears of each change of status, in the calling thread."""

    components: Sequence[Component]
    changed: Watcher
    tick: Callable[[], None] = lambda: None
    _results: "queue.Queue[tuple[Component, Exception | None]]" = field(default_factory=queue.Queue)
    _stop: threading.Event = field(default_factory=threading.Event)

    def ask_to_stop(self) -> None:
        """Make `start` or `watch` come back soon; safe in a signal handler."""
        self._stop.set()

    def start(self) -> None:
        """Return when all are healthy; raises `ComponentFailedError` or `AskedToStopError` as soon as it is known."""
        while not all(component.status is Status.HEALTHY for component in self.components):
            for component in self._startable():
                self._begin(component)
            self._collect()
            self._look()
            if self._stop.is_set():
                raise AskedToStopError

    def watch(self) -> None:
        """Return when asked to stop; raises `ComponentFailedError` when a component dies."""
        while not self._stop.wait(TICK_SECONDS):
            self._look()

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Stop what runs, rank by rank; those of one rank end together."""
        ranked = sorted(self.components, key=lambda component: component.stop_rank)
        for _, rank in groupby(ranked, key=lambda component: component.stop_rank):
            self._stop_together([component for component in rank if component.process], grace)

    def _startable(self) -> list[Component]:
        healthy = {component.name for component in self.components if component.status is Status.HEALTHY}
        waiting = [component for component in self.components if component.status is Status.WAITING]
        return [component for component in waiting if healthy.issuperset(component.after)]

    def _begin(self, component: Component) -> None:
        component.began = time.monotonic()
        if component.process:
            component.process.start()
        self._turn(component, Status.STARTING)
        threading.Thread(target=self._settle, args=(component,), name=component.name, daemon=True).start()

    def _settle(self, component: Component) -> None:
        try:
            component.settle()
        except Exception as reason:  # noqa: BLE001 - whatever it is, the supervisor shows it and stops the rest
            self._results.put((component, reason))
        else:
            self._results.put((component, None))

    def _collect(self) -> None:
        try:
            component, reason = self._results.get(timeout=TICK_SECONDS)
        except queue.Empty:
            self.tick()
            return
        if reason:
            self._turn(component, Status.FAILED)
            raise ComponentFailedError(component.name, f"{reason}") from reason
        component.seconds = time.monotonic() - component.began
        self._turn(component, Status.HEALTHY)

    def _look(self) -> None:
        for component in self.components:
            process = component.process
            if component.status is Status.HEALTHY and process and not component.once and not process.running:
                self._turn(component, Status.FAILED)
                raise ComponentFailedError(component.name, f"ended with {process.outcome}\n{process.tail()}")

    def _stop_together(self, components: list[Component], grace: float) -> None:
        for component in components:
            if component.process:
                component.process.ask_to_stop()
        end = time.monotonic() + grace
        for component in components:
            if component.process and component.process.pid:
                component.process.see_it_end(max(0.0, end - time.monotonic()))
                if component.status is not Status.FAILED:
                    self._turn(component, Status.STOPPED)

    def _turn(self, component: Component, status: Status) -> None:
        component.status = status
        self.changed(component)
