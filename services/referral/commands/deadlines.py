"""What time does: recall a request, end it unanswered, let a consent lapse, sweep keys that open nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from kit.mongo import Session
from kit.timers import Due
from services.referral.commands.consents import lapse_consent
from services.referral.commands.desk import EXPIRY, LAPSE, REMINDER, REVIEW, Attempt, Desk, of_time
from services.referral.commands.emergency_review import recall_review
from services.referral.commands.moving import Change, save
from services.referral.domain.identifiers import ConsentId, EmergencyId, ReferralId
from services.referral.domain.moves import Moved, move, remind
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import UNANSWERED, Actor, Command

log = structlog.get_logger()

# Longer than any request lives: a key that young may belong to a person about to be stored.
ORPHAN_AGE = timedelta(hours=24)
_BATCH = 500


async def recall_referral(desk: Desk, referral: ReferralId) -> None:
    """Remind those an unanswered request waits for, once; answered meanwhile, nothing happens."""
    await _when_due(desk, referral, REMINDER)


async def expire_referral(desk: Desk, referral: ReferralId) -> None:
    """End a request that nobody answered in time; answered meanwhile, nothing happens."""
    await _when_due(desk, referral, EXPIRY)


async def _when_due(desk: Desk, referral: ReferralId, what: str) -> None:
    async def work(session: Session) -> None:
        kept = await desk.store.referrals.by_id(session, referral)
        moved = _decide(kept.state, what, desk.clock())
        if moved is not None:
            owner = kept.state.sender
            attempt = Attempt(of_time(owner, what), f"referral.{what}", (referral,), owner)
            await save(desk, session, attempt, kept, Change(moved))

    await desk.mongo.transaction(work)


def _decide(referral: Referral, what: str, at: datetime) -> Moved | None:
    """Judge by the referral's own dates: the timer may be late, early or fire twice."""
    due = referral.remind_at if what == REMINDER else referral.expires_at
    if referral.state not in UNANSWERED or due is None or at < due:
        return None
    return remind(referral, at) if what == REMINDER else move(referral, Command.EXPIRE, Actor.TIMER, at)


def due_work(desk: Desk) -> Mapping[str, Due]:
    """Return the handlers of the service's timers."""

    async def reminder(key: str, _: datetime) -> None:
        await recall_referral(desk, ReferralId(key))

    async def expiry(key: str, _: datetime) -> None:
        await expire_referral(desk, ReferralId(key))

    async def lapse(key: str, _: datetime) -> None:
        await lapse_consent(desk, ConsentId(key))

    async def review(key: str, _: datetime) -> None:
        await recall_review(desk, EmergencyId(key))

    return {REMINDER: reminder, EXPIRY: expiry, LAPSE: lapse, REVIEW: review}


async def sweep_orphan_keys(desk: Desk) -> int:
    """Destroy keys whose person was never stored, a day after they were made; returns how many."""
    after, swept, before = "", 0, desk.clock() - ORPHAN_AGE
    while persons := await desk.keys.older_than(before, after, _BATCH):
        stored = await desk.store.people.existing(persons)
        swept += await desk.keys.destroy(person for person in persons if person not in stored)
        after = persons[-1]
    if swept:
        log.info("keys.swept", count=swept)
    return swept
