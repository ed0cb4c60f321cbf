"""Consent: record an answer, end one, and what its end does to every referral it carries."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import uuid4

from kit.http import Once
from kit.mongo import Session
from services.referral.commands.desk import LAPSE, Attempt, Caller, Desk, attempting, of_time
from services.referral.commands.lapsing import set_reminders
from services.referral.commands.moving import Change, save
from services.referral.commands.people import age_of
from services.referral.domain.consent import (
    Consent,
    ConsentCommand,
    ConsentState,
    Evidence,
    Feedback,
    check_evidence,
    check_grant,
    next_state,
)
from services.referral.domain.identifiers import ConsentId, OrganizationId, PersonId, ReferralId
from services.referral.domain.moves import RecipientUnavailable, end_consent
from services.referral.domain.party import NotFound, check_works, standpoint
from services.referral.domain.person import Person
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import DataClass, Purpose
from services.referral.keys import PersonKey
from services.referral.store import Kept

EVIDENCE = "evidence"


def place_of(consent: ConsentId) -> str:
    """Return where how a consent was given is sealed."""
    return f"consent:{consent}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGiven:
    """What a person answered, asked for one purpose and one recipient."""

    recipient: OrganizationId
    purpose: Purpose
    classes: frozenset[DataClass]
    decision: ConsentCommand
    until: datetime | None
    feedback: Feedback
    evidence: Evidence | None


async def record_consent(
    desk: Desk, caller: Caller, person: PersonId, answer: AnswerGiven, once: Once
) -> Kept[Consent]:
    """Record a grant, refusal or deferral; granting again, after an end, is a new record."""
    async with attempting(desk, caller, f"consent.{answer.decision}", person) as attempt:
        check_works(caller.reader)
        kept = await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization
        if once.result:
            await attempt.done(desk, None, purpose=answer.purpose.value, classes=names(answer.classes))
            return await desk.store.consents.by_id(None, ConsentId(once.result))
        key = await desk.keys.of(person)
        if answer.decision is ConsentCommand.GRANT:
            await _check(desk, answer, key, kept)
        identity = ConsentId(str(uuid4()))
        evidence = asdict(answer.evidence) if answer.evidence else None

        async def work(session: Session) -> Kept[Consent]:
            await _not_excluded(desk, session, caller, person, answer)
            before = await _open_one(desk, session, attempt, person, answer)
            recorded = before.state.id if before else identity
            # Before the answer is judged: one sent again while the first is committed is under way, not already given.
            await once.remember(session, recorded)
            state = next_state(before.state.state if before else ConsentState.NOT_ASKED, answer.decision)
            fresh = _consent(desk, caller, person, answer, state, recorded)
            sealed = {EVIDENCE: key.seal(place_of(fresh.id), evidence)} if evidence else {}
            await remember_end(desk, session, fresh)
            await attempt.done(desk, session, purpose=answer.purpose.value, classes=names(answer.classes))
            version, told = (before.version, before.told) if before else (0, 0)
            return await desk.store.consents.save(session, fresh, sealed, version, told)

        return await desk.mongo.transaction(work)


async def _check(desk: Desk, answer: AnswerGiven, key: PersonKey, person: Kept[Person]) -> None:
    """Raise the named refusal unless this grant may be asked for, and was given freely by whom it belongs to."""
    recipient = await desk.directory.recipient(answer.recipient)
    if recipient is None or answer.recipient in person.state.excluded.organizations:
        raise RecipientUnavailable
    check_grant(recipient, answer.purpose, answer.classes, answer.until, desk.clock())
    check_evidence(answer.evidence, recipient.sector, age_of(key, person.sealed, desk.clock()))


async def _not_excluded(desk: Desk, session: Session, caller: Caller, person: PersonId, answer: AnswerGiven) -> None:
    """Judge by the person's list as it is now, written so that whoever changes it meanwhile collides."""
    excluded = (await desk.store.people.hold(session, person)).state.excluded
    if excluded.shuts_out(caller.organization, caller.user):
        raise NotFound
    if answer.decision is ConsentCommand.GRANT and answer.recipient in excluded.organizations:
        raise RecipientUnavailable


async def _open_one(
    desk: Desk, session: Session, attempt: Attempt, person: PersonId, answer: AnswerGiven
) -> Kept[Consent] | None:
    """Return the answer in force for the line; one whose time is over lapses first, its timer late or not."""
    found = await desk.store.consents.open_one(session, person, answer.recipient, answer.purpose)
    if found and found.state.state is ConsentState.GRANTED and not found.state.is_live(desk.clock()):
        await end_consent_record(desk, session, attempt, found, ConsentCommand.LAPSE)
        return None
    return found


