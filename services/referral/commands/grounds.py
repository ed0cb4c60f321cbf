"""Grounds: record one, send a referral under it, close it, and what its closing does to every referral it carries."""

from dataclasses import dataclass
from uuid import uuid4

from kit.http import Once
from kit.mongo import Session
from services.referral.commands.capacity import reachable
from services.referral.commands.desk import Attempt, Caller, Desk, attempting
from services.referral.commands.drafting import Send, check_shown, send_draft
from services.referral.commands.moving import Change, save
from services.referral.commands.people import age_of
from services.referral.commands.telling import spared
from services.referral.domain.capacity import Query
from services.referral.domain.carrying import end_ground, request_on_ground
from services.referral.domain.consent import ConsentAdultToYouthProtection
from services.referral.domain.disclosure import Reading, Role, Stage
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.grounds import (
    ARTICLES,
    Ground,
    GroundDecidedElsewhere,
    GroundNotInRegime,
    GroundNotOpen,
    check_ground,
    check_reach,
)
from services.referral.domain.identifiers import GroundId, OrganizationId, PersonId, ReferralId, UserId
from services.referral.domain.moves import Moved, RecipientUnavailable, SenderNotAccredited
from services.referral.domain.party import PRIVACY_OFFICER, NotFound, Standpoint, check_works
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import AgeBand, DataClass, Sector
from services.referral.domain.transitions import Actor
from services.referral.keys import PersonKey
from services.referral.published import GroundRecorded
from services.referral.store import Kept
from services.referral.store.directory import Destination

FACTS = "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGround:
    """What the law asks to be written down; `decided_by` is whoever records it, where nobody else is named."""

    article: str
    recipient: OrganizationId
    classes: frozenset[DataClass]
    facts: str
    decided_by: UserId | None = None


def facts_place(ground: GroundId) -> str:
    """Return where a ground's facts are sealed."""
    return f"ground:{ground}"


async def record_ground(desk: Desk, caller: Caller, person: PersonId, new: NewGround, once: Once) -> Kept[Ground]:
    """Record why the law lets one recipient have some classes without consent; nothing is shared by this alone."""
    identity = GroundId(once.result or str(uuid4()))
    async with attempting(desk, caller, "ground.record", identity, person) as attempt:
        check_works(caller.reader)
        kept = await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization
        if once.result:
            await attempt.done(desk, None, classes=_names(new.classes), detail=new.article)
            return await desk.store.grounds.by_id(None, identity)
        key = await desk.keys.of(person)
        await check_lawful(desk, caller, new, age_of(key, kept.sealed, desk.clock()), kept.state.excluded)
        ground = _ground(desk, caller, person, new, identity)
        sealed = {FACTS: key.seal(facts_place(identity), new.facts)}

        async def work(session: Session) -> Kept[Ground]:
            excluded = (await desk.store.people.hold_for(session, caller.reader, person)).state.excluded
            if new.recipient in excluded.organizations:
                raise RecipientUnavailable
            await _check_decided_here(desk, session, ground, excluded)
            await once.remember(session, identity)
            found = await desk.directory.users(caller.organization, PRIVACY_OFFICER, session)
            officers = await spared(desk, session, caller.organization, found, excluded)
            told = tuple(user for user in officers if user != caller.user)
            message = GroundRecorded(ground_id=identity, organization_id=caller.organization, notify=told)
            await attempt.done(desk, session, classes=_names(new.classes), detail=new.article)
            return await desk.store.grounds.save(session, ground, [message], desk.clock(), sealed=sealed)

        return await desk.mongo.transaction(work)


async def check_lawful(desk: Desk, caller: Caller, new: NewGround, age: AgeBand, excluded: Exclusions) -> Sector:
    """Return the recipient's sector, or raise the refusal of an article that does not reach so far.

    One whom the person excludes is as unavailable as one that does not exist.
    """
    regime = await desk.directory.regime(caller.organization)
    if regime is None:
        raise GroundNotInRegime
    article = check_ground(new.article, regime, new.classes)
    recipient = await desk.directory.recipient(new.recipient)
    if recipient is None or recipient.organization in excluded.organizations | {caller.organization}:
        raise RecipientUnavailable
    check_reach(article, recipient.sector, age, new.classes)
    return recipient.sector


def _ground(desk: Desk, caller: Caller, person: PersonId, new: NewGround, identity: GroundId) -> Ground:
    return Ground(
        id=identity,
        person=person,
        owner=caller.organization,
        article=new.article,
        recipient=new.recipient,
        classes=new.classes,
        decided_by=new.decided_by or caller.user,
        recorded_by=caller.user,
        at=desk.clock(),
    )


async def _check_decided_here(desk: Desk, session: Session, ground: Ground, excluded: Exclusions) -> None:
    """Raise `GroundDecidedElsewhere` unless a person of the organisation decided: no app, and nobody excluded."""
    decided = frozenset({ground.decided_by}) - excluded.accounts
    if not await desk.directory.works_in(ground.owner, decided, session):
        raise GroundDecidedElsewhere


def _names(classes: frozenset[DataClass]) -> tuple[str, ...]:
    return tuple(sorted(data_class.value for data_class in classes))


