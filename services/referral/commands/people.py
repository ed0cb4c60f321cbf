"""Persons: register, read, complete, list."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from kit.http import Once, require_version
from kit.mongo import Document, Session
from services.referral.commands.desk import Attempt, Caller, Desk, attempting
from services.referral.commands.finding import identity_in, indexed
from services.referral.domain.age import age_said, check_age
from services.referral.domain.facts import as_named_now
from services.referral.domain.identifiers import PersonId
from services.referral.domain.party import check_works
from services.referral.domain.person import MNEMONICS, Person, mnemonic
from services.referral.domain.record import Record
from services.referral.domain.taxonomy import AgeBand, DataClass
from services.referral.keys import PersonKey
from services.referral.store import Kept, MnemonicTaken

Changes = Mapping[DataClass, Mapping[str, Any] | None]
_DRAWS = 20


async def register_person(desk: Desk, caller: Caller, record: Record, once: Once) -> tuple[Kept[Person], Record]:
    """Open a person's record, each class sealed under a key of their own; nothing is required."""
    if once.result:
        return await read_person(desk, caller, PersonId(once.result))
    identity, at = PersonId(str(uuid4())), desk.clock()
    async with attempting(desk, caller, "person.register", identity) as attempt:
        attempt.owner = caller.organization
        check_works(caller.reader)
        check_age(record.get(DataClass.IDENTITY), at)
        key = await desk.keys.new(caller.organization, identity, at)
        sealed = {data_class.value: key.seal(data_class, fields) for data_class, fields in record.items()}
        for _ in range(_DRAWS):
            person = Person(
                id=identity,
                organization=caller.organization,
                mnemonic=mnemonic(desk.draw(MNEMONICS)),
                created_at=at,
                created_by=caller.user,
            )
            names = indexed(await desk.keys.of_names(caller.organization), identity, record.get(DataClass.IDENTITY))
            if kept := await _stored(desk, attempt, person, sealed, names, once):
                return kept, record
        raise MnemonicTaken


async def _stored(
    desk: Desk, attempt: Attempt, person: Person, sealed: Mapping[str, bytes], names: list[bytes], once: Once
) -> Kept[Person] | None:
    """Store a new person; None where a colleague's person has the mnemonic, which is then drawn again."""

    async def work(session: Session) -> Kept[Person]:
        await once.remember(session, person.id)
        kept = await desk.store.people.save(session, person, sealed, 0, names)
        await attempt.done(desk, session, classes=tuple(sealed))
        return kept

    try:
        return await desk.mongo.transaction(work)
    except MnemonicTaken:
        return None


async def but_hidden(desk: Desk, caller: Caller) -> Document:
    """Return the filter that leaves out what is about persons of whom the caller is to find nothing."""
    hidden = await desk.store.people.hidden(caller.organization, caller.user)
    return {"person": {"$nin": hidden}} if hidden else {}


async def read_person(desk: Desk, caller: Caller, person: PersonId) -> tuple[Kept[Person], Record]:
    """Return a person of one's own organisation with every class of the record; raises `NotFound`."""
    async with attempting(desk, caller, "person.read", person) as attempt:
        check_works(caller.reader)
        kept = await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization
        record = unsealed(await desk.keys.of(person), kept.sealed)
        await attempt.done(desk, None, classes=tuple(kept.sealed))
        return kept, record


def unsealed(key: PersonKey, sealed: Mapping[str, bytes]) -> dict[DataClass, dict[str, Any]]:
    """Unseal the classes of a record, under today's names."""
    return {DataClass(name): as_named_now(DataClass(name), key.unseal(name, value)) for name, value in sealed.items()}


def age_of(key: PersonKey, sealed: Mapping[str, bytes], at: datetime) -> AgeBand:
    """Return a person's age band at an instant; unknown where nothing says it."""
    if DataClass.IDENTITY not in sealed:
        return AgeBand.UNKNOWN
    identity = unsealed(key, {DataClass.IDENTITY: sealed[DataClass.IDENTITY]})[DataClass.IDENTITY]
    return age_said(identity, at)


async def change_person(
    desk: Desk, caller: Caller, person: PersonId, changes: Changes, expected: int | None
) -> tuple[Kept[Person], Record]:
    """Replace the classes given, and take out those given as None; the others stay as they are."""
    async with attempting(desk, caller, "person.change", person) as attempt:
        check_works(caller.reader)
        await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization
        check_age(changes.get(DataClass.IDENTITY), desk.clock())
        key, name_key = await desk.keys.of(person), await desk.keys.of_names(caller.organization)
        fresh = {name.value: key.seal(name, fields) for name, fields in changes.items() if fields is not None}
        gone = {name.value for name, fields in changes.items() if fields is None}

        async def work(session: Session) -> Kept[Person]:
            kept = await desk.store.people.of(caller.reader, person, session)
            require_version(expected, kept.version)
            sealed = {name: value for name, value in {**kept.sealed, **fresh}.items() if name not in gone}
            await attempt.done(desk, session, classes=tuple(name.value for name in changes))
            names = indexed(name_key, person, identity_in(key, sealed))
            return await desk.store.people.save(session, kept.state, sealed, kept.version, names)

        kept = await desk.mongo.transaction(work)
        return kept, unsealed(key, kept.sealed)


async def list_persons(
    desk: Desk, caller: Caller, before: tuple[datetime, str] | None, limit: int
) -> list[Kept[Person]]:
    """Return one's organisation's persons by mnemonic, newest first; nothing is unsealed."""
    async with attempting(desk, caller, "person.list") as attempt:
        check_works(caller.reader)
        attempt.owner = caller.organization
        found = list(await desk.store.people.page(caller.reader, before, limit))
        attempt.records = tuple(kept.state.id for kept in found)
        await attempt.done(desk, None)
        return found
