"""Reading referrals: each party its side, and of the person exactly what the tables let through at that instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kit.mongo import Session
from services.referral.commands.desk import Attempt, Caller, Desk, attempting
from services.referral.commands.drafting import unsealed_request, without_excluded
from services.referral.commands.following import outcomes_told, word_of_owner
from services.referral.commands.people import age_of, unsealed
from services.referral.domain.capacity import Query, shown
from services.referral.domain.consent import Consent
from services.referral.domain.disclosure import (
    Form,
    Reading,
    Role,
    Stage,
    decide,
    decide_all,
    opened,
    shows_need,
    told_once_accepted,
)
from services.referral.domain.following import needs_left
from services.referral.domain.grounds import Ground
from services.referral.domain.identifiers import ReferralId
from services.referral.domain.moves import ReadingNotOffered, read_once
from services.referral.domain.party import COORDINATOR, INTAKE, Standpoint, check_works, standpoint
from services.referral.domain.record import Disclosed, classes_to_open, disclose
from services.referral.domain.referral import Referral, Sharing
from services.referral.domain.reveals import Facet
from services.referral.domain.taxonomy import PERSONAL, AgeBand, DataClass, Need, Sector
from services.referral.domain.transitions import Actor
from services.referral.keys import PersonKey
from services.referral.store import Case, Kept, Wanted


@dataclass(frozen=True, slots=True)
class Seen:
    """A referral as one party reads it; None is what this party does not read."""

    kept: Kept[Referral]
    side: Standpoint
    need: Mapping[str, Any] | None = None
    disclosed: Disclosed | None = None
    outcomes: Mapping[str, str] | None = None
    opened: frozenset[Facet] = frozenset()
    needs_left: tuple[Need, ...] | None = ()
    following: tuple[ReferralId, ...] = ()


# Of a person of one's own record nothing is withheld.
OWN_RECORD: frozenset[Facet] = frozenset(Facet(data_class) for data_class in PERSONAL)


def reading_of(
    referral: Referral,
    role: Role,
    consent: Consent | None,
    at: datetime,
    age: AgeBand = AgeBand.UNKNOWN,
    ground: Ground | None = None,
) -> Reading:
    """Return the circumstances in which a receiver reads at this instant; the clock decides whether consent lives."""
    live = referral.is_own or (consent is not None and consent.is_live(at))
    told = ground if ground is not None and ground.is_open else None
    return Reading(
        sector=referral.receiver_sector,
        role=role,
        stage=referral.stage(live or told is not None),
        purpose=referral.purpose,
        needs=referral.service_needs,
        consented=_consented(referral, consent) if live else frozenset(),
        grounds=referral.classes & told.classes if told else frozenset(),
        named=referral.classes & told.names if told else frozenset(),
        age=age,
        already_read=referral.read_once_at is not None,
    )


def _consented(referral: Referral, consent: Consent | None) -> frozenset[DataClass]:
    """Return the classes that a live consent covers; one's own record needs none."""
    if referral.is_own:
        return PERSONAL
    return referral.classes & consent.classes if consent else frozenset()


def needs_shown(reading: Reading, query: Query) -> tuple[Need, ...]:
    """Return the needs this reader may learn of: those that reveal nothing withheld once accepted."""
    facets = told_once_accepted(reading)
    return tuple(need for need in query.needs if shows_need(reading, need, facets))


async def read_referral(desk: Desk, caller: Caller, referral: ReferralId) -> Seen:
    """Return a referral to one of its parties; to anybody else it does not exist, and that is written down."""
    async with attempting(desk, caller, "referral.read", referral) as attempt:
        case = await desk.store.referrals.case(referral)
        attempt.owner = case.kept.state.sender
        side = standpoint(case.kept.state, caller.reader)
        attempt.records = (referral, case.kept.state.person)
        return await read_from(desk, attempt, case, side)


async def read_from(desk: Desk, attempt: Attempt, case: Case, side: Standpoint) -> Seen:
    """Show a referral as it is read from one standpoint at this instant."""
    if case.kept.state.is_own:
        return await _as_own(desk, attempt, case, side)
    reading = reading_of(case.kept.state, side.role, case.consent, desk.clock(), ground=case.ground)
    if reading.stage is Stage.DARK or _is_over(case.kept.state, desk.clock()):
        case = replace(case, kept=_darkened(case.kept))
    if side.actor is Actor.SENDER:
        return await _as_sender(desk, attempt, case, side)
    return await _as_receiver(desk, attempt, case, side, reading)


def _darkened(kept: Kept[Referral]) -> Kept[Referral]:
    """Say that sharing has ended, whether or not that is written yet."""
    return replace(kept, state=replace(kept.state, sharing=Sharing.ENDED))


async def _as_sender(desk: Desk, attempt: Attempt, case: Case, side: Standpoint) -> Seen:
    """Show the sender its own need, and the outcomes where its word is that it is completed."""
    key = await desk.keys.of(case.kept.state.person)
    query = unsealed_request(key, case.kept)
    await attempt.done(desk, None, role="sender", classes=("need",))
    seen = Seen(await without_excluded(desk, case.kept), side, shown_whole(query))
    return await _with_what_follows(desk, seen, key, query)


async def _as_own(desk: Desk, attempt: Attempt, case: Case, side: Standpoint) -> Seen:
    """Show one's own need whole; the record is read where it lies, as any person's of one's organisation."""
    key = await desk.keys.of(case.kept.state.person)
    query = unsealed_request(key, case.kept)
    await attempt.done(desk, None, role=side.role.value, classes=("need",))
    seen = Seen(case.kept, side, shown_whole(query), opened=OWN_RECORD)
    return await _with_what_follows(desk, seen, key, query)


