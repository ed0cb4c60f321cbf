"""What time does to records that have served: each month they go together, and only crowds are left to count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from kit.mongo import Session
from services.referral.commands.counting import case_in
from services.referral.commands.desk import Attempt, Desk, of_time
from services.referral.domain.anonymity import FEWEST_PEOPLE, Case, Crowd, crowds
from services.referral.domain.coarse import SURVIVING
from services.referral.domain.identifiers import PersonId, ReferralId
from services.referral.domain.person import PersonErased
from services.referral.domain.retention import LOOK_AGAIN, month_of
from services.referral.domain.taxonomy import Regime
from services.referral.domain.transitions import State
from services.referral.store.retention import Whole

log = structlog.get_logger()

_BATCH = 100
# Longer than any consumer is away: what tells that a record is erased names it until then.
_TOLD_FOR = timedelta(days=30)


class StillNeeded(Exception):  # noqa: N818 - it reads as what happened
    """Something was done about one of them meanwhile: they are judged anew at the next round."""


@dataclass(frozen=True, slots=True)
class Past(Case):
    """A case, and whose it was until now."""

    person: PersonId


async def retain(desk: Desk) -> int:
    """Anonymise whoever's record had served before this month; stopped anywhere, it goes on. Returns how many."""
    at, found = desk.clock(), []
    for person in await desk.store.retention.ripe(month_of(at)):
        whole = await desk.store.retention.whole(person)
        if whole is not None and await _has_served(desk, whole, at):
            found.append(await _past(desk, whole))
    shown = crowds([case for case in found if case.facts], SURVIVING)
    left = {id(case) for crowd in shown for case in crowd.cases}
    gone = sum([await _let_go(desk, [case], None, at) for case in found if id(case) not in left])
    gone += sum([await _let_go(desk, part, crowd, at) for crowd in shown for part in _parted(crowd)])
    if gone:
        log.info("persons.anonymised", count=gone)
    return gone


async def date_records(desk: Desk) -> None:
    """Reckon when the records written lately may go: their delay begins now."""
    at = desk.clock()
    while persons := await desk.store.retention.undated(_BATCH):
        for person in persons:
            whole = await desk.store.retention.whole(person)
            if whole is not None:
                kept_for = whole.life(at).kept_for(await _regimes(desk, whole))
                await desk.store.retention.look_again(whole, at + kept_for)


async def forget_erased(desk: Desk) -> int:
    """Take the ids of what was erased a month ago out of the outbox; returns how many."""
    before = desk.clock() - _TOLD_FOR
    return await desk.mongo.transaction(lambda session: desk.store.retention.forget(session, before))


async def _regimes(desk: Desk, whole: Whole) -> set[Regime]:
    return {regime for party in whole.parties if (regime := await desk.directory.regime(party))}


async def _has_served(desk: Desk, whole: Whole, at: datetime) -> bool:
    """Say whether a record is no longer needed; of one that is, note when it is looked at again."""
    life, regimes = whole.life(at), await _regimes(desk, whole)
    if life.has_served(regimes, month_of(at)):
        return True
    await desk.store.retention.look_again(whole, max(at + LOOK_AGAIN, life.last + life.kept_for(regimes)))
    return False


async def _past(desk: Desk, whole: Whole) -> Past:
    """Return what statistics know of a person: their last referral that ended; no facts where there is none."""
    person = PersonId(whole.person["_id"])
    ended = [row for row in whole.traces["referrals"] if row.get("ended_at") and row["state"] != State.ENTERED_IN_ERROR]
    if not ended:
        return Past({}, "", whole.organization, person)
    last = max(ended, key=lambda row: (row["ended_at"], row["_id"]))
    try:
        case = await case_in(desk, await desk.store.referrals.by_id(None, ReferralId(last["_id"])))
    except PersonErased:
        return Past({}, "", whole.organization, person)
    return Past(case.facts, case.outcome, case.organization, person)


def _parted(crowd: Crowd) -> list[list[Case]]:
    """Part a crowd into smaller ones that each go in one transaction, the organisations spread over all."""
    ordered = sorted(crowd.cases, key=lambda case: case.organization)
    parts = max(1, len(ordered) // FEWEST_PEOPLE)
    return [ordered[number::parts] for number in range(parts)]


async def _let_go(desk: Desk, cases: Sequence[Case], crowd: Crowd | None, at: datetime) -> int:
    """Anonymise some people in one transaction, then destroy their keys; returns how many went."""
    persons = [case.person for case in cases if isinstance(case, Past)]

    async def work(session: Session) -> None:
        for person in persons:
            await _erase(desk, session, person, at)
        if crowd is not None:
            await desk.store.retention.leave(session, crowd.facts, cases, told=crowd.outcomes is not None)

    try:
        await desk.mongo.transaction(work)
    except StillNeeded:
        return 0
    # After the commit: killed in between, the sweep of keys without a person destroys them.
    await desk.keys.destroy(persons)
    return len(persons)


async def _erase(desk: Desk, session: Session, person: PersonId, at: datetime) -> None:
    """Erase one person, judged again in the transaction; raises `StillNeeded`."""
    whole = await desk.store.retention.whole(person, session)
    if whole is None or not whole.life(at).has_served(await _regimes(desk, whole), month_of(at)):
        raise StillNeeded
    attempt = Attempt(of_time(whole.organization, "retention"), "person.anonymise", (person,), whole.organization)
    await attempt.done(desk, session)
    for identity in await desk.store.retention.erase(session, whole, at):
        await desk.timers.cancel_all(session, identity)
