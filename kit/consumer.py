"""Consumers: one message at a time in stream order, effect and mark in one transaction, ack after commit."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError
from pymongo.errors import PyMongoError

from kit.bus import Bus
from kit.faults import is_message_fault
from kit.marks import AlreadySeen, Marks
from kit.messages import Consumed, Delivery, Envelope, Subscription, is_erasure
from kit.mongo import Document, Mongo, Session
from kit.tasks import together
from kit.telemetry import consuming, metrics

log = structlog.get_logger()

Handler = Callable[[Session, Delivery[Any]], Awaitable[None]]
Guard = Callable[[Session], Awaitable[None]]
Handlers = Mapping[type[Consumed], Handler]

ACK_WAIT_SECONDS = 30.0
FETCH_SECONDS = 5.0
FILL_FETCH_SECONDS = 0.5
SILENCE_SECONDS = 8.0
"""No step of a consumer lasts longer: a fetch, one attempt at a message, a wait before the next, an ack."""
WATCH_SECONDS = 3.0
_RETRY_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)


class ConsumerStopped(Exception):  # noqa: N818 - it reads as what happened
    """The durable is gone or silent while messages wait for it."""


class Consumer:
    """One durable's loop. `batch` > 1 is for filling a projection alone: many messages in one transaction.

    It takes one holder of the durable at a time, which `guard` holds in each transaction by raising `LeaseLost`.
    """

    ack_wait = ACK_WAIT_SECONDS

    def __init__(
        self,
        mongo: Mongo,
        bus: Bus,
        subscription: Subscription,
        durable: str,
        handlers: Handlers,
        batch: int = 1,
        guard: Guard | None = None,
    ) -> None:
        self._mongo = mongo
        self._bus = bus
        self._subscription = subscription
        self.durable = durable
        self._handlers = {model.subject: (model, handler) for model, handler in handlers.items()}
        self._batch = batch
        self._guard = guard
        self._finishing = self._turned = False
        self.marks = Marks(mongo.db, durable)
        self._alive = 0.0
        self.caught_up = asyncio.Event()

    def finish(self) -> None:
        """Let `run` return once what was taken is acknowledged."""
        self._finishing = True

    async def run(self) -> None:
        """Consume for ever; a durable that vanished or fell silent is noticed, told loudly and taken up again."""
        while True:
            try:
                await self._bus.ready()
                await together(self._consume(), self._watch(), self._listen(), self._replay())
                return
            except Exception as error:  # noqa: BLE001 - whatever broke, consuming must go on
                metrics.consumer_restarts.labels(self.durable).inc()
                log.error("consumer.restarted", durable=self.durable, error=type(error).__name__)
                await asyncio.sleep(1)

    async def _consume(self) -> None:
        """Take up the durable and process what comes, until told to finish."""
        js = self._bus.jetstream()
        self._turned = False
        await self._ensure_durable(js)
        inbox = f"_INBOX_{self._bus.name}.".encode()
        subscription = await js.pull_subscribe_bind(
            self.durable, self._subscription.stream, inbox_prefix=inbox, durable=self.durable
        )
        try:
            if self._batch > 1:
                await self._take_owed(subscription)
            while not self._finishing:
                await self._turn(subscription)
                self._turned = True
        finally:
            with contextlib.suppress(Exception):
                await subscription.unsubscribe()

    async def _ensure_durable(self, js: JetStreamContext) -> None:
        """Create the durable, or bring it to our settings; `name` beside `durable`, or the legacy subject is used."""
        projection = self._subscription.kind == "projection"
        config = ConsumerConfig(
            name=self.durable,
            durable_name=self.durable,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.ALL if projection else AckPolicy.EXPLICIT,
            ack_wait=self.ack_wait,
            max_ack_pending=self._batch,
            filter_subjects=list(self._subscription.subjects),
        )
        await js.add_consumer(self._subscription.stream, config)

    async def _take_owed(self, subscription: JetStreamContext.PullSubscription) -> None:
        """Take first, and in the stream's order, what an earlier holder took and never acknowledged.

        The server hands out newer ones meanwhile: after them the older would look like duplicates, and be lost.
        """
        held: dict[int, Msg] = {}
        while len(held) < ((await subscription.consumer_info()).num_ack_pending or 0):
            with contextlib.suppress(TimeoutError):
                while True:
                    self._stir()
                    for message in await subscription.fetch(1, timeout=FILL_FETCH_SECONDS):
                        held[message.metadata.sequence.stream] = message
        if held:
            await self._process([held[place] for place in sorted(held)])

    async def _turn(self, subscription: JetStreamContext.PullSubscription) -> None:
        """Take what comes and process it; what is still held when this ends halfway goes back at once."""
        messages: list[Msg] = []
        try:
            await self._fetch(subscription, messages)
            if messages:
                await self._process(messages)
        except BaseException:
            # Without it whoever comes next waits for the ack wait to pass.
            for message in messages:
                with contextlib.suppress(Exception):
                    await message.nak()
            raise

    async def _fetch(self, subscription: JetStreamContext.PullSubscription, messages: list[Msg]) -> None:
        """Wait for one message, and while filling take what else is there at once."""
        self._stir()
        timeout = FETCH_SECONDS if self._batch == 1 else FILL_FETCH_SECONDS
        with contextlib.suppress(TimeoutError):
            while len(messages) < self._batch:
                # Larger batches stall in nats-py 2.16 (#986).
                messages += await subscription.fetch(1, timeout=timeout)
                timeout = 0.05

    def _stir(self) -> None:
        """Note that a step begins."""
        self._alive = asyncio.get_running_loop().time()

    async def _process(self, messages: list[Msg]) -> None:
        if len(messages) == 1 or not await self._handled_together(messages):
            for message in messages:
                await self._until_settled(message)
        # Ack after commit: a crash before it must redeliver. In a batch the last acks all.
        await self._acknowledge(messages[-1])

    async def _handled_together(self, messages: list[Msg]) -> bool:
        """Handle a batch in one transaction; False when any message needs care of its own."""
        try:
            envelopes = [Envelope.parse(m.subject, m.headers or {}, m.data) for m in messages]
            if any(is_erasure(envelope.subject) for envelope in envelopes):
                return False
            await self._mongo.transaction(lambda session: self._effects(session, envelopes))
        except Exception:  # noqa: BLE001 - one by one will tell which message and why
            return False
        return True

    async def _until_settled(self, message: Msg) -> None:
        """Handle or park one message; infrastructure faults are waited out, with the server told we are at it."""
        attempt = 0
        while True:
            self._stir()
            try:
                await self._settle(Envelope.parse(message.subject, message.headers or {}, message.data))
                return
            except (KeyError, ValueError):
                # Without our headers it is no message of ours: nothing says which aggregate to park it under.
                log.error("consumer.foreign-message", durable=self.durable)
                metrics.parked.labels(self.durable).inc()
                return
            except Exception as error:  # noqa: BLE001 - only infrastructure comes this far
                log.warning("consumer.waiting", durable=self.durable, error=type(error).__name__)
                self._stir()
                await asyncio.sleep(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)])
                attempt += 1
                with contextlib.suppress(Exception):
                    await message.in_progress()

    async def _settle(self, envelope: Envelope) -> None:
        """Give the message its effect once, or find it a duplicate, or park it for its own fault."""
        with consuming(self.durable, envelope):
            try:
                await self._mongo.transaction(lambda session: self._effects(session, [envelope]))
            except AlreadySeen:
                parked = await self._mongo.transaction(lambda session: self.marks.step_aside(session, envelope))
                (metrics.parked if parked else metrics.redelivered).labels(self.durable).inc()
            except Exception as error:
                if not is_message_fault(error):
                    raise
                await self._park(envelope, type(error).__name__)

    async def _effects(self, session: Session, envelopes: list[Envelope]) -> None:
        """Mark and effect of each, inside the caller's transaction, if the durable is still ours to work."""
        if self._guard:
            await self._guard(session)
        for envelope in envelopes:
            self._stir()
            await self._effect(session, envelope)

    async def _effect(self, session: Session, envelope: Envelope) -> None:
        """Mark and effect, inside the caller's transaction."""
        if is_erasure(envelope.subject):
            await self.marks.forget_parked(session, envelope.aggregate, envelope.sequence)
        else:
            await self.marks.advance(session, envelope.aggregate, envelope.sequence)
        await self._call(session, envelope)

    async def _call(self, session: Session, envelope: Envelope) -> None:
        """Call the handler; a reaction only steps over what is older than its `since`."""
        since = self._subscription.since
        if since and envelope.time < since:
            return
        model, handler = self._handlers[envelope.subject]
        await handler(session, envelope.read_as(model))

    async def _park(self, envelope: Envelope, reason: str) -> None:
        log.error("consumer.parked", durable=self.durable, subject=envelope.subject, reason=reason)
        if await self._mongo.transaction(lambda session: self.marks.park(session, envelope, reason)):
            metrics.parked.labels(self.durable).inc()

    async def _acknowledge(self, message: Msg) -> None:
        """Ack until the server confirms; what it redelivers all the same is a duplicate by its mark."""
        for _ in range(3):
            self._stir()
            try:
                await message.ack_sync(timeout=2)
                return
            except (NatsError, OSError, TimeoutError):
                await self._bus.ready()

    async def _watch(self) -> None:
        """Notice within 10 s a durable that was deleted, and tell how far behind it is."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if not self._bus.connected:
                continue
            try:
                info = await self._bus.jetstream().consumer_info(self._subscription.stream, self.durable)
            except NotFoundError as error:
                raise ConsumerStopped from error
            pending = (info.num_pending or 0) + (info.num_ack_pending or 0)
            metrics.consumer_lag.labels(self.durable).set(pending)
            metrics.heartbeat.labels(self.durable).set_to_current_time()
            # The server counts nothing as pending at the instant it creates a durable.
            if pending == 0 and self._turned:
                self.caught_up.set()

    async def _listen(self) -> None:
        """Notice within 10 s a step that hangs, be it in the bus, the database or a handler; it asks nobody."""
        self._stir()
        while True:
            await asyncio.sleep(1)
            if not self._bus.connected:
                self._stir()
            elif asyncio.get_running_loop().time() - self._alive > SILENCE_SECONDS:
                raise ConsumerStopped

    async def _replay(self) -> None:
        """Replay in order what an operator asked for, beside the live messages."""
        while True:
            await asyncio.sleep(1)
            with contextlib.suppress(PyMongoError, OSError):
                aggregate = await self.marks.replayable()
                while aggregate and await self._replay_first(aggregate):
                    pass

    async def _replay_first(self, aggregate: str) -> bool:
        """Replay the earliest parked message of an aggregate; False when the replay is over."""
        try:
            return await self._mongo.transaction(lambda session: self._replayed(session, aggregate))
        except Exception as error:
            if not is_message_fault(error):
                raise
            reason = type(error).__name__
            await self._mongo.transaction(lambda session: self.marks.refuse_replay(session, aggregate, reason))
            return False

    async def _replayed(self, session: Session, aggregate: str) -> bool:
        row = await self.marks.first_parked(session, aggregate)
        if row is None:
            await self.marks.refuse_replay(session, aggregate, None)
            return False
        await self.marks.unpark(session, row)
        await self._call(session, _envelope(row))
        return True


def _envelope(row: Document) -> Envelope:
    """Read a parked row back as the message it was."""
    return Envelope(
        row["message_id"],
        row["source"],
        row["subject"],
        row["aggregate"],
        row["sequence"],
        row["time"],
        row["body"],
        row["traceparent"],
    )


class Reaction:
    """A consumer with effects: never reset, each message once."""

    def __init__(self, mongo: Mongo, bus: Bus, subscription: Subscription, handlers: Handlers) -> None:
        self._consumer = Consumer(mongo, bus, subscription, subscription.name, handlers)
        self.marks = self._consumer.marks

    async def run(self) -> None:
        """Consume for ever."""
        await self._consumer.run()
