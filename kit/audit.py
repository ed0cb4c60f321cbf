"""Who read and wrote what, when: rows written with the effect, sealed into a hash chain per organisation.

A row goes in unsealed, in the effect's transaction and before the answer: no row, no answer. One leased sealer a
service numbers and chains them at most 2 s later (a chain inside the transaction cost 11 retries a write).
Records are kept as keyed pseudonyms, so that an erased person's id is nowhere to be found.
"""

import asyncio
import hmac
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import PyMongoError

from kit.clock import Clock
from kit.mongo import Document, Lease, LeaseLost, Mongo, Session
from kit.tasks import Gathered

log = structlog.get_logger()

SEAL_SECONDS = 0.5
OVERDUE = timedelta(seconds=10)
PUBLISH = timedelta(minutes=1)
"""How often at most a chain's end is told elsewhere, where whoever rewrites the database does not reach."""
_BATCH = 500
_SEAL = ("number", "previous", "hash", "unsealed")
_FIRST = "0" * 64
_NO_WITNESS: Mapping[str, Sequence[Document]] = {}
_NOTHING_HIDDEN: Mapping[str, Any] = {}

INDEXES = {
    "audit": [
        IndexModel([("unsealed", ASCENDING), ("_id", ASCENDING)], partialFilterExpression={"unsealed": True}),
        IndexModel([("organization", ASCENDING), ("number", ASCENDING)]),
        IndexModel([("organization", ASCENDING), ("at", ASCENDING), ("_id", ASCENDING)]),
        IndexModel([("owner", ASCENDING), ("records", ASCENDING), ("at", ASCENDING)]),
    ],
    "audit_heads": [IndexModel([("unpublished", ASCENDING)], partialFilterExpression={"unpublished": True})],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act: `by` a user or app of `organization`, on `records`; codes and ids only, never a value.

    `owner` is the organisation whose records they are; `classes` the data classes that were disclosed.
    """

    organization: str
    by: str
    action: str
    records: tuple[str, ...]
    at: datetime
    owner: str | None = None
    role: str | None = None
    classes: tuple[str, ...] = ()
    purpose: str | None = None
    outcome: str = "done"
    request_id: str | None = None
    detail: str | None = None


_FIELDS = tuple(field.name for field in fields(Entry))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at `number` of a chain.

    `edited`, `missing`, `truncated`, `head-missing`, `beyond-head` (a row its head knows nothing of) or `unsealed`.
    """

    organization: str
    problem: str
    number: int


@dataclass(frozen=True, slots=True)
class Head:
    """A chain's end at an instant; `told` counts how often one of this chain was published before."""

    organization: str
    number: int
    hash: str
    at: datetime
    told: int


Witness = Callable[[Session, Sequence[Head]], Awaitable[None]]
"""Tells others of chains' ends, in the transaction that marks them as published."""


class Audit:
    """A service's audit log; `witness` is told of each chain's end, as the log of the process is."""

    def __init__(self, mongo: Mongo, key: bytes, clock: Clock, holder: str, witness: Witness | None = None) -> None:
        self._mongo = mongo
        self._key = key
        self._clock = clock
        self._rows = mongo.db["audit"]
        self._heads = mongo.db["audit_heads"]
        self._lease = Lease(mongo.db, "audit-sealer", holder)
        self._witness = witness
        self._alone = Gathered(self._append_all)

    def pseudonym(self, record: str) -> str:
        """Return the keyed pseudonym under which a record's acts are kept."""
        return hmac.digest(self._key, b"record:" + record.encode(), "sha256").hex()[:32]

    async def append(self, session: Session | None, entry: Entry) -> None:
        """Write the row, in the effect's transaction where there is one; those of concurrent reads in one insert."""
        row: Document = {name: getattr(entry, name) for name in _FIELDS}
        row |= {"records": [self.pseudonym(record) for record in entry.records], "unsealed": True}
        if session is None:
            await self._alone.ask(row)
        else:
            await self._rows.insert_one(row, session=session)

    async def _append_all(self, rows: Sequence[Document]) -> Sequence[None]:
        await self._rows.insert_many(rows)
        return [None] * len(rows)

    async def run(self) -> None:
        """Seal for ever, while holding the lease."""
        while True:
            try:
                # Look before taking the lease: an idle service writes nothing.
                if await self._awaits_work() and await self._lease.acquire():
                    while await self.seal_some():
                        pass
                    await self.publish_heads()
            except LeaseLost:
                log.warning("audit.lease-lost")
            except (PyMongoError, OSError) as error:
                log.warning("audit.waiting", error=type(error).__name__)
            await asyncio.sleep(SEAL_SECONDS)

    async def _awaits_work(self) -> bool:
        unsealed = await self._rows.find_one({"unsealed": True}, {"_id": 1})
        return bool(unsealed or await self._heads.find_one(self._unpublished(), {"_id": 1}))

    async def seal_some(self) -> bool:
        """Seal one batch in the order of writing; False when none is left. Call it only under the lease."""
        rows = await self._rows.find({"unsealed": True}).sort("_id", 1).limit(_BATCH).to_list()
        if rows:
            # Every chain of a batch in one transaction: one each cost a fifth of all CPU where many read at once.
            await self._mongo.transaction(partial(self._seal, rows))
        return bool(rows)

    async def _seal(self, rows: list[Document], session: Session) -> None:
        await self._lease.fence(session)
        chains = sorted({row["organization"] for row in rows})
        heads = self._heads.find({"_id": {"$in": chains}}, {"number": 1, "hash": 1}, session=session)
        ends = {head["_id"]: head async for head in heads}
        seals = []
        for row in rows:
            end = ends.get(row["organization"], {"number": 0, "hash": _FIRST})
            number, previous = end["number"] + 1, end["hash"]
            seal = {"number": number, "previous": previous, "hash": self._digest(row, number, previous)}
            seals.append(UpdateOne({"_id": row["_id"]}, {"$set": seal, "$unset": {"unsealed": ""}}))
            ends[row["organization"]] = {"number": number, "hash": seal["hash"]}
        await self._rows.bulk_write(seals, session=session)
        at = self._clock()
        moved = {chain: {**ends[chain], "at": at, "unpublished": True} for chain in chains}
        changes = [UpdateOne({"_id": chain}, {"$set": end}, upsert=True) for chain, end in moved.items()]
        await self._heads.bulk_write(changes, session=session)

    def _unpublished(self) -> Document:
        return {"unpublished": True, "published_at": {"$not": {"$gt": self._clock() - PUBLISH}}}

    async def publish_heads(self) -> None:
        """Tell of each chain's end that moved, at most once a minute a chain. Call it only under the lease."""
        while chains := await self._heads.find(self._unpublished(), {"_id": 1}).limit(_BATCH).to_list():
            for head in await self._mongo.transaction(partial(self._publish, [chain["_id"] for chain in chains])):
                log.info("audit.head", organization=head.organization, number=head.number, hash=head.hash)

    async def _publish(self, chains: list[str], session: Session) -> list[Head]:
        await self._lease.fence(session)
        at = self._clock()
        rows = await self._heads.find({"_id": {"$in": chains}}, session=session).to_list()
        heads = [Head(row["_id"], row["number"], row["hash"], at, row.get("told", 0)) for row in rows]
        if self._witness is not None:
            await self._witness(session, heads)
        told = {"$set": {"published_at": at}, "$inc": {"told": 1}, "$unset": {"unpublished": ""}}
        await self._heads.update_many({"_id": {"$in": chains}}, told, session=session)
        return heads

    def _digest(self, row: Document, number: int, previous: str) -> str:
        facts = {key: value for key, value in row.items() if key not in _SEAL}
        text = json.dumps([number, previous, facts], sort_keys=True, default=str, separators=(",", ":"))
        return hmac.digest(self._key, b"seal:" + text.encode(), "sha256").hex()

    async def heads(self) -> list[Document]:
        """Return each chain's end `{organization, number, hash}`, for others to witness."""
        return [
            {"organization": head["_id"], "number": head["number"], "hash": head["hash"]}
            async for head in self._heads.find().sort("_id", 1)
        ]

    async def verify(
        self, organization: str | None = None, witnessed: Mapping[str, Sequence[Document]] = _NO_WITNESS
    ) -> list[Finding]:
        """Return every edit, deletion, reorder, truncation and overdue row of one chain, or of all.

        `witnessed` holds, by organisation, heads `{number, hash}` seen earlier elsewhere (`heads`, or the log's
        `audit.head`): a chain rewritten or cut since then, its own head included, differs at one of those numbers.
        """
        known = {*await self._rows.distinct("organization"), *await self._heads.distinct("_id"), *witnessed}
        findings: list[Finding] = []
        for chain in [organization] if organization else sorted(known):
            findings += await self._verify_chain(chain, witnessed.get(chain, ()))
        return findings + await self._overdue(organization)

    async def _verify_chain(self, organization: str, witnessed: Sequence[Document]) -> list[Finding]:
        # The head is read before and after: rows are being sealed meanwhile.
        before = await self._heads.find_one({"_id": organization})
        owed: dict[int, set[str]] = defaultdict(set)
        for head in (before, *witnessed):
            if head:
                owed[head["number"]].add(head["hash"])
        findings, number, previous = [], 0, _FIRST
        query = {"organization": organization, "number": {"$exists": True}}
        async for row in self._rows.find(query).sort("number", 1):
            number += 1
            if row["number"] != number:
                findings.append(Finding(organization, "missing", number))
                number = row["number"]
            elif row["previous"] != previous or row["hash"] != self._digest(row, number, previous):
                findings.append(Finding(organization, "edited", number))
            previous = row["hash"]
            if owed.pop(number, {previous}) != {previous}:
                findings.append(Finding(organization, "edited", number))
        findings += [Finding(organization, "truncated", promised) for promised in sorted(owed)]
        return findings + await self._verify_head(organization, number)

    async def _verify_head(self, organization: str, number: int) -> list[Finding]:
        after = await self._heads.find_one({"_id": organization})
        if after is None:
            return [Finding(organization, "head-missing", number)] if number else []
        return [Finding(organization, "beyond-head", number)] if number > after["number"] else []

    async def _overdue(self, organization: str | None) -> list[Finding]:
        query: Document = {"unsealed": True, "at": {"$lt": self._clock() - OVERDUE}}
        query |= {"organization": organization} if organization else {}
        return [Finding(row["organization"], "unsealed", 0) async for row in self._rows.find(query)]

    async def entries(  # noqa: PLR0913 - each narrows the same query
        self,
        *,
        organization: str | None = None,
        owner: str | None = None,
        by: str | None = None,
        record: str | None = None,
        action: str | None = None,
        outcome: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: tuple[datetime, Any] | None = None,
        hiding: Mapping[str, Any] = _NOTHING_HIDDEN,
        limit: int = 50,
    ) -> list[Document]:
        """Return acts, oldest first: those *by* an organisation, or those on what an `owner` owns.

        `after` is the (at, _id) of the last one read; what the filter `hiding` matches is left out.
        """
        wanted = {"organization": organization, "owner": owner, "by": by, "action": action, "outcome": outcome}
        query: Document = {key: value for key, value in wanted.items() if value is not None}
        if record is not None:
            query["records"] = self.pseudonym(record)
        span = {"$gte": since, "$lt": until}
        if bounds := {key: value for key, value in span.items() if value is not None}:
            query["at"] = bounds
        if after is not None:
            query["$or"] = [{"at": {"$gt": after[0]}}, {"at": after[0], "_id": {"$gt": after[1]}}]
        if hiding:
            query["$nor"] = [dict(hiding)]
        return await self._rows.find(query).sort([("at", 1), ("_id", 1)]).limit(limit).to_list()

    async def numbers(self, organization: str, wanted: Mapping[str, Any], up_to: int) -> list[int]:
        """Return, in order, the numbers up to one in an organisation's chain of the rows that a filter matches."""
        query = {**wanted, "organization": organization, "number": {"$lte": up_to}}
        return [row["number"] async for row in self._rows.find(query, {"number": 1}).sort("number", 1)]