def _consent(
    desk: Desk, caller: Caller, person: PersonId, answer: AnswerGiven, state: ConsentState, identity: ConsentId
) -> Consent:
    return Consent(
        id=identity,
        person=person,
        owner=caller.organization,
        recipient=answer.recipient,
        purpose=answer.purpose,
        classes=answer.classes,
        until=answer.until if state is ConsentState.GRANTED else None,
        state=state,
        feedback=answer.feedback,
        decided_at=desk.clock(),
        decided_by=caller.user,
    )


async def remember_end(desk: Desk, session: Session, consent: Consent) -> None:
    """Set what time does to a consent that was granted or narrowed."""
    if consent.state is ConsentState.GRANTED and consent.until:
        await desk.timers.set(session, LAPSE, consent.id, consent.until)
        await set_reminders(desk, session, consent)


def names(classes: frozenset[DataClass]) -> tuple[str, ...]:
    """Return classes by name, for the audit."""
    return tuple(sorted(data_class.value for data_class in classes))


async def list_consents(desk: Desk, caller: Caller, person: PersonId) -> list[Kept[Consent]]:
    """Return what a person of one's own organisation answered, refusals included; nobody else reads these."""
    async with attempting(desk, caller, "consent.list", person) as attempt:
        check_works(caller.reader)
        await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization
        await attempt.done(desk, None)
        return list(await desk.store.consents.of_person(person))


async def withdraw_consent(desk: Desk, caller: Caller, consent: ConsentId) -> Kept[Consent]:
    """Record that a person withdraws a consent; idempotent."""
    async with attempting(desk, caller, "consent.withdraw", consent) as attempt:
        check_works(caller.reader)

        async def work(session: Session) -> Kept[Consent]:
            kept = await desk.store.consents.by_id(session, consent)
            attempt.owner = kept.state.owner
            if kept.state.owner != caller.organization:
                raise NotFound
            await desk.store.people.of(caller.reader, kept.state.person, session)
            attempt.records = (consent, kept.state.person)
            return await end_consent_record(desk, session, attempt, kept, ConsentCommand.WITHDRAW)

        return await desk.mongo.transaction(work)


async def withdraw_through(desk: Desk, caller: Caller, referral: ReferralId) -> None:
    """Record, as any party's worker, that the person withdraws the consent under which a referral shares."""
    async with attempting(desk, caller, "consent.withdraw", referral) as attempt:

        async def work(session: Session) -> None:
            kept = await desk.store.referrals.by_id(session, referral)
            attempt.owner = kept.state.sender
            standpoint(kept.state, caller.reader)
            consent = await _behind(desk, session, kept.state)
            await end_consent_record(desk, session, attempt, consent, ConsentCommand.WITHDRAW)

        await desk.mongo.transaction(work)


async def _behind(desk: Desk, session: Session, referral: Referral) -> Kept[Consent]:
    """Return the consent in force for a referral's line, be it granted anew since; else the one it was sent under."""
    current = await desk.store.consents.open_one(session, referral.person, referral.receiver, referral.purpose)
    if current and current.state.state is ConsentState.GRANTED:
        return current
    if referral.consent is None:
        raise NotFound
    return await desk.store.consents.by_id(session, referral.consent)


async def lapse_consent(desk: Desk, consent: ConsentId) -> None:
    """End a consent whose time is over; one withdrawn, or not yet over, stays as it is."""

    async def work(session: Session) -> None:
        kept = await desk.store.consents.by_id(session, consent)
        if kept.state.state is not ConsentState.GRANTED or kept.state.is_live(desk.clock()):
            return
        attempt = Attempt(of_time(kept.state.owner, LAPSE), "consent.lapse", (consent,), kept.state.owner)
        await end_consent_record(desk, session, attempt, kept, ConsentCommand.LAPSE)

    await desk.mongo.transaction(work)


async def end_consent_record(
    desk: Desk, session: Session, attempt: Attempt, kept: Kept[Consent], command: ConsentCommand
) -> Kept[Consent]:
    """End a consent and, in the same transaction, what every referral under it shares."""
    ended = kept.state.end(command, desk.clock())
    await attempt.done(desk, session, purpose=ended.purpose.value)
    if ended is kept.state:
        return kept
    await desk.timers.cancel_all(session, ended.id)
    saved = await desk.store.consents.save(session, ended, kept.sealed, kept.version, kept.told)
    for referral in await desk.store.referrals.under_consent(session, ended.person, ended.recipient, ended.purpose):
        moved = end_consent(referral.state, desk.clock())
        if moved.referral is not referral.state:
            follows = Attempt(attempt.caller, "referral.consent-ended", (referral.state.id,), ended.owner)
            await save(desk, session, follows, referral, Change(moved))
    return saved
