"""Read models that can be rebuilt: two copies, one read while the other is filled from the stream."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from pymongo import IndexModel, ReturnDocument
from pymongo.errors import PyMongoError

from kit.bus import Bus
from kit.consumer import Consumer, Guard, Handlers
from kit.marks import Marks
from kit.messages import Consumed, Delivery, Subscription
from kit.mongo import Collection, Database, Document, Lease, LeaseLost, Mongo, Session
from kit.tasks import running

log = structlog.get_logger()

CopyHandler = Callable[[Session, Collection, Delivery[Any]], Awaitable[None]]
CopyHandlers = Mapping[type[Consumed], CopyHandler]

FILL_BATCH = 100
_STATE_SECONDS = 1.0
_OTHER = {"a": "b", "b": "a"}


class Projection:
    """A projection's two copies: it emits nothing, calls nobody, and readers never see it empty.

    State in `projections`: `{_id: name, live: "a"|"b", rebuild: None|"asked"|"filling"}`.
    """

    def __init__(
        self,
        mongo: Mongo,
        bus: Bus,
        subscription: Subscription,
        handlers: CopyHandlers,
        holder: str,
        indexes: Sequence[IndexModel] = (),
    ) -> None:
        self._mongo = mongo
        self._bus = bus
        self._subscription = subscription
        self._handlers = handlers
        self._indexes = list(indexes)
        self._lease = Lease(mongo.db, f"projection:{subscription.name}", holder)
        self._state: Document = {}
        self._read_at = 0.0

    @property
    def name(self) -> str:
        """The projection's name, as in its subscription."""
        return self._subscription.name

    def _copy(self, copy: str) -> Collection:
        return self._mongo.db[f"{self.name}-{copy}"]

    async def live(self) -> Collection:
        """Return the copy to read from now."""
        if time.monotonic() - self._read_at > _STATE_SECONDS:
            await self._read_state()
        return self._copy(self._state["live"])

    async def _read_state(self) -> Document:
        fresh = {"live": "a", "rebuild": None}
        found = await self._mongo.db["projections"].find_one_and_update(
            {"_id": self.name}, {"$setOnInsert": fresh}, upsert=True, return_document=ReturnDocument.AFTER
        )
        self._state, self._read_at = dict(found or fresh), time.monotonic()
        return self._state

    async def run(self) -> None:
        """Keep the live copy current for ever, and fill and swap the other when a rebuild is asked."""
        while True:
            try:
                await self._run_live()
            except (PyMongoError, OSError, LeaseLost) as error:
                log.warning("projection.waiting", projection=self.name, error=type(error).__name__)
                await asyncio.sleep(_STATE_SECONDS)

    async def _run_live(self) -> None:
        """Consume into the live copy until another becomes live."""
        state = await self._read_state()
        live = state["live"]
        await self._create_indexes(live)
        async with running(self._consumer(live).run()):
            while (state := await self._read_state())["live"] == live:
                if state["rebuild"] and await self._lease.acquire() is not None:
                    await self._rebuild(_OTHER[live], state["rebuild"])
                await asyncio.sleep(_STATE_SECONDS)

    async def _rebuild(self, copy: str, step: str) -> None:
        """Fill the idle copy and swap once it has caught up; a crash at any point is taken up again."""
        if step == "asked":
            await Marks(self._mongo.db, f"{self.name}-{copy}").forget_everything()
            await self._copy(copy).drop()
            await self._create_indexes(copy)
            await self._set_state({"rebuild": "filling"})
        filler = self._consumer(copy, FILL_BATCH, self._lease.fence)
        async with running(filler.run()) as [filling]:
            while not filling.done():
                await self._lease.renew()
                await asyncio.sleep(_STATE_SECONDS)
                if filler.caught_up.is_set():
                    # What is taken and not acknowledged when it is stopped would come after newer ones.
                    filler.finish()
        await self._set_state({"live": copy, "rebuild": None})
        log.info("projection.rebuilt", projection=self.name)

    async def _set_state(self, change: Document) -> None:
        await self._lease.fence(None)
        await self._mongo.db["projections"].update_one({"_id": self.name}, {"$set": change})

    async def _create_indexes(self, copy: str) -> None:
        if self._indexes:
            await self._copy(copy).create_indexes(self._indexes)

    def _consumer(self, copy: str, batch: int = 1, guard: Guard | None = None) -> Consumer:
        collection = self._copy(copy)

        async def into(handler: CopyHandler, session: Session, delivery: Delivery[Any]) -> None:
            await handler(session, collection, delivery)

        handlers: Handlers = {model: partial(into, handler) for model, handler in self._handlers.items()}
        return Consumer(self._mongo, self._bus, self._subscription, f"{self.name}-{copy}", handlers, batch, guard)


async def ask_rebuild(db: Database, name: str, delete_durable: Callable[[str], Awaitable[None]]) -> str:
    """Ask for a rebuild: the idle copy's durable is deleted by `delete_durable`, the service does the rest.

    Returns the copy that will be filled. Asking again while one is under way starts that one over.
    """
    state = await db["projections"].find_one({"_id": name}) or {"live": "a"}
    idle = _OTHER[state["live"]]
    await delete_durable(f"{name}-{idle}")
    await db["projections"].update_one(
        {"_id": name}, {"$set": {"live": state["live"], "rebuild": "asked"}}, upsert=True
    )
    return idle