async def list_grounds(desk: Desk, caller: Caller, person: PersonId) -> list[Kept[Ground]]:
    """Return the grounds recorded about a person of one's own organisation; their facts stay sealed."""
    async with attempting(desk, caller, "ground.list", person) as attempt:
        check_works(caller.reader)
        await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization
        await attempt.done(desk, None)
        return list(await desk.store.grounds.of_person(person))


async def read_ground(desk: Desk, caller: Caller, ground: GroundId) -> tuple[Kept[Ground], str]:
    """Return a ground of one's own organisation with its facts; to anybody else it does not exist."""
    async with attempting(desk, caller, "ground.read", ground) as attempt:
        check_works(caller.reader)
        kept = await _own(desk, None, attempt, ground)
        key = await desk.keys.of(kept.state.person)
        await attempt.done(desk, None, detail=kept.state.article)
        return kept, key.unseal(facts_place(ground), kept.sealed[FACTS])


async def _own(desk: Desk, session: Session | None, attempt: Attempt, ground: GroundId) -> Kept[Ground]:
    """Load a ground of the caller's own organisation; raises `NotFound`."""
    kept = await desk.store.grounds.by_id(session, ground)
    attempt.owner = kept.state.owner
    if kept.state.owner != attempt.caller.organization:
        raise NotFound
    await desk.store.people.of(attempt.caller.reader, kept.state.person, session)
    attempt.records = (ground, kept.state.person)
    return kept


async def close_ground(desk: Desk, caller: Caller, ground: GroundId) -> Kept[Ground]:
    """Close a ground: it opens nothing more, and what it carries ends as under a consent that ends; idempotent."""
    async with attempting(desk, caller, "ground.close", ground) as attempt:
        check_works(caller.reader)

        async def work(session: Session) -> Kept[Ground]:
            kept = await _own(desk, session, attempt, ground)
            return await close_record(desk, session, attempt, kept)

        return await desk.mongo.transaction(work)


async def close_record(desk: Desk, session: Session, attempt: Attempt, kept: Kept[Ground]) -> Kept[Ground]:
    """Close a ground and, in the same transaction, what every referral under it shares."""
    closed = kept.state.close(desk.clock())
    await attempt.done(desk, session, detail=closed.article)
    if closed is kept.state:
        return kept
    await _end_carried(desk, session, attempt, closed)
    return await desk.store.grounds.save(session, closed, [], desk.clock(), sealed=kept.sealed, kept=kept)


async def _end_carried(desk: Desk, session: Session, attempt: Attempt, ground: Ground) -> None:
    """End, in the same transaction, what every referral under the ground shares."""
    for referral in await desk.store.referrals.under_ground(session, ground.id):
        moved = end_ground(referral.state, desk.clock())
        if moved.referral != referral.state:
            follows = Attempt(attempt.caller, "referral.ground-closed", (referral.state.id,), ground.owner)
            await save(desk, session, follows, referral, Change(moved))


async def request_under_ground(
    desk: Desk, caller: Caller, referral: ReferralId, ground: GroundId, expected: int | None
) -> tuple[Kept[Referral], Standpoint]:
    """Send a draft under an open ground, in place of consent, that covers recipient, classes and something asked."""
    return await send_draft(desk, caller, referral, expected, by_ground(desk, caller, ground))


def by_ground(desk: Desk, caller: Caller, ground: GroundId) -> Send:
    """Return what sends a draft under a ground that carries it."""

    async def decide(session: Session, drafted: Referral, actor: Actor, key: PersonKey, need: Query) -> Moved:
        found = await _touched(desk, session, drafted, ground)
        await _check_reader(desk, session, caller, drafted, found, key, need)
        return request_on_ground(drafted, actor, found, desk.clock())

    return decide


async def _touched(desk: Desk, session: Session, referral: Referral, ground: GroundId) -> Ground:
    """Return the ground that carries the request, written so that its closing and this sending exclude each other."""
    found = await desk.store.grounds.touch_open(session, ground)
    if found is None or found.owner != referral.sender:
        raise GroundNotOpen
    found.check_carries(referral.person, referral.receiver, referral.classes)
    return found


async def _check_reader(
    desk: Desk, session: Session, caller: Caller, referral: Referral, ground: Ground, key: PersonKey, need: Query
) -> None:
    """Raise the named refusal where either party may not refer, or the receiver could read nothing of the need."""
    if not (await desk.standings.of(referral.sender, desk.clock(), session)).may_refer:
        raise SenderNotAccredited
    destination = await reachable(desk, referral.service, session)
    person = await desk.store.people.of(caller.reader, referral.person, session)
    if destination.organization in person.state.excluded.organizations:
        raise RecipientUnavailable
    age = age_of(key, person.sealed, desk.clock())
    if destination.sector is Sector.YOUTH_PROTECTION and not age.may_be_minor:
        raise ConsentAdultToYouthProtection
    check_shown(_reading(referral, destination, ground, age), need)


def _reading(referral: Referral, destination: Destination, ground: Ground, age: AgeBand) -> Reading:
    """Return the circumstances in which the receiver would read once it has accepted."""
    return Reading(
        sector=destination.sector,
        role=Role.INTAKE,
        stage=Stage.ACCEPTED,
        purpose=referral.purpose,
        needs=destination.needs,
        grounds=referral.classes & ground.classes,
        named=referral.classes & ground.names,
        age=age,
    )


def citation(article: str) -> str:
    """Return how the law names an article."""
    return ARTICLES[article].citation
