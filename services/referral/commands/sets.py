"""One need of one person sent to several services: drafted together, sent whole or not at all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from kit.http import Once
from kit.mongo import Session
from services.referral.commands.desk import Attempt, Caller, Desk, attempting
from services.referral.commands.drafting import (
    NewReferral,
    by_consent,
    prepare,
    send_one,
    under_exclusions,
    unsealed_request,
)
from services.referral.commands.grounds import by_ground
from services.referral.commands.missing import MissingConsent, missing_consent
from services.referral.commands.moving import Change, save
from services.referral.commands.reading import as_of
from services.referral.domain.capacity import Query
from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import GroundId, PersonId, ReferralId, ReferralSetId, ServiceId
from services.referral.domain.party import NotFound, check_works
from services.referral.domain.race import (
    Mode,
    Recipient,
    ReferralAlreadyOpen,
    ReferralSet,
    SetAlreadySent,
    SetNotReady,
    sent_twice,
)
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import DataClass, Purpose
from services.referral.domain.transitions import State
from services.referral.keys import PersonKey
from services.referral.store import Kept

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecipient:
    """One service to send to, why, what would be shared, and the ground where no consent carries it."""

    service: ServiceId
    purpose: Purpose
    classes: frozenset[DataClass]
    ground: GroundId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSet:
    """One need of one person, to whom it goes, and whether it goes at once."""

    person: PersonId
    query: Query
    mode: Mode
    recipients: tuple[NewRecipient, ...]
    send: bool


@dataclass(frozen=True, slots=True)
class SeenSet:
    """A set as its sender reads it: each referral, and of a draft the consent to ask for."""

    state: ReferralSet
    lines: tuple[tuple[Kept[Referral], MissingConsent | None], ...]


async def make_set(desk: Desk, caller: Caller, new: NewSet, once: Once) -> SeenSet:
    """Draft a set and, where it goes at once, send it in the same transaction; raises `SetNotReady`."""
    identity = ReferralSetId(once.result or str(uuid4()))
    async with attempting(desk, caller, "referral-set.make", identity, new.person) as attempt:
        check_works(caller.reader)
        attempt.owner = caller.organization
        if not once.result:
            await _make(desk, attempt, new, identity, once)
        return await _seen(desk, attempt, identity)


async def _make(desk: Desk, attempt: Attempt, new: NewSet, identity: ReferralSetId, once: Once) -> None:
    caller = attempt.caller
    drafts = await _prepared(desk, caller, new, identity)
    key = await desk.keys.of(new.person)
    fresh = _set(desk, caller, new, identity, drafts)

    async def work(session: Session) -> None:
        await once.remember(session, identity)
        await desk.store.sets.save(session, fresh)
        kept = [await _draft(desk, session, caller, each) for each in drafts]
        if new.send:
            await _send(desk, session, caller, fresh, kept, key)

    await desk.mongo.transaction(work)


async def _prepared(desk: Desk, caller: Caller, new: NewSet, identity: ReferralSetId) -> list[Change]:
    """Return a draft for each recipient, each organisation once; raises `SetNotReady`."""
    await desk.store.people.of(caller.reader, new.person)

    async def one(each: NewRecipient) -> Change:
        whole = NewReferral(
            person=new.person,
            service=each.service,
            purpose=each.purpose,
            classes=each.classes,
            query=new.query,
            sent_with=identity,
        )
        return await prepare(desk, caller, whole, ReferralId(str(uuid4())))

    drafts = await _each(new.recipients, one)
    twice = sent_twice([draft.moved.referral.receiver for draft in drafts])

    async def once_each(draft: Change) -> None:
        if draft.moved.referral.receiver in twice:
            raise ReferralAlreadyOpen

    await _each(drafts, once_each)
    return drafts


async def _each(items: Sequence[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """Do the same for each recipient; raises `SetNotReady` with every refusal, by the recipient's place."""
    done, errors = [], []
    for place, item in enumerate(items):
        try:
            done.append(await work(item))
        except ReferralError as refusal:
            errors.append({"pointer": f"/recipients/{place}", "code": refusal.code})
    if errors:
        raise SetNotReady(errors)
    return done


