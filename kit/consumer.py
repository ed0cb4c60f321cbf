"""Consumers: one message at a time in stream order, effect and mark in one transaction, ack after commit."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from bson.errors import BSONError
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError
from pymongo.errors import DocumentTooLarge, PyMongoError, WriteError

from kit.bus import Bus
from kit.marks import AlreadySeen, Marks
from kit.messages import Consumed, Delivery, Envelope, Subscription, is_erasure
from kit.mongo import Document, Mongo, Session
from kit.tasks import together
from kit.telemetry import consuming, metrics

log = structlog.get_logger()

Handler = Callable[[Session, Delivery[Any]], Awaitable[None]]
Handlers = Mapping[type[Consumed], Handler]

ACK_WAIT_SECONDS = 30.0
SILENCE_SECONDS = 10.0
WATCH_SECONDS = 3.0
FETCH_SECONDS = 5.0
_RETRY_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)


class ConsumerStopped(Exception):  # noqa: N818 - it reads as what happened
    """The durable is gone or silent while messages wait for it."""


def is_message_fault(error: Exception) -> bool:
    """Say whether the message itself is at fault; anything the infrastructure does never is."""
    if isinstance(error, WriteError | DocumentTooLarge | BSONError):
        return True
    return not isinstance(error, PyMongoError | NatsError | OSError | TimeoutError | MemoryError)


class Consumer:
    """One durable's loop. `batch` > 1 is for filling a projection alone: many messages in one transaction."""

    def __init__(
        self, mongo: Mongo, bus: Bus, subscription: Subscription, durable: str, handlers: Handlers, batch: int = 1
    ) -> None:
        self._mongo = mongo
        self._bus = bus
        self._subscription = subscription
        self.durable = durable
        self._handlers = {model.subject: (model, handler) for model, handler in handlers.items()}
        self._batch = batch
        self.marks = Marks(mongo.db, durable)
        self._received = 0.0
        self._busy = False
        self.caught_up = asyncio.Event()

    async def run(self) -> None:
        """Consume for ever; a durable that vanished or fell silent is noticed, told loudly and taken up again."""
        while True:
            try:
                await self._bus.ready()
                await together(self._consume(), self._watch(), self._replay())
            except Exception as error:  # noqa: BLE001 - whatever broke, consuming must go on
                metrics.consumer_restarts.labels(self.durable).inc()
                log.error("consumer.restarted", durable=self.durable, error=type(error).__name__)
                await asyncio.sleep(1)

    async def _consume(self) -> None:
        """Take up the durable and process what comes."""
        js = self._bus.jetstream()
        await self._ensure_durable(js)
        inbox = f"_INBOX_{self._bus.name}.".encode()
        subscription = await js.pull_subscribe_bind(
            self.durable, self._subscription.stream, inbox_prefix=inbox, durable=self.durable
        )
        try:
            while True:
                await self._process(await self._fetch(subscription))
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
            ack_wait=ACK_WAIT_SECONDS,
            max_ack_pending=self._batch,
            filter_subjects=list(self._subscription.subjects),
        )
        await js.add_consumer(self._subscription.stream, config)

    async def _fetch(self, subscription: JetStreamContext.PullSubscription) -> list[Msg]:
        """Wait for one message, and while filling take what else is there at once."""
        self._received = asyncio.get_running_loop().time()
        messages: list[Msg] = []
        timeout = FETCH_SECONDS
        with contextlib.suppress(TimeoutError):
            while len(messages) < self._batch:
                # Larger batches stall in nats-py 2.16 (#986).
                messages += await subscription.fetch(1, timeout=timeout)
                timeout = 0.05
        return messages

    async def _process(self, messages: list[Msg]) -> None:
        if not messages:
            return
        self._busy = True
        try:
            if len(messages) == 1 or not await self._handled_together(messages):
                for message in messages:
                    await self._until_settled(message)
            # Ack after commit: a crash before it must redeliver. In a batch the last acks all.
            await self._acknowledge(messages[-1])
        finally:
            self._busy = False

    async def _handled_together(self, messages: list[Msg]) -> bool:
        """Handle a batch in one transaction; False when any message needs care of its own."""
        envelopes = [Envelope.parse(m.subject, m.headers or {}, m.data) for m in messages]
        if any(is_erasure(envelope.subject) for envelope in envelopes):
            return False

        async def work(session: Session) -> None:
            for envelope in envelopes:
                await self._effect(session, envelope)

        try:
            await self._mongo.transaction(work)
        except Exception:  # noqa: BLE001 - one by one will tell which message and why
            return False
        return True

    async def _until_settled(self, message: Msg) -> None:
        """Handle or park one message; infrastructure faults are waited out, with the server told we are at it."""
        attempt = 0
        while True:
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
                await asyncio.sleep(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)])
                attempt += 1
                with contextlib.suppress(Exception):
                    await message.in_progress()

    async def _settle(self, envelope: Envelope) -> None:
        """Give the message its effect once, or find it a duplicate, or park it for its own fault."""
        with consuming(self.durable, envelope):
            try:
                await self._mongo.transaction(lambda session: self._effect(session, envelope))
            except AlreadySeen:
                parked = await self._mongo.transaction(lambda session: self.marks.step_aside(session, envelope))
                (metrics.parked if parked else metrics.redelivered).labels(self.durable).inc()
            except Exception as error:
                if not is_message_fault(error):
                    raise
                await self._park(envelope, type(error).__name__)

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
            try:
                await message.ack_sync(timeout=2)
                return
            except (NatsError, OSError, TimeoutError):
                await self._bus.ready()

    async def _watch(self) -> None:
        """Notice within 10 s a durable that was deleted, or one that is silent while messages wait."""
        loop = asyncio.get_running_loop()
        self._received = loop.time()
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
            if pending == 0:
                self.caught_up.set()
            if not self._busy and loop.time() - self._received > SILENCE_SECONDS:
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
