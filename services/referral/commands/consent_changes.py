"""Changing a consent: what it would do, shown first; and taking a part out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from kit.mongo import Session
from services.referral.commands.consents import EVIDENCE, names, place_of, remember_end
from services.referral.commands.desk import Attempt, Caller, Desk, attempting
from services.referral.commands.drafting import unsealed_request
from services.referral.commands.people import age_of
from services.referral.commands.reading import needs_shown
from services.referral.domain.capacity import Query, shown
from services.referral.domain.consent import (
    Consent,
    ConsentAlreadyGranted,
    ConsentNotGranted,
    check_grant,
)
from services.referral.domain.disclosure import Reading, told_once_accepted
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.identifiers import ConsentId, OrganizationId, PersonId, ReferralId
from services.referral.domain.moves import RecipientUnavailable
from services.referral.domain.narrowing import Narrower, check_in_force, follow, narrow
from services.referral.domain.party import NotFound, check_works
from services.referral.domain.preview import (
    ClassChange,
    ConsentChange,
    Effect,
    as_receiver,
    as_recipient,
    changes,
    effect_on,
)
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import AgeBand, DataClass, Purpose
from services.referral.keys import PersonKey
from services.referral.store import Kept

_NOTHING: frozenset[DataClass] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """A change one thinks of, for one purpose and one recipient."""

    recipient: OrganizationId
    purpose: Purpose
    change: ConsentChange
    to: Narrower


@dataclass(frozen=True, slots=True)
class ReferralEffect:
    """What it would do to one referral; `hides` names the parts of the need that would go dark with the classes."""

    referral: ReferralId
    effect: Effect
    changes: tuple[ClassChange, ...]
    hides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StillOpen:
    """Another consent to the same recipient, which the change leaves as it is."""

    purpose: Purpose
    classes: frozenset[DataClass]


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything a change would do; nothing of it is stored."""

    changes: tuple[ClassChange, ...]
    referrals: tuple[ReferralEffect, ...]
    still_open: tuple[StillOpen, ...]


@dataclass(frozen=True, slots=True)
class _Before:
    """What is needed to judge a change: what is consented to now and then, and the person's age and key."""

    now: frozenset[DataClass]
    left: frozenset[DataClass]
    age: AgeBand
    key: PersonKey


async def preview_consent(desk: Desk, caller: Caller, person: PersonId, intended: Intended) -> Preview:
    """Show what granting, narrowing or withdrawing would do, from what the owner may know; nothing is stored."""
    async with attempting(desk, caller, "consent.preview", person) as attempt:
        check_works(caller.reader)
        kept = await desk.store.people.of(caller.reader, person)
        attempt.owner = caller.organization
        key = await desk.keys.of(person)

        async def work(session: Session) -> Preview:
            found = await desk.store.consents.open_one(session, person, intended.recipient, intended.purpose)
            now = _in_force(desk, found)
            left = await _left(desk, session, now, intended, kept.state.excluded)
            before = _Before(now.classes if now else _NOTHING, left, age_of(key, kept.sealed, desk.clock()), key)
            await attempt.done(desk, session, purpose=intended.purpose.value, classes=names(before.now | left))
            return await _preview(desk, session, person, intended, before)

        return await desk.mongo.transaction(work)


def _in_force(desk: Desk, found: Kept[Consent] | None) -> Consent | None:
    """Return the consent that permits something at this instant, if there is one."""
    return found.state if found and found.state.is_live(desk.clock()) else None


async def _left(
    desk: Desk, session: Session, now: Consent | None, intended: Intended, excluded: Exclusions
) -> frozenset[DataClass]:
    """Return what would be consented to after the change, or raise the refusal that the change itself would meet."""
    if intended.change is ConsentChange.GRANT:
        if now is not None:
            raise ConsentAlreadyGranted
        recipient = await desk.directory.recipient(intended.recipient, session)
        if recipient is None or intended.recipient in excluded.organizations:
            raise RecipientUnavailable
        classes = intended.to.classes or _NOTHING
        check_grant(recipient, intended.purpose, classes, intended.to.until, desk.clock())
        return classes
    if now is None:
        raise ConsentNotGranted
    if intended.change is ConsentChange.WITHDRAW:
        return _NOTHING
    return narrow(now, intended.to, now.id, desk.clock(), now.decided_by).left.classes


