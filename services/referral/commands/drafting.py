"""The sender's side of a referral: draft it, send it, take it back."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter

from kit.http import Once, require_version
from kit.mongo import Session
from services.referral.commands.capacity import reachable
from services.referral.commands.desk import Attempt, Caller, Desk, attempting
from services.referral.commands.moving import Change, Held, change, save, version_for
from services.referral.commands.people import age_of
from services.referral.commands.racing import unless_won
from services.referral.domain.capacity import Answer, Query, coarsen
from services.referral.domain.consent import (
    Consent,
    ConsentAdultToYouthProtection,
    ConsentNotLive,
    ConsentPurposeUnsuited,
    ConsentToNothing,
)
from services.referral.domain.disclosure import Reading, Role, Stage, shows_need, told_once_accepted
from services.referral.domain.disclosure_tables import suits
from services.referral.domain.identifiers import PersonId, QueryId, ReferralId, ReferralSetId, ServiceId
from services.referral.domain.moves import (
    Moved,
    NeedNotCovered,
    RecipientUnavailable,
    SenderNotAccredited,
    draft,
    request,
    void,
)
from services.referral.domain.outwards import as_state
from services.referral.domain.party import NotFound, Standpoint, check_works, standpoint
from services.referral.domain.race import ReferralAlreadyOpen
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import PERSONAL, AgeBand, DataClass, Purpose, Sector
from services.referral.domain.transitions import Actor, Command, step
from services.referral.keys import PersonKey
from services.referral.store import Kept
from services.referral.store.directory import Destination

QUERY: TypeAdapter[Query] = TypeAdapter(Query)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReferral:
    """What a sender asks of one service for one person."""

    person: PersonId
    service: ServiceId
    purpose: Purpose
    classes: frozenset[DataClass]
    query: Query
    answers: QueryId | None = None
    sent_with: ReferralSetId | None = None
    linked_from: ReferralId | None = None


def request_place(referral: ReferralId) -> str:
    """Return where a referral's need is sealed."""
    return f"request:{referral}"


def sealed_request(key: PersonKey, referral: ReferralId, query: Query) -> bytes:
    """Seal the need of a referral."""
    return key.seal(request_place(referral), _json(query))


def unsealed_request(key: PersonKey, kept: Kept[Referral]) -> Query:
    """Return the need of a referral."""
    return QUERY.validate_python(key.unseal(request_place(kept.state.id), kept.sealed["request"]))


async def draft_referral(desk: Desk, caller: Caller, new: NewReferral, once: Once) -> tuple[Kept[Referral], Standpoint]:
    """Prepare a referral; nobody but the sender knows of it."""
    identity = ReferralId(once.result or str(uuid4()))
    async with attempting(desk, caller, "referral.draft", identity, new.person) as attempt:
        check_works(caller.reader)
        attempt.owner = caller.organization
        if once.result:
            await attempt.done(desk, None)
            return await _earlier(desk, caller, identity)
        prepared = await prepare(desk, caller, new, identity)

        async def work(session: Session) -> Kept[Referral]:
            await once.remember(session, identity)
            current = await under_exclusions(desk, session, caller, prepared.moved)
            return await save(desk, session, attempt, None, Change(current, prepared.sealed))

        return await desk.mongo.transaction(work), Standpoint(Actor.SENDER)


async def prepare(desk: Desk, caller: Caller, new: NewReferral, identity: ReferralId) -> Change:
    """Return a draft as it may be made at this instant; raises the named refusal."""
    person = await desk.store.people.of(caller.reader, new.person)
    destination = await reachable(desk, new.service)
    if destination.organization in person.state.excluded.organizations:
        raise RecipientUnavailable
    if not new.classes or new.classes - PERSONAL:
        raise ConsentToNothing
    if not suits(new.purpose, destination.sector, destination.needs):
        raise ConsentPurposeUnsuited
    query, _ = coarsen(new.query)
    key = await desk.keys.of(new.person)
    facts = _facts(caller, new, identity, destination, query, desk.clock())
    sealed = {"request": sealed_request(key, identity, query)}
    return Change(draft(mnemonic=person.state.mnemonic, **facts), sealed)


