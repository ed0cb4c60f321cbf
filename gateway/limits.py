"""Limits shared by all replicas, without a database round trip a request.

Each replica counts in token buckets of its own and settles them with the shared ones: every second, and every 100 ms
those that are more than half spent. What all replicas spent is taken off, into debt if need be. Sign-ins are few and
guessed at, so each is settled at once (ADR 0011).
"""

import asyncio
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from math import ceil
from typing import Any

import structlog
from pymongo import ASCENDING, IndexModel, ReturnDocument, UpdateOne
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from gateway.exchange import Exchange, Headers
from gateway.refusals import TooManyRequests
from kit.auth import Principal
from kit.mongo import Database

URGENT_EVERY = 0.1
ALL_EVERY = 10
"""Turns of `URGENT_EVERY` after which buckets still more than half full are settled too."""
IDLE = 60.0
KEPT_MS = 3_600_000
INDEXES = {"limits": [IndexModel([("until", ASCENDING)], expireAfterSeconds=0)]}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Policy:
    """So many at once, refilled at `rate` a second."""

    name: str
    rate: float
    burst: int

    @property
    def header(self) -> str:
        """The policy as `RateLimit-Policy` states it: a quota and the seconds in which it refills."""
        return f'"{self.name}";q={self.burst};w={round(self.burst / self.rate)}'


CLIENT = Policy("client", 20.0, 40)
ORGANIZATION = Policy("organization", 100.0, 100)
SIGN_IN = Policy("sign-in", 5 / 60, 5)

_MEMBERS = f"{CLIENT.header}, {ORGANIZATION.header}".encode()
_ANONYMOUS = CLIENT.header.encode()


class _Bucket:
    """What is left of one key's quota, by this replica's knowledge."""

    __slots__ = ("at", "key", "left", "policy", "spent")

    def __init__(self, key: str, policy: Policy, now: float) -> None:
        self.key = key
        self.policy = policy
        self.left = float(policy.burst)
        self.at = now
        self.spent = 0

    def refill(self, now: float) -> None:
        policy = self.policy
        left = self.left + (now - self.at) * policy.rate
        self.left = min(policy.burst, left)
        self.at = now

    @property
    def urgent(self) -> bool:
        """Say whether so little is left that what other replicas spent matters now."""
        return self.left < self.policy.burst / 2

    def header(self) -> str:
        """Return the state as `RateLimit` gives it: what remains, and the seconds until all of it is back."""
        policy = self.policy
        left = self.left
        return f'"{policy.name}";r={int(left) if left > 0 else 0};t={ceil((policy.burst - left) / policy.rate)}'