def _set(desk: Desk, caller: Caller, new: NewSet, identity: ReferralSetId, drafts: Sequence[Change]) -> ReferralSet:
    pairs = zip(drafts, new.recipients, strict=True)
    return ReferralSet(
        id=identity,
        person=new.person,
        sender=caller.organization,
        mode=new.mode,
        recipients=tuple(Recipient(referral=draft.moved.referral.id, ground=each.ground) for draft, each in pairs),
        created_by=caller.user,
        created_at=desk.clock(),
    )


async def _draft(desk: Desk, session: Session, caller: Caller, prepared: Change) -> Kept[Referral]:
    referral = prepared.moved.referral
    attempt = Attempt(caller, "referral.draft", (referral.id, referral.person), caller.organization)
    current = await under_exclusions(desk, session, caller, prepared.moved)
    return await save(desk, session, attempt, None, Change(current, prepared.sealed))


async def _send(
    desk: Desk, session: Session, caller: Caller, found: ReferralSet, kept: Sequence[Kept[Referral]], key: PersonKey
) -> None:
    """Send whatever is still a draft, each under its own consent or ground; raises `SetNotReady`."""
    grounds = {each.referral: each.ground for each in found.recipients}

    async def one(draft: Kept[Referral]) -> None:
        if draft.state.state is not State.DRAFT:
            return
        ground = grounds[draft.state.id]
        decide = by_ground(desk, caller, ground) if ground else by_consent(desk, caller)
        attempt = Attempt(caller, "referral.request", (draft.state.id,), caller.organization)
        await send_one(desk, session, attempt, draft, decide, key, unsealed_request(key, draft))

    await _each(kept, one)


async def send_set(desk: Desk, caller: Caller, identity: ReferralSetId) -> SeenSet:
    """Send every draft of a set, or none; raises `SetNotReady`, and `SetAlreadySent` where none is left."""
    async with attempting(desk, caller, "referral-set.request", identity) as attempt:
        check_works(caller.reader)
        key = await desk.keys.of((await _own(desk, attempt, identity)).person)

        async def work(session: Session) -> None:
            found = await _own(desk, attempt, identity, session)
            kept = [await desk.store.referrals.by_id(session, each.referral) for each in found.recipients]
            if all(each.state.state is not State.DRAFT for each in kept):
                raise SetAlreadySent
            await _send(desk, session, caller, found, kept, key)

        await desk.mongo.transaction(work)
        return await _seen(desk, attempt, identity)


async def read_set(desk: Desk, caller: Caller, identity: ReferralSetId) -> SeenSet:
    """Return a set of one's own organisation, each referral in the word its sender reads; raises `NotFound`."""
    async with attempting(desk, caller, "referral-set.read", identity) as attempt:
        check_works(caller.reader)
        return await _seen(desk, attempt, identity)


async def _own(desk: Desk, attempt: Attempt, identity: ReferralSetId, session: Session | None = None) -> ReferralSet:
    """Load a set of the caller's own organisation; to anybody else, and to the excluded, there is none."""
    found = (await desk.store.sets.by_id(identity, session)).state
    attempt.owner = found.sender
    if found.sender != attempt.caller.organization:
        raise NotFound
    await desk.store.people.of(attempt.caller.reader, found.person, session)
    attempt.records = (identity, found.person, *(each.referral for each in found.recipients))
    return found


async def _seen(desk: Desk, attempt: Attempt, identity: ReferralSetId) -> SeenSet:
    found = await _own(desk, attempt, identity)
    kept = [await desk.store.referrals.by_id(None, each.referral) for each in found.recipients]
    lines = tuple([(as_of(each, desk.clock()), await missing_consent(desk, each.state)) for each in kept])
    await attempt.done(desk, None)
    return SeenSet(found, lines)
