"""Finding a person by name inside one's organisation, through an index that is blind without the organisation's key."""

import hmac
from collections.abc import Mapping
from typing import Any

import structlog

from kit.mongo import Session
from services.referral.commands.desk import Caller, Desk, attempting
from services.referral.domain.facts import as_named_now
from services.referral.domain.identifiers import PersonId
from services.referral.domain.names import MOST_FOUND, Sought, check_searches, index_terms
from services.referral.domain.party import check_works
from services.referral.domain.person import Person, PersonErased
from services.referral.domain.taxonomy import DataClass
from services.referral.keys import PersonKey
from services.referral.store import Kept

log = structlog.get_logger()

# HMAC-SHA-256 (RFC 2104) cut to 16 bits: some 15 of a million names share each value, so that even whoever holds the
# key reads no name out of it; the few persons found too many are told apart by unsealing their identity.
_VALUE_BYTES = 2
# Everybody has as many values, whether a name is known or not.
_VALUES = 16
_CANDIDATES = 200
_BATCH = 100


def indexed(key: bytes, person: PersonId, identity: Mapping[str, Any] | None) -> list[bytes]:
    """Return a person's values in the index, filled up with some that mean nothing and stay the same."""
    values = [_value(key, f"name:{term}") for term in index_terms(identity or {})]
    padding = [_value(key, f"none:{person}|{number}") for number in range(len(values), _VALUES)]
    return sorted(values + padding)


def _value(key: bytes, term: str) -> bytes:
    return hmac.digest(key, term.encode(), "sha256")[:_VALUE_BYTES]


def identity_in(key: PersonKey, sealed: Mapping[str, bytes]) -> Mapping[str, Any] | None:
    """Unseal the identity of a record; None where it has none."""
    found = sealed.get(DataClass.IDENTITY)
    return as_named_now(DataClass.IDENTITY, key.unseal(DataClass.IDENTITY, found)) if found else None


async def find_persons(desk: Desk, caller: Caller, wanted: Sought) -> list[Kept[Person]]:
    """Return at most 21 of one's organisation's persons who bear a name; raises `TooManySearches`."""
    async with attempting(desk, caller, "person.find") as attempt:
        check_works(caller.reader)
        attempt.owner = caller.organization
        found = await _bearers(desk, caller, wanted)
        attempt.records = tuple(kept.state.id for kept in found)

        async def work(session: Session) -> None:
            check_searches(await desk.store.queries.count_this_hour(session, caller.user, desk.clock(), "find:"))
            await attempt.done(desk, session, classes=(DataClass.IDENTITY.value,) if found else ())

        await desk.mongo.transaction(work)
        return found


async def _bearers(desk: Desk, caller: Caller, wanted: Sought) -> list[Kept[Person]]:
    """Return those whom the index gives and whose identity fits; an erased one is nobody."""
    key = await desk.keys.of_names(caller.organization)
    values = [_value(key, f"name:{term}") for term in wanted.terms()]
    found = []
    for kept in await desk.store.people.named(caller.reader, values, _CANDIDATES):
        identity = await _identity(desk, kept)
        if identity is not None and wanted.fits(identity):
            found.append(kept)
    return found[: MOST_FOUND + 1]


async def _identity(desk: Desk, kept: Kept[Person]) -> Mapping[str, Any] | None:
    try:
        return identity_in(await desk.keys.of(kept.state.id), kept.sealed)
    except PersonErased:
        return None


async def index_names(desk: Desk) -> int:
    """Index every person who is not yet, of whatever release; stopped anywhere, it goes on. Returns how many."""
    count = 0
    while rows := await desk.store.people.unnamed(_BATCH):
        for kept in rows:
            key, identity = await desk.keys.of_names(kept.state.organization), await _identity(desk, kept)
            await desk.store.people.name(kept.state.id, kept.version, indexed(key, kept.state.id, identity))
        count += len(rows)
    if count:
        log.info("names.indexed", count=count)
    return count