async def _preview(desk: Desk, session: Session, person: PersonId, intended: Intended, before: _Before) -> Preview:
    recipient = await desk.directory.recipient(intended.recipient, session)
    reading = as_recipient(recipient, intended.purpose, before.now, before.age) if recipient else None
    under = await desk.store.referrals.under_consent(session, person, intended.recipient, intended.purpose)
    effects = [_effect(kept, intended, before) for kept in under]
    others = [
        StillOpen(kept.state.purpose, kept.state.classes)
        for kept in await desk.store.consents.of_person(person, session)
        if kept.state.recipient == intended.recipient
        and kept.state.purpose is not intended.purpose
        and kept.state.is_live(desk.clock())
    ]
    seen = changes(reading, before.left) if reading else ()
    return Preview(seen, tuple(each for each in effects if each), tuple(others))


def _effect(kept: Kept[Referral], intended: Intended, before: _Before) -> ReferralEffect | None:
    """Say what the change does to one referral; what its receiver would lose is counted as if it had accepted."""
    referral = kept.state
    effect = effect_on(referral, intended.change, before.left)
    if effect is None:
        return None
    if not referral.was_sent:
        return ReferralEffect(referral.id, effect, ())
    now = as_receiver(referral, before.now, before.age)
    then = as_receiver(referral, before.left, before.age)
    hidden = _hidden(unsealed_request(before.key, kept), now, then)
    seen = changes(now, then.consented)
    # A class that this referral never shared is taken out: it stays as it is.
    untouched = effect is Effect.NARROWS and not (seen or hidden or intended.to.until or intended.to.feedback)
    return None if untouched else ReferralEffect(referral.id, effect, seen, hidden)


def _hidden(query: Query, now: Reading, then: Reading) -> Mapping[str, Any]:
    """Return the needs and other parts of a need that are read now and would not be then."""
    before, after = _need_shown(query, now), _need_shown(query, then)
    gone = {name: value for name, value in before.items() if name not in after and value not in (None, ())}
    needs = tuple(need for need in before.get("needs", ()) if need not in after.get("needs", ()))
    return {**gone, "needs": needs} if needs else gone


def _need_shown(query: Query, reading: Reading) -> Mapping[str, Any]:
    """Return a need as a receiver reads it; without a need that may be shown, and without consent, nothing."""
    needs = needs_shown(reading, query) if reading.consented else ()
    return shown(query, needs, told_once_accepted(reading)) if needs else {}


async def narrow_consent(desk: Desk, caller: Caller, consent: ConsentId, to: Narrower) -> Kept[Consent]:
    """Take out of a consent what the person takes out: at once, and without an instant between the two answers."""
    async with attempting(desk, caller, "consent.narrow", consent) as attempt:
        check_works(caller.reader)
        found = await own_consent(desk, caller, attempt, consent)
        check_in_force(found.state, desk.clock())
        key = await desk.keys.of(found.state.person)
        wider = ConsentId(str(uuid4()))

        async def work(session: Session) -> Kept[Consent]:
            kept = await desk.store.consents.by_id(session, consent)
            await desk.store.people.of(caller.reader, kept.state.person, session)
            made = narrow(kept.state, to, wider, desk.clock(), caller.user)
            taken = names(kept.state.classes - made.left.classes)
            await attempt.done(desk, session, purpose=made.left.purpose.value, classes=taken)
            # How it was given is sealed to its record: the wider one gets a copy sealed to its own.
            sealed = {EVIDENCE: key.seal(place_of(wider), key.unseal(place_of(consent), kept.sealed[EVIDENCE]))}
            await desk.store.consents.save(session, made.wider, sealed, 0)
            await remember_end(desk, session, made.left)
            await _follow(desk, session, made.left)
            return await desk.store.consents.save(session, made.left, kept.sealed, kept.version, kept.told)

        return await desk.mongo.transaction(work)


async def read_consent(desk: Desk, caller: Caller, consent: ConsentId) -> Kept[Consent]:
    """Return a consent of a person of one's own organisation."""
    async with attempting(desk, caller, "consent.read", consent) as attempt:
        check_works(caller.reader)
        kept = await own_consent(desk, caller, attempt, consent)
        await attempt.done(desk, None, purpose=kept.state.purpose.value)
        return kept


async def own_consent(desk: Desk, caller: Caller, attempt: Attempt, consent: ConsentId) -> Kept[Consent]:
    """Return a consent of a person of one's own organisation; raises `NotFound`."""
    kept = await desk.store.consents.by_id(None, consent)
    attempt.owner = kept.state.owner
    if kept.state.owner != caller.organization:
        raise NotFound
    await desk.store.people.of(caller.reader, kept.state.person)
    attempt.records = (consent, kept.state.person)
    return kept


async def _follow(desk: Desk, session: Session, left: Consent) -> None:
    """Carry the narrower consent into the referrals under it; nobody is told, since what is read changes by itself."""
    for kept in await desk.store.referrals.under_consent(session, left.person, left.recipient, left.purpose):
        followed = follow(kept.state, left)
        if followed != kept.state:
            await desk.store.referrals.save(session, followed, [], desk.clock(), kept)
