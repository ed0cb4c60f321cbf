"""The connection to NATS: it reconnects for ever and fails fast while it cannot."""

import asyncio
import contextlib
from typing import Self

import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext

log = structlog.get_logger()

_WAIT_SECONDS = 1


class BusUnavailable(ConnectionError):  # noqa: N818 - it reads as what happened
    """NATS is not connected at this moment."""


class Bus:
    """One NATS connection of a service; `name` gives its inbox prefix `_INBOX_<name>`."""

    def __init__(self, url: str, seed: str, name: str) -> None:
        self._url = url
        self._seed = seed
        self.name = name
        self._client = Client()
        self._connecting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._connecting = asyncio.create_task(self._connect(), name="bus-connect")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connecting:
            self._connecting.cancel()
        # nats-py asserts that a connection was begun; a service may stop before its bus was ever there.
        with contextlib.suppress(AssertionError):
            await self._client.close()

    async def _connect(self) -> None:
        """Connect once; from then on the client reconnects by itself."""
        while not self._client.is_connected:
            try:
                await self._client.connect(
                    servers=[self._url],
                    name=self.name,
                    nkeys_seed_str=self._seed,
                    inbox_prefix=f"_INBOX_{self.name}",
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=_WAIT_SECONDS,
                    connect_timeout=2,
                    ping_interval=5,
                    max_outstanding_pings=2,
                    # Nothing is kept back to be sent after a reconnect: the outbox already keeps it, in order.
                    pending_size=1,
                    error_cb=_report,
                    disconnected_cb=_disconnected,
                    reconnected_cb=_reconnected,
                )
            except Exception as error:  # noqa: BLE001 - even a seed that is none must be told for as long as it lasts
                log.warning("bus.connect-failed", error=type(error).__name__)
                await asyncio.sleep(_WAIT_SECONDS)

    @property
    def connected(self) -> bool:
        """Say whether a server is connected at this moment."""
        return bool(self._client.is_connected)

    @property
    def client(self) -> Client:
        """The connected client; raises `BusUnavailable` while there is none."""
        if not self._client.is_connected:
            raise BusUnavailable
        return self._client

    def jetstream(self, timeout: float = 5.0) -> JetStreamContext:
        """Return JetStream on this connection; raises `BusUnavailable` while there is none. Seconds."""
        return self.client.jetstream(timeout=timeout)

    async def ready(self) -> None:
        """Wait until a server is connected."""
        while not self._client.is_connected:
            await asyncio.sleep(0.05)


async def _report(error: Exception) -> None:
    log.warning("bus.error", error=type(error).__name__)


async def _disconnected() -> None:
    log.warning("bus.disconnected")


async def _reconnected() -> None:
    log.info("bus.reconnected")