async def under_exclusions(desk: Desk, session: Session, caller: Caller, moved: Moved) -> Moved:
    """Return a new referral with the person's list as it is now, written so that a change to it meanwhile collides."""
    excluded = (await desk.store.people.hold(session, moved.referral.person)).state.excluded
    if excluded.shuts_out(caller.organization, caller.user):
        raise NotFound
    if moved.referral.receiver in excluded.organizations:
        raise RecipientUnavailable
    return replace(moved, referral=replace(moved.referral, excluded=excluded))


async def _earlier(desk: Desk, caller: Caller, identity: ReferralId) -> tuple[Kept[Referral], Standpoint]:
    """Return what the same request brought about earlier, as it is now."""
    kept = await desk.store.referrals.by_id(None, identity)
    return await without_excluded(desk, kept), standpoint(kept.state, caller.reader)


async def without_excluded(desk: Desk, kept: Kept[Referral]) -> Kept[Referral]:
    """Return a referral as its sender reads it: no alternative that a decline offers leads to the excluded."""
    excluded = kept.state.excluded.organizations
    if not excluded or not kept.state.alternatives:
        return kept
    found = [await desk.directory.destination(service) for service in kept.state.alternatives]
    left = tuple(each.service for each in found if each and each.organization not in excluded)
    return replace(kept, state=replace(kept.state, alternatives=left))


def _json(query: Query) -> dict[str, Any]:
    return {name: value for name, value in asdict(query).items() if value not in (None, ())}


def _facts(
    caller: Caller, new: NewReferral, identity: ReferralId, destination: Destination, query: Query, at: datetime
) -> dict[str, Any]:
    """Return a draft's facts in clear; the need itself is sealed."""
    return {
        "id": identity,
        "person": new.person,
        "sender": caller.organization,
        "sender_sector": caller.sector,
        "receiver": destination.organization,
        "receiver_sector": destination.sector,
        "service": destination.service,
        "service_needs": destination.needs,
        "created_by": caller.user,
        "created_at": at,
        "urgency": query.urgency,
        "purpose": new.purpose,
        "classes": new.classes,
        "party_size": query.party_size,
        "query": new.answers,
        "sent_with": new.sent_with,
        "linked_from": new.linked_from,
    }


async def draft_from_answer(
    desk: Desk, caller: Caller, query: QueryId, service: ServiceId, new: "FromAnswer", once: Once
) -> tuple[Kept[Referral], Standpoint]:
    """Prepare a referral to a service that said it has room, with the need as it was asked."""
    async with attempting(desk, caller, "capacity.use-answer", query) as attempt:
        asked = (await desk.store.queries.by_id(query)).state
        attempt.owner = asked.organization
        lines = [line for line in asked.lines if line.service == service and line.answer in _WELCOMING]
        if asked.organization != caller.organization or not lines:
            raise NotFound
    whole = NewReferral(
        person=new.person,
        service=service,
        purpose=new.purpose,
        classes=new.classes,
        query=asked.query,
        answers=query,
    )
    return await draft_referral(desk, caller, whole, once)


_WELCOMING = frozenset({Answer.CAPACITY, Answer.WAITLIST})


@dataclass(frozen=True, slots=True, kw_only=True)
class FromAnswer:
    """What an answer does not say: who it is for, why, and what may be shared."""

    person: PersonId
    purpose: Purpose
    classes: frozenset[DataClass]


async def request_referral(
    desk: Desk, caller: Caller, referral: ReferralId, expected: int | None
) -> tuple[Kept[Referral], Standpoint]:
    """Send a draft under a live consent that covers recipient, purpose, classes and something of the need."""
    return await send_draft(desk, caller, referral, expected, by_consent(desk, caller))


def by_consent(desk: Desk, caller: Caller) -> "Send":
    """Return what finds the consent that carries a draft, and sends it under that."""

    async def decide(session: Session, drafted: Referral, actor: Actor, key: PersonKey, need: Query) -> Moved:
        consent = await _checked(desk, session, caller, drafted, key, need)
        return request(drafted, actor, consent, desk.clock())

    return decide


Send = Callable[[Session, Referral, Actor, PersonKey, Query], Awaitable[Moved]]