async def _with_what_follows(desk: Desk, seen: Seen, key: PersonKey, query: Query) -> Seen:
    """Say to whoever's person it is what became of the needs, as far as it may know, and what followed."""
    word = word_of_owner(seen.kept.state)
    outcomes = outcomes_told(key, seen.kept, word)
    left = needs_left(word, query.needs, outcomes)
    following = await desk.store.referrals.following(seen.kept.state.id)
    return replace(seen, outcomes=outcomes, needs_left=left, following=tuple(following))


def shown_whole(query: Query) -> Mapping[str, Any]:
    """Return every field of one's own query."""
    return {name: getattr(query, name) for name in Query.__slots__}


async def _as_receiver(desk: Desk, attempt: Attempt, case: Case, side: Standpoint, reading: Reading) -> Seen:
    """Show the receiver what the stage, the consent and the tables let through, and no key where nothing is open."""
    referral = case.kept.state
    if reading.stage in {Stage.DARK, Stage.ENDED}:
        decisions = decide_all(reading)
        await attempt.done(desk, None, role=side.role.value)
        return Seen(case.kept, side, None, disclose(decisions, {}, attempt.caller.organization))
    key = await desk.keys.of(referral.person)
    if reading.sector is Sector.YOUTH_PROTECTION:
        reading = replace(reading, age=age_of(key, case.record, desk.clock()))
    return await _opened(desk, attempt, case, side, reading, key)


async def _opened(desk: Desk, attempt: Attempt, case: Case, side: Standpoint, reading: Reading, key: PersonKey) -> Seen:
    """Unseal what is open, and nothing else, after writing down that it is read."""
    decisions = decide_all(reading)
    classes = [name for name in classes_to_open(decisions) if name in case.record]
    await attempt.done(
        desk,
        None,
        role=side.role.value,
        classes=("need", *(name.value for name in classes)),
        purpose=reading.purpose.value,
    )
    query = unsealed_request(key, case.kept)
    needs = needs_shown(reading, query)
    record = unsealed(key, {name: case.record[name] for name in classes})
    # Without a need that may be shown, the rest of it would be a riddle about the person.
    need = shown(query, needs, told_once_accepted(reading)) if needs else None
    disclosed = disclose(decisions, record, attempt.caller.organization)
    return Seen(case.kept, side, need, disclosed, opened=opened(decisions))


async def read_location_once(desk: Desk, caller: Caller, referral: ReferralId) -> Mapping[str, Any] | None:
    """Give a reader the one reading its cell allows, then nothing more; raises `ReadingNotOffered`."""
    async with attempting(desk, caller, "referral.read-once", referral) as attempt:
        case = await desk.store.referrals.case(referral)
        attempt.owner = case.kept.state.sender
        side = standpoint(case.kept.state, caller.reader)
        attempt.records = (referral, case.kept.state.person)
        key = await desk.keys.of(case.kept.state.person)
        await _take_reading(desk, attempt, case, side)
        sealed = case.record.get(DataClass.CURRENT_LOCATION)
        return key.unseal(DataClass.CURRENT_LOCATION, sealed) if sealed else None


async def _take_reading(desk: Desk, attempt: Attempt, case: Case, side: Standpoint) -> None:
    """Mark the one reading as taken, with its audit row; two readers at once collide, and one is refused."""

    async def work(session: Session) -> None:
        at = desk.clock()
        kept = await desk.store.referrals.by_id(session, case.kept.state.id)
        referral = kept.state
        live = await desk.store.consents.touch_live(session, referral.consent, at) if referral.consent else None
        reading = reading_of(referral, side.role, live, at)
        if decide(reading, DataClass.CURRENT_LOCATION).form is not Form.ONCE:
            raise ReadingNotOffered
        classes = (DataClass.CURRENT_LOCATION.value,)
        await attempt.done(desk, session, role=side.role.value, classes=classes, purpose=referral.purpose.value)
        await desk.store.referrals.save(session, read_once(referral, at), [], at, kept)

    await desk.mongo.transaction(work)


async def list_referrals(
    desk: Desk,
    caller: Caller,
    wanted: Wanted,
    before: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[Kept[Referral]]:
    """Return one side's referrals, newest first, nothing of them unsealed; a receiver's caseworker sees their own."""
    async with attempting(desk, caller, "referral.list") as attempt:
        check_works(caller.reader)
        wanted = replace(wanted, reader=caller.user)
        if not wanted.sent and not caller.roles & {INTAKE, COORDINATOR}:
            wanted = replace(wanted, assigned=caller.user)
        found = await desk.store.referrals.page(wanted, before, limit)
        attempt.records = tuple(kept.state.id for kept in found)
        await attempt.done(desk, None)
        return [as_of(kept, desk.clock()) for kept in found]


def as_of(kept: Kept[Referral], at: datetime) -> Kept[Referral]:
    """Say that sharing has ended as soon as the clock does, its timer late or not."""
    ended = kept.state.sharing is Sharing.ENDED
    return kept if ended or not _is_over(kept.state, at) else _darkened(kept)


def _is_over(referral: Referral, at: datetime) -> bool:
    """Say whether nothing is shared any more; in every state alike, since not every sender may know which it is."""
    return referral.was_sent and not referral.shares(at)
