"""Serious danger: one worker tells a member's intake at once, or records what was told outside; the member reads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from kit.http import Once
from kit.mongo import Session
from services.referral.commands.alarming import alarm, conclude, receives, reviewers_of
from services.referral.commands.desk import REVIEW, Attempt, Caller, Desk, attempting
from services.referral.commands.grounds import FACTS, NewGround, check_lawful
from services.referral.commands.people import age_of, but_hidden, unsealed
from services.referral.domain.disclosure import Reading, Role, Stage, decide_all
from services.referral.domain.emergency import (
    Emergency,
    Kind,
    OutsideChannel,
    Outsider,
    begin,
    check_article,
    check_done,
    check_minimum,
)
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.grounds import ARTICLES, GroundNotInRegime, check_ground
from services.referral.domain.identifiers import EmergencyId, OrganizationId, PersonId
from services.referral.domain.moves import RecipientUnavailable, SenderNotAccredited
from services.referral.domain.party import COORDINATOR, INTAKE, NotFound, check_works
from services.referral.domain.person import Person
from services.referral.domain.record import Disclosed, classes_to_open, disclose
from services.referral.domain.taxonomy import DataClass, Purpose
from services.referral.keys import PersonKey
from services.referral.store import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOutside:
    """What was told outside the system: to whom and how, as codes; when, which classes, why."""

    article: str
    outsider: Outsider
    channel: OutsideChannel
    at: datetime
    classes: frozenset[DataClass]
    facts: str


def emergency_place(emergency: EmergencyId) -> str:
    """Return where an emergency's facts are sealed."""
    return f"emergency:{emergency}"


async def disclose_at_once(desk: Desk, caller: Caller, person: PersonId, new: NewGround, once: Once) -> Kept[Emergency]:
    """Tell a member's intake at once the minimum that helps, without awaiting anybody; others review it afterwards."""
    identity = EmergencyId(once.result or str(uuid4()))
    async with attempting(desk, caller, "emergency.disclose", identity, person) as attempt:
        key, kept = await _begun(desk, attempt, person)
        if once.result:
            return await _earlier(desk, attempt, identity)
        check_minimum(new.classes)
        age = age_of(key, kept.sealed, desk.clock())
        sector = await check_lawful(desk, caller, new, age, kept.state.excluded)
        check_article(ARTICLES[new.article])
        emergency = replace(
            _emergency(desk, caller, person, identity, Kind.DISCLOSURE, new.article, new.classes),
            recipient=new.recipient,
            recipient_sector=sector,
        )
        return await _save(desk, attempt, emergency, key.seal(emergency_place(identity), new.facts), once)


async def record_told_outside(
    desk: Desk, caller: Caller, person: PersonId, said: ToldOutside, once: Once
) -> Kept[Emergency]:
    """Record what was told outside the system, a 911 call; nothing is transmitted. Others review it afterwards."""
    identity = EmergencyId(once.result or str(uuid4()))
    async with attempting(desk, caller, "emergency.record-outside", identity, person) as attempt:
        key, _ = await _begun(desk, attempt, person)
        if once.result:
            return await _earlier(desk, attempt, identity)
        check_done(said.at, desk.clock())
        regime = await desk.directory.regime(caller.organization)
        if regime is None:
            raise GroundNotInRegime
        check_ground(said.article, regime, said.classes)
        emergency = replace(
            _emergency(desk, caller, person, identity, Kind.OUTSIDE, said.article, said.classes),
            at=said.at,
            outsider=said.outsider,
            channel=said.channel,
        )
        return await _save(desk, attempt, emergency, key.seal(emergency_place(identity), said.facts), once)


async def _begun(desk: Desk, attempt: Attempt, person: PersonId) -> tuple[PersonKey, Kept[Person]]:
    """Return the key and the record of a person of the caller's own; raises `NotFound`."""
    check_works(attempt.caller.reader)
    kept = await desk.store.people.of(attempt.caller.reader, person)
    attempt.owner = attempt.caller.organization
    return await desk.keys.of(person), kept


async def _earlier(desk: Desk, attempt: Attempt, identity: EmergencyId) -> Kept[Emergency]:
    """Return what the same request brought about earlier, as it is now."""
    await attempt.done(desk, None)
    return await desk.store.emergencies.by_id(None, identity)


def _emergency(
    desk: Desk,
    caller: Caller,
    person: PersonId,
    identity: EmergencyId,
    kind: Kind,
    article: str,
    classes: frozenset[DataClass],
) -> Emergency:
    return Emergency(
        id=identity,
        kind=kind,
        owner=caller.organization,
        person=person,
        acted_by=caller.user,
        at=desk.clock(),
        recorded_at=desk.clock(),
        article=article,
        classes=classes,
    )


async def _save(desk: Desk, attempt: Attempt, emergency: Emergency, facts: bytes, once: Once) -> Kept[Emergency]:
    """Write a new emergency with its alarm, its review's clock and its audit row in one transaction."""

    async def work(session: Session) -> Kept[Emergency]:
        excluded = (await desk.store.people.hold_for(session, attempt.caller.reader, emergency.person)).state.excluded
        await once.remember(session, emergency.id)
        if emergency.recipient:
            await _check_parties(desk, session, emergency.owner, emergency.recipient, excluded)
        classes = tuple(sorted(name.value for name in emergency.classes))
        await attempt.done(desk, session, role="emergency", classes=classes, detail=emergency.article)
        return await open_emergency(desk, session, emergency, {FACTS: facts}, excluded)

    return await desk.mongo.transaction(work)


