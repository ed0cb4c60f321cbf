"""Reminders that a consent ends soon, to whoever recorded it; without a word about whom or what."""

from collections.abc import Mapping
from datetime import datetime

from kit.mongo import Session
from kit.timers import Due
from services.referral.commands.desk import LAPSE_REMINDER, Attempt, Desk, of_time
from services.referral.commands.telling import followers
from services.referral.domain.consent import Consent
from services.referral.domain.identifiers import ConsentId
from services.referral.domain.lapse import REMINDERS, remind, reminders
from services.referral.published import ConsentLapsing


def kind_of(days: int) -> str:
    """Return the kind of the timer that fires so many days before the end."""
    return f"{LAPSE_REMINDER}-{days}"


async def set_reminders(desk: Desk, session: Session, consent: Consent) -> None:
    """Set the reminders of a consent that are still to come, and take away those it no longer has."""
    due = reminders(consent)
    to_come = {days: at for days, at in due.items() if at > desk.clock()}
    await desk.timers.arrange(session, consent.id, {kind_of(days): to_come.get(days) for days in REMINDERS})


async def remind_of_lapse(desk: Desk, consent: ConsentId) -> None:
    """Tell whoever follows the person that a consent ends soon; ended, told before or not yet due, nothing happens."""

    async def work(session: Session) -> None:
        kept = await desk.store.consents.by_id(session, consent)
        marked = remind(kept.state, desk.clock())
        if marked is kept.state:
            # A timer that fired early comes again.
            if marked.is_live(desk.clock()):
                await set_reminders(desk, session, marked)
            return
        attempt = Attempt(of_time(marked.owner, LAPSE_REMINDER), "consent.lapse-reminder", (consent,), marked.owner)
        told = await followers(desk, session, marked)
        message = ConsentLapsing(consent_id=consent, owner_organization_id=marked.owner, notify=told)
        await attempt.done(desk, session, purpose=marked.purpose.value)
        await desk.store.consents.save(session, marked, kept.sealed, kept.version, kept.told, [message], desk.clock())

    await desk.mongo.transaction(work)


def lapse_reminders(desk: Desk) -> Mapping[str, Due]:
    """Return the handlers of the timers that go before a consent's end."""

    async def reminder(key: str, _: datetime) -> None:
        await remind_of_lapse(desk, ConsentId(key))

    return dict.fromkeys(map(kind_of, REMINDERS), reminder)