class Limits:
    """Token buckets by key, settled between replicas through the `limits` collection."""

    def __init__(self, database: Database, secret: bytes, proxies: Iterable[IPv4Network | IPv6Network] = ()) -> None:
        self._rows = database.get_collection(
            "limits", write_concern=WriteConcern(w=1), read_concern=ReadConcern("local")
        )
        self._secret = secret
        self._proxies = tuple(proxies)
        self._buckets: dict[str, _Bucket] = {}
        self._spent: set[_Bucket] = set()
        self._swept = time.monotonic()

    def take(self, principal: Principal) -> Headers:
        """Count a request of the principal; return the headers that tell them, or raise TooManyRequests."""
        now = time.monotonic()
        caller = principal.client if principal.kind == "app" else principal.user
        client = self._bucket(f"{principal.kind}:{caller}", CLIENT, now)
        organization = self._bucket(f"organization:{principal.organization}", ORGANIZATION, now)
        return self._take((client, organization), _MEMBERS)

    def take_address(self, exchange: Exchange) -> Headers:
        """Count a request of nobody known, by address."""
        return self._take((self._bucket(self.address_key(exchange), CLIENT, time.monotonic()),), _ANONYMOUS)

    def require_address(self, exchange: Exchange) -> None:
        """Raise TooManyRequests when the address has spent its quota; counts nothing."""
        bucket = self._bucket(self.address_key(exchange), CLIENT, time.monotonic())
        if bucket.left < 1:
            raise _refusal((bucket,), _ANONYMOUS)

    async def take_sign_in(self, exchange: Exchange) -> None:
        """Count a sign-in begun from this address, exactly; raise TooManyRequests."""
        left = _refilled(SIGN_IN)
        taken: list[dict[str, Any]] = [
            {"$set": {"left": left, "at": "$$NOW", "until": _until()}},
            {"$set": {"allowed": {"$gte": ["$left", 1]}}},
            {"$set": {"left": {"$subtract": ["$left", {"$toInt": "$allowed"}]}}},
        ]
        row = await self._rows.find_one_and_update(
            {"_id": self._sign_in_key(exchange)}, taken, upsert=True, return_document=ReturnDocument.AFTER
        )
        if row is not None and not row["allowed"]:
            bucket = _Bucket("", SIGN_IN, 0)
            bucket.left = row["left"]
            raise _refusal((bucket,), SIGN_IN.header.encode())

    async def give_sign_in_back(self, exchange: Exchange) -> None:
        """Uncount a sign-in that succeeded: an office behind one address is not an attack."""
        back = [{"$set": {"left": {"$min": [SIGN_IN.burst, {"$add": ["$left", 1]}]}}}]
        await self._rows.update_one({"_id": self._sign_in_key(exchange)}, back)

    async def keep_settling(self) -> None:
        """Settle what was spent with the other replicas; never ends."""
        turn = 0
        while True:
            await asyncio.sleep(URGENT_EVERY)
            turn += 1
            self._forget_idle()
            try:
                await self.settle(urgent=turn % ALL_EVERY != 0)
            except PyMongoError as error:
                log.warning("limits.unsettled", error=type(error).__name__)

    async def settle(self, *, urgent: bool = False) -> None:
        """Take what this replica spent off the shared buckets, and learn what is left in them."""
        buckets = {bucket for bucket in self._spent if bucket.urgent} if urgent else self._spent
        if not buckets:
            return
        self._spent = self._spent - buckets
        spent = {bucket.key: bucket.spent for bucket in buckets}
        for bucket in buckets:
            bucket.spent = 0
        changes = [UpdateOne({"_id": b.key}, _spend(b.policy, spent[b.key]), upsert=True) for b in buckets]
        await self._rows.bulk_write(changes, ordered=False)
        async for row in self._rows.find({"_id": {"$in": list(spent)}}, {"left": 1}):
            settled = self._buckets.get(row["_id"])
            if settled is not None:
                # What was spent here while we were asking is not in the shared bucket yet.
                settled.left = min(settled.policy.burst, row["left"] - settled.spent)
                settled.at = time.monotonic()

    def address_key(self, exchange: Exchange) -> str:
        """Return the key of the caller's address: a keyed pseudonym, since an address is personal data."""
        digest = hmac.digest(self._secret, self._address(exchange).encode(), "sha256")
        return f"address:{digest[:16].hex()}"

    def _sign_in_key(self, exchange: Exchange) -> str:
        return f"sign-in:{self.address_key(exchange)}"

    def _address(self, exchange: Exchange) -> str:
        peer = (exchange.scope.get("client") or ("",))[0]
        forwarded = exchange.head.own.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        hops = [hop.strip() for hop in forwarded if hop.strip()]
        # Only what our own proxies wrote is believed, from the nearest on.
        while hops and self._trusted(peer):
            peer = hops.pop()
        return _network(peer)

    def _trusted(self, peer: str) -> bool:
        found = _parsed(peer)
        return found is not None and any(found in network for network in self._proxies)

    def _bucket(self, key: str, policy: Policy, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(key, policy, now)
        bucket.refill(now)
        return bucket

    def _take(self, buckets: tuple[_Bucket, ...], policies: bytes) -> Headers:
        for bucket in buckets:
            if bucket.left < 1:
                raise _refusal(buckets, policies)
        for bucket in buckets:
            bucket.left -= 1
            bucket.spent += 1
            self._spent.add(bucket)
        return _headers(buckets, policies)

    def _forget_idle(self) -> None:
        now = time.monotonic()
        if now - self._swept >= IDLE:
            self._swept = now
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if now - bucket.at < IDLE}


def _headers(buckets: tuple[_Bucket, ...], policies: bytes) -> Headers:
    state = ", ".join([bucket.header() for bucket in buckets])
    return [(b"ratelimit-policy", policies), (b"ratelimit", state.encode())]


def _refusal(buckets: tuple[_Bucket, ...], policies: bytes) -> TooManyRequests:
    wait = max(ceil((1 - bucket.left) / bucket.policy.rate) for bucket in buckets)
    return TooManyRequests(_headers(buckets, policies), max(1, wait))


def _refilled(policy: Policy) -> dict[str, Any]:
    """The shared bucket's level now, by the database's own clock."""
    seconds = {"$divide": [{"$subtract": ["$$NOW", {"$ifNull": ["$at", "$$NOW"]}]}, 1000]}
    grown = {"$add": [{"$ifNull": ["$left", policy.burst]}, {"$multiply": [seconds, policy.rate]}]}
    return {"$min": [policy.burst, grown]}


def _spend(policy: Policy, spent: int) -> list[dict[str, Any]]:
    left = {"$subtract": [_refilled(policy), spent]}
    return [{"$set": {"left": left, "at": "$$NOW", "until": _until()}}]


def _until() -> dict[str, Any]:
    return {"$add": ["$$NOW", KEPT_MS]}


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


def _network(address: str) -> str:
    """Return the address, or for IPv6 the /64 that one subscriber holds."""
    found = _parsed(address)
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped.compressed if found.ipv4_mapped else IPv6Network((found, 64), strict=False).compressed
    return str(found)
