"""What time does: remind, escalate, end what nobody answered, let a consent lapse, sweep keys that open nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from kit.mongo import Session
from kit.timers import Due
from services.referral.commands.availability import tell_availability
from services.referral.commands.consents import lapse_consent
from services.referral.commands.desk import AVAILABILITY, LAPSE, REVIEW, Attempt, Desk, of_time
from services.referral.commands.emergency_review import recall_review
from services.referral.commands.lapsing import lapse_reminders
from services.referral.commands.moving import Change, save
from services.referral.domain.identifiers import ConsentId, EmergencyId, ReferralId, ServiceId
from services.referral.domain.overdue import is_told, judge
from services.referral.domain.waits import Wait, waits_of

log = structlog.get_logger()

# Longer than any request lives: a key that young may belong to a person about to be stored.
ORPHAN_AGE = timedelta(hours=24)
_BATCH = 500


async def wait_over(desk: Desk, referral: ReferralId, wait: Wait) -> None:
    """Do what a wait that is over brings about; answered, moved or put off meanwhile, nothing happens."""

    async def work(session: Session) -> None:
        kept = await desk.store.referrals.by_id(session, referral)
        at, due = desk.clock(), waits_of(kept.state).get(wait)
        if due is not None and at < due:
            # The clock was set back, or the date moved: a timer that fired would not come again by itself.
            await desk.timers.set(session, wait, referral, due)
            return
        moved = judge(kept.state, wait, at)
        if moved is not None:
            # In the receiver's chain what the sender is not told: who saw what is the sender's to read.
            chain = kept.state.sender if is_told(kept.state, wait) else kept.state.receiver
            attempt = Attempt(of_time(chain, wait), f"referral.{wait}", (referral,), kept.state.sender)
            await save(desk, session, attempt, kept, Change(moved))

    await desk.mongo.transaction(work)


def due_work(desk: Desk) -> Mapping[str, Due]:
    """Return the handlers of the service's timers."""

    async def lapse(key: str, _: datetime) -> None:
        await lapse_consent(desk, ConsentId(key))

    async def review(key: str, _: datetime) -> None:
        await recall_review(desk, EmergencyId(key))

    async def availability(key: str, _: datetime) -> None:
        await tell_availability(desk, ServiceId(key))

    waits = {wait.value: _due(desk, wait) for wait in Wait}
    return {**waits, AVAILABILITY: availability, LAPSE: lapse, REVIEW: review, **lapse_reminders(desk)}


def _due(desk: Desk, wait: Wait) -> Due:
    async def due(key: str, _: datetime) -> None:
        await wait_over(desk, ReferralId(key), wait)

    return due


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
