"""The toy's two halves: `wallet` writes and tells, `ledger` listens and writes down."""

import asyncio
import contextlib
import time
from collections import defaultdict
from typing import ClassVar

from nats.js.errors import NotFoundError
from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from kit import jobs, marks, outbox, timers
from kit.bus import Bus
from kit.messages import Consumed, Delivery, Message, Subscription
from kit.mongo import Collection, Mongo, Session, ensure_indexes, save_version
from kit.outbox import Outbox


class Paid(Message):
    subject: ClassVar[str] = "wallet.paid.v1"
    wallet_id: str
    amount: int


class Erased(Message):
    subject: ClassVar[str] = "wallet.wallet-erased.v1"
    wallet_id: str


class SeenPaid(Consumed):
    subject: ClassVar[str] = "wallet.paid.v1"
    wallet_id: str
    amount: int


class SeenErased(Consumed):
    subject: ClassVar[str] = "wallet.wallet-erased.v1"
    wallet_id: str


LEDGER = Subscription("ledger-entries", "WALLET", (SeenPaid, SeenErased), "reaction")
BALANCES = Subscription("ledger-balances", "WALLET", (SeenPaid,), "projection")
SUBSCRIPTIONS = (LEDGER, BALANCES)

INDEXES = (
    outbox.INDEXES
    | marks.INDEXES
    | jobs.INDEXES
    | timers.INDEXES
    | {"entries": [IndexModel([("wallet", ASCENDING), ("sequence", ASCENDING)])]}
)


class Poison(Exception):
    """This message can never be handled, until somebody cures it."""


class Wallet:
    """Pays, in one transaction with the message that tells of it."""

    def __init__(self, mongo: Mongo, clock) -> None:
        self.mongo = mongo
        self.clock = clock
        self.outbox = Outbox(mongo.db, "wallet")

    async def prepare(self) -> None:
        await ensure_indexes(self.mongo.db, INDEXES)

    async def pay(self, wallet: str, amount: int, times: int = 1) -> None:
        async def work(session: Session) -> None:
            found = await self.mongo.db["wallets"].find_one({"_id": wallet}, session=session)
            state = found or {"_id": wallet, "version": 0, "told": 0, "total": 0}
            messages = [Paid(wallet_id=wallet, amount=amount)] * times
            state["told"] = await self.outbox.append(session, f"wallet:{wallet}", state["told"], messages, self.clock())
            state["total"] += amount * times
            await save_version(session, self.mongo.db["wallets"], state, state["version"])

        await self.mongo.transaction(work)

    async def erase(self, wallet: str) -> None:
        async def work(session: Session) -> None:
            state = await self.mongo.db["wallets"].find_one({"_id": wallet}, session=session)
            await self.outbox.erase(session, f"wallet:{wallet}")
            told = await self.outbox.append(
                session, f"wallet:{wallet}", state["told"], [Erased(wallet_id=wallet)], self.clock()
            )
            await save_version(session, self.mongo.db["wallets"], state | {"told": told}, state["version"])

        await self.mongo.transaction(work)


class Ledger:
    """Writes down each payment once; `poisoned` wallets make it fail."""

    def __init__(self, mongo: Mongo) -> None:
        self.mongo = mongo
        self.poisoned: set[str] = set()

    @property
    def handlers(self):
        return {SeenPaid: self.on_paid, SeenErased: self.on_erased}

    async def on_paid(self, session: Session, delivery: Delivery[SeenPaid]) -> None:
        if delivery.data.wallet_id in self.poisoned:
            raise Poison
        entry = {"wallet": delivery.data.wallet_id, "sequence": delivery.sequence, "amount": delivery.data.amount}
        await self.mongo.db["entries"].insert_one(entry, session=session)

    async def on_erased(self, session: Session, delivery: Delivery[SeenErased]) -> None:
        await self.mongo.db["entries"].delete_many({"wallet": delivery.data.wallet_id}, session=session)


async def add_to_balance(session: Session, copy: Collection, delivery: Delivery[SeenPaid]) -> None:
    change = {"$inc": {"total": delivery.data.amount}}
    await copy.update_one({"_id": delivery.data.wallet_id}, change, upsert=True, session=session)


async def total(balances: Collection) -> int:
    """What a copy of the balances counts in all."""
    return sum([row["total"] async for row in balances.find()])


async def delete_durable(ops: Bus, name: str) -> None:
    """Delete a durable of the wallet's stream, as `coalition projection rebuild` does."""
    with contextlib.suppress(NotFoundError):
        await ops.jetstream().delete_consumer("WALLET", name)


async def ledger_faults(mongo: Mongo) -> dict[str, int]:
    """Compare what was paid with what was written down: 0 lost, 0 twice, 0 stuck, 0 orphaned."""
    paid = {w["_id"]: w async for w in mongo.db["wallets"].find()}
    pipeline = [{"$group": {"_id": {"w": "$wallet", "s": "$sequence"}, "n": {"$sum": 1}}}]
    entries = {(e["_id"]["w"], e["_id"]["s"]): e["n"] async for e in await mongo.db["entries"].aggregate(pipeline)}
    expected = {(wallet, s) for wallet, state in paid.items() for s in range(1, state["told"] + 1)}
    return {
        "lost": len(expected - entries.keys()),
        "twice": sum(n - 1 for n in entries.values()),
        "stuck": await mongo.db["outbox"].count_documents({"pending": True}),
        "parked": await mongo.db["parked"].count_documents({}),
        "orphaned": len(entries.keys() - expected),
    }


NO_FAULTS = {"lost": 0, "twice": 0, "stuck": 0, "parked": 0, "orphaned": 0}


# What may hold everything up after a kill: the transaction it left open (30 s, swept each 30 s), its ack wait (30 s).
STANDSTILL_SECONDS = 100.0


async def settle(mongo: Mongo, expected: dict[str, int] = NO_FAULTS, standstill: float = STANDSTILL_SECONDS) -> None:
    """Wait until the ledger is as expected, as long as it moves: a busy machine is slow, only what stands is stuck."""
    found, moved = None, time.monotonic()
    while found != expected:
        before = found
        # A server may be gone for a while.
        with contextlib.suppress(PyMongoError):
            found = await ledger_faults(mongo)
        moved = moved if found == before else time.monotonic()
        assert time.monotonic() - moved < standstill, f"nothing moved for {standstill} s: {found}"
        await asyncio.sleep(0.02)


async def assert_in_order(ops: Bus, expected: int) -> None:
    """Read the whole stream: `expected` messages, each aggregate's by its sequence, without a gap."""
    js = ops.jetstream()
    assert (await js.stream_info("WALLET")).state.messages == expected
    subscription = await js.subscribe("wallet.>", ordered_consumer=True)
    told: dict[str, int] = defaultdict(int)
    for _ in range(expected):
        headers = (await subscription.next_msg(timeout=10)).headers or {}
        told[headers["ce-subject"]] += 1
        assert int(headers["ce-sequence"]) == told[headers["ce-subject"]], headers["ce-subject"]
    await subscription.unsubscribe()