async def open_emergency(
    desk: Desk, session: Session, emergency: Emergency, sealed: Mapping[str, bytes], excluded: Exclusions
) -> Kept[Emergency]:
    """Start an emergency's clocks, tell those who review it, and write it."""
    begun = begin(emergency, await reviewers_of(desk, session, emergency.owner, excluded))
    await desk.timers.set(session, REVIEW, begun.id, begun.review_by)
    messages = await alarm(desk, session, begun, excluded)
    return await desk.store.emergencies.save(session, begun, messages, desk.clock(), sealed=sealed)


async def _check_parties(
    desk: Desk, session: Session, owner: OrganizationId, recipient: OrganizationId, excluded: Exclusions
) -> None:
    """Raise the named refusal for a suspended organisation, or a recipient where nobody could act on it."""
    if not (await desk.standings.of(owner, desk.clock(), session)).may_continue:
        raise SenderNotAccredited
    able = (await desk.standings.of(recipient, desk.clock(), session)).may_refer
    if not able or not await receives(desk, session, recipient, excluded):
        raise RecipientUnavailable


async def end_disclosure(desk: Desk, caller: Caller, emergency: EmergencyId) -> Kept[Emergency]:
    """End, as the organisation that told, what a member reads; the review goes on. Idempotent."""
    async with attempting(desk, caller, "emergency.end", emergency) as attempt:
        check_works(caller.reader)

        async def work(session: Session) -> Kept[Emergency]:
            kept = await desk.store.emergencies.by_id(session, emergency)
            attempt.owner = kept.state.owner
            if kept.state.owner != caller.organization or kept.state.kind is not Kind.DISCLOSURE:
                raise NotFound
            person = await desk.store.people.of(caller.reader, kept.state.person, session)
            attempt.records = (emergency, kept.state.person)
            ended = kept.state.end(desk.clock())
            await attempt.done(desk, session)
            return await save_ended(desk, session, kept, ended, caller, person.state.excluded)

        return await desk.mongo.transaction(work)


async def save_ended(
    desk: Desk, session: Session, kept: Kept[Emergency], ended: Emergency, caller: Caller, excluded: Exclusions
) -> Kept[Emergency]:
    """Write an emergency that was ended, and tell whoever acted and whoever was reading; nothing where it was over."""
    if ended is kept.state:
        return kept
    told = await conclude(desk, session, ended, caller.user, excluded)
    return await desk.store.emergencies.save(session, ended, told, desk.clock(), sealed=kept.sealed, kept=kept)


async def list_emergencies(desk: Desk, caller: Caller, person: PersonId) -> list[Kept[Emergency]]:
    """Return what was told at once about a person of one's own organisation; the facts stay sealed."""
    async with attempting(desk, caller, "emergency.list", person) as attempt:
        check_works(caller.reader)
        await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization
        await attempt.done(desk, None)
        return await desk.store.emergencies.page({"owner": caller.organization, "person": person}, None, MOST_LISTED)


MOST_LISTED = 100
_RECEIVING: Mapping[str, Role] = {COORDINATOR: Role.COORDINATOR, INTAKE: Role.INTAKE}


def _receiving(caller: Caller) -> Role:
    """Return the role in which someone reads what was told to their organisation; raises `NotFound`."""
    for name, role in _RECEIVING.items():
        if name in caller.roles:
            return role
    raise NotFound


async def list_received(
    desk: Desk, caller: Caller, before: tuple[datetime, str] | None, limit: int
) -> list[Kept[Emergency]]:
    """Return what one's organisation was told in emergencies, newest first, for its intake and coordinators."""
    async with attempting(desk, caller, "emergency.list-received") as attempt:
        _receiving(caller)
        wanted = {"recipient": caller.organization} | await but_hidden(desk, caller)
        found = await desk.store.emergencies.page(wanted, before, limit)
        attempt.records = tuple(kept.state.id for kept in found)
        await attempt.done(desk, None)
        return found


async def read_disclosed(desk: Desk, caller: Caller, emergency: EmergencyId) -> tuple[Kept[Emergency], Disclosed]:
    """Return what a member was told, as the record says it at this instant; once it is over, that it was told."""
    async with attempting(desk, caller, "emergency.read-disclosed", emergency) as attempt:
        kept = await desk.store.emergencies.by_id(None, emergency)
        attempt.owner = kept.state.owner
        role = _receiving(caller)
        if kept.state.recipient != caller.organization:
            raise NotFound
        record = (await desk.store.people.seen_by(caller.reader, kept.state.person)).sealed
        attempt.records = (emergency, kept.state.person)
        if not kept.state.opens(desk.clock()):
            await attempt.done(desk, None, role=role.value)
            return kept, disclose(decide_all(_reading(kept.state, role, Stage.DARK)), {}, caller.organization)
        return kept, await _opened(desk, attempt, kept.state, role, record)


def _reading(emergency: Emergency, role: Role, stage: Stage, **more: Any) -> Reading:
    """Return the circumstances of a member that was told in an emergency: the ground opens, no consent does."""
    if emergency.recipient_sector is None:
        raise NotFound
    return Reading(sector=emergency.recipient_sector, role=role, stage=stage, purpose=Purpose.SUPPORT, **more)


async def _opened(
    desk: Desk, attempt: Attempt, emergency: Emergency, role: Role, record: Mapping[str, bytes]
) -> Disclosed:
    """Unseal what was told, and nothing else, after writing down that it is read."""
    key = await desk.keys.of(emergency.person)
    age = age_of(key, record, desk.clock())
    decisions = decide_all(_reading(emergency, role, Stage.ACCEPTED, grounds=emergency.classes, age=age))
    classes = [name for name in classes_to_open(decisions) if name in record]
    await attempt.done(desk, None, role=role.value, classes=tuple(name.value for name in classes))
    return disclose(decisions, unsealed(key, {name: record[name] for name in classes}), attempt.caller.organization)