async def send_draft(
    desk: Desk, caller: Caller, referral: ReferralId, expected: int | None, decide: Send
) -> tuple[Kept[Referral], Standpoint]:
    """Let the sender send a draft, under whatever `decide` finds to carry it."""
    async with attempting(desk, caller, "referral.request", referral) as attempt:
        drafted = await desk.store.referrals.by_id(None, referral)
        attempt.owner = drafted.state.sender
        standpoint(drafted.state, caller.reader)
        # Keys lie in another database: read before the transaction, which they do not belong to.
        key = await desk.keys.of(drafted.state.person)
        need = unsealed_request(key, drafted)

        async def work(session: Session) -> tuple[Kept[Referral], Standpoint]:
            kept = await desk.store.referrals.by_id(session, referral)
            side = standpoint(kept.state, caller.reader)
            require_version(expected, version_for(kept, side))
            return await send_one(desk, session, attempt, kept, decide, key, need), side

        return await desk.mongo.transaction(work)


async def send_one(
    desk: Desk, session: Session, attempt: Attempt, kept: Kept[Referral], decide: Send, key: PersonKey, need: Query
) -> Kept[Referral]:
    """Send one draft of the sender's; raises `ReferralAlreadyOpen` where one to the same organisation goes on."""
    drafted = kept.state
    # Judged as it reads: what it may not know of what it sent must not show in the refusal.
    step(as_state(drafted.view.word), Command.REQUEST, Actor.SENDER)
    # Held: two drafts to one organisation, sent at once under two purposes, collide here.
    await desk.store.people.hold_for(session, attempt.caller.reader, drafted.person)
    sent = await decide(session, drafted, Actor.SENDER, key, need)
    if await desk.store.referrals.goes_on(session, drafted.person, drafted.receiver, drafted.id):
        raise ReferralAlreadyOpen
    moved = await unless_won(desk, session, sent)
    return await save(desk, session, attempt, kept, Change(moved))


async def _checked(
    desk: Desk, session: Session, caller: Caller, referral: Referral, key: PersonKey, need: Query
) -> Consent:
    """Return the consent that carries the request, written so that its end and this sending exclude each other."""
    if not (await desk.standings.of(referral.sender, desk.clock(), session)).may_refer:
        raise SenderNotAccredited
    destination = await reachable(desk, referral.service, session)
    person = await desk.store.people.of(caller.reader, referral.person, session)
    if destination.organization in person.state.excluded.organizations:
        raise RecipientUnavailable
    age = age_of(key, person.sealed, desk.clock())
    if destination.sector is Sector.YOUTH_PROTECTION and not age.may_be_minor:
        raise ConsentAdultToYouthProtection
    found = await desk.store.consents.open_one(session, referral.person, referral.receiver, referral.purpose)
    if found is None:
        raise ConsentNotLive
    found.state.check_covers(referral.receiver, referral.purpose, referral.classes, desk.clock())
    _check_need(referral, destination, need, age)
    touched = await desk.store.consents.touch_live(session, found.state.id, desk.clock())
    if touched is None:
        raise ConsentNotLive
    return touched


def _check_need(referral: Referral, destination: Destination, need: Query, age: AgeBand) -> None:
    """Raise `NeedNotCovered` where the receiver could be shown nothing of what is asked."""
    reading = Reading(
        sector=destination.sector,
        role=Role.INTAKE,
        stage=Stage.ACCEPTED,
        purpose=referral.purpose,
        needs=destination.needs,
        consented=referral.classes,
        age=age,
    )
    check_shown(reading, need)


def check_shown(reading: Reading, need: Query) -> None:
    """Raise `NeedNotCovered` where this reader, once accepted, could be shown nothing of the need."""
    facets = told_once_accepted(reading)
    if not any(shows_need(reading, each, facets) for each in need.needs):
        raise NeedNotCovered


async def void_referral(
    desk: Desk, caller: Caller, referral: ReferralId, expected: int | None, may: Callable[[Standpoint], None]
) -> tuple[Kept[Referral], Standpoint]:
    """Take back what was entered in error, before anyone accepted it; `may` raises without the side's scope."""

    async def decide(held: Held) -> Change:
        may(held.side)
        return Change(void(held.referral, held.side.actor, desk.clock()))

    return await change(desk, caller, "referral.void", referral, expected, decide)
