"""A person's secret list: who is on it finds nothing, from the instant it is written."""

from dataclasses import replace

from kit.mongo import Session
from services.referral.commands.alarming import receives
from services.referral.commands.consents import end_consent_record
from services.referral.commands.desk import Attempt, Caller, Desk, attempting
from services.referral.commands.emergencies import save_ended
from services.referral.commands.grounds import close_record
from services.referral.commands.moving import Change, save
from services.referral.domain.consent import ConsentCommand, ConsentState
from services.referral.domain.emergency import Emergency
from services.referral.domain.exclusion_end import end_emergency, end_excluded
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.identifiers import OrganizationId, PersonId
from services.referral.domain.party import NotFound, check_works


async def list_exclusions(desk: Desk, caller: Caller, person: PersonId) -> Exclusions:
    """Return whom a person of one's own organisation excludes; to anyone excluded the person does not exist."""
    async with attempting(desk, caller, "person.exclusions", person) as attempt:
        check_works(caller.reader)
        kept = await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization
        await attempt.done(desk, None)
        return kept.state.excluded


async def exclude(desk: Desk, caller: Caller, person: PersonId, more: Exclusions) -> Exclusions:
    """Add to the list: whoever is added loses the person, and everything of theirs, in the same transaction."""
    async with attempting(desk, caller, "person.exclude", person) as attempt:
        check_works(caller.reader)
        await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization

        async def work(session: Session) -> Exclusions:
            before = await _held(desk, session, caller, person)
            whole = before.with_more(more, caller.organization, caller.user)
            await attempt.done(desk, session)
            await desk.store.people.exclude(session, person, whole)
            added = whole.without(before)
            await _end_all(desk, session, attempt, person, added.organizations, whole)
            await _end_without_consent(desk, session, attempt, person, added, whole)
            await desk.store.referrals.exclude(session, person, whole)
            return whole

        return await desk.mongo.transaction(work)


async def lift_exclusions(desk: Desk, caller: Caller, person: PersonId, less: Exclusions) -> Exclusions:
    """Take names off the list; what ended because of them stays ended, and consent is asked anew."""
    async with attempting(desk, caller, "person.lift-exclusions", person) as attempt:
        check_works(caller.reader)
        await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization

        async def work(session: Session) -> Exclusions:
            left = (await _held(desk, session, caller, person)).without(less)
            await attempt.done(desk, session)
            await desk.store.people.exclude(session, person, left)
            await desk.store.referrals.exclude(session, person, left)
            return left

        return await desk.mongo.transaction(work)


async def _held(desk: Desk, session: Session, caller: Caller, person: PersonId) -> Exclusions:
    """Return the list as it is, written so that whoever drafts or consents meanwhile collides with us."""
    excluded = (await desk.store.people.hold(session, person)).state.excluded
    if excluded.shuts_out(caller.organization, caller.user):
        raise NotFound
    return excluded


async def _end_all(
    desk: Desk,
    session: Session,
    attempt: Attempt,
    person: PersonId,
    organizations: frozenset[OrganizationId],
    whole: Exclusions,
) -> None:
    """End what goes to organisations newly excluded: each referral, with a row whatever it does, then each consent."""
    for kept in await desk.store.referrals.to_organizations(session, person, organizations):
        referral = replace(kept.state, excluded=whole)
        moved = end_excluded(referral, desk.clock())
        follows = Attempt(attempt.caller, "referral.excluded", (referral.id,), attempt.owner)
        if moved.referral is referral:
            # The row is written all the same: its absence would tell that the referral had ended before.
            await follows.done(desk, session, purpose=referral.purpose.value)
        else:
            await save(desk, session, follows, replace(kept, state=referral), Change(moved))
    for consent in await desk.store.consents.of_person(person, session):
        if consent.state.state is ConsentState.GRANTED and consent.state.recipient in organizations:
            ends = Attempt(attempt.caller, "consent.withdraw", (consent.state.id, person), attempt.owner)
            await end_consent_record(desk, session, ends, consent, ConsentCommand.WITHDRAW)


async def _end_without_consent(
    desk: Desk, session: Session, attempt: Attempt, person: PersonId, added: Exclusions, whole: Exclusions
) -> None:
    """Close each ground for an organisation newly excluded, and end each emergency that those added could read."""
    for ground in await desk.store.grounds.open_to(session, person, added.organizations):
        closes = Attempt(attempt.caller, "ground.close", (ground.state.id, person), attempt.owner)
        await close_record(desk, session, closes, ground)
    for kept in await desk.store.emergencies.about(session, person):
        ended = await _ended(desk, session, kept.state, added, whole)
        if ended is not kept.state and ended.owner == attempt.owner:
            # Of a reading in another organisation the act of excluding is the only row: it is not for us to learn of.
            ends = Attempt(attempt.caller, "emergency.end", (ended.id, person), attempt.owner)
            await ends.done(desk, session)
        await save_ended(desk, session, kept, ended, attempt.caller, whole)


async def _ended(desk: Desk, session: Session, emergency: Emergency, added: Exclusions, whole: Exclusions) -> Emergency:
    """End what those added could read, and what nobody is left to read: whoever counts on help must learn of that."""
    at = desk.clock()
    ended = end_emergency(emergency, added, at)
    if ended.opens(at) and ended.recipient and not await receives(desk, session, ended.recipient, whole):
        return ended.end(at)
    return ended
