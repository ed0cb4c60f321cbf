"""The review of what was done at once: by a second person and the privacy officers, recalled until it is done."""

from dataclasses import dataclass
from datetime import datetime

from kit.mongo import Document, Session
from services.referral.commands.alarming import conclude, escalate, officers_of
from services.referral.commands.desk import REVIEW, Attempt, Caller, Desk, attempting, of_time
from services.referral.commands.emergencies import emergency_place
from services.referral.commands.grounds import FACTS
from services.referral.commands.people import but_hidden
from services.referral.domain.emergency import (
    COORDINATION,
    Emergency,
    EndReason,
    Review,
    Seat,
    Verdict,
    recall,
    review,
    seat_of,
)
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.identifiers import EmergencyId
from services.referral.domain.party import COORDINATOR, PRIVACY_OFFICER, NotFound
from services.referral.store import Kept

_INSIDE = frozenset({COORDINATOR, PRIVACY_OFFICER})


@dataclass(frozen=True, slots=True)
class Reviewable:
    """An emergency as one reviewer sees it; the coordination, without content, sees no facts."""

    kept: Kept[Emergency]
    seat: Seat | None
    facts: str | None = None


async def review_emergency(
    desk: Desk, caller: Caller, emergency: EmergencyId, verdict: Verdict, reason: EndReason | None
) -> Reviewable:
    """Approve what was done at once, or end it with a coded reason: then nothing is read under it any more."""
    async with attempting(desk, caller, "emergency.review", emergency) as attempt:

        async def work(session: Session) -> Reviewable:
            kept, seat, excluded = await _seated(desk, session, attempt, emergency)
            officers = await officers_of(desk, session, kept.state.owner, excluded)
            said = Review(by=caller.user, seat=seat, verdict=verdict, at=desk.clock(), reason=reason)
            after = review(kept.state, said, officers)
            told = []
            if after.reviewed_at:
                await desk.timers.cancel(session, REVIEW, emergency)
                told = await conclude(desk, session, after, caller.user, excluded)
            await attempt.done(desk, session, role=seat.value, detail=verdict.value)
            saved = await desk.store.emergencies.save(session, after, told, desk.clock(), sealed=kept.sealed, kept=kept)
            return Reviewable(saved, seat)

        return await desk.mongo.transaction(work)


async def _seated(
    desk: Desk, session: Session | None, attempt: Attempt, emergency: EmergencyId
) -> tuple[Kept[Emergency], Seat, Exclusions]:
    """Load an emergency with the seat from which the caller reviews it, and the list; raises `NotFound`."""
    kept = await desk.store.emergencies.by_id(session, emergency)
    attempt.owner = kept.state.owner
    person = await desk.store.people.seen_by(attempt.caller.reader, kept.state.person, session)
    seat = seat_of(kept.state, attempt.caller.reader, await desk.directory.coalition(session))
    attempt.records = (emergency,)
    return kept, seat, person.state.excluded


async def read_emergency(desk: Desk, caller: Caller, emergency: EmergencyId) -> Reviewable:
    """Return an emergency to whoever reviews it or acted, with its facts; without content to the coordination."""
    async with attempting(desk, caller, "emergency.read-facts", emergency) as attempt:
        kept = await desk.store.emergencies.by_id(None, emergency)
        attempt.owner = kept.state.owner
        await desk.store.people.seen_by(caller.reader, kept.state.person)
        acted = (kept.state.owner, kept.state.acted_by) == (caller.organization, caller.user)
        seat = None if acted else (await _seated(desk, None, attempt, emergency))[1]
        await attempt.done(desk, None, role=seat.value if seat else None)
        sealed = kept.sealed.get(FACTS)
        if seat is Seat.COORDINATION or sealed is None:
            return Reviewable(kept, seat)
        key = await desk.keys.of(kept.state.person)
        return Reviewable(kept, seat, key.unseal(emergency_place(emergency), sealed))


async def list_for_review(
    desk: Desk, caller: Caller, *, awaiting: bool | None, before: tuple[datetime, str] | None, limit: int
) -> list[Reviewable]:
    """Return the emergencies someone may review, newest first: their organisation's, or those left to coordination."""
    async with attempting(desk, caller, "emergency.list-for-review") as attempt:
        wanted = await _reviewed_by(desk, caller) | await but_hidden(desk, caller)
        if awaiting is not None:
            wanted["reviewed_at"] = None if awaiting else {"$type": "date"}
        found = await desk.store.emergencies.page(wanted, before, limit)
        attempt.records = tuple(kept.state.id for kept in found)
        await attempt.done(desk, None)
        seat = Seat.COORDINATION if "with_coordination" in wanted else None
        return [Reviewable(kept, seat) for kept in found]


async def _reviewed_by(desk: Desk, caller: Caller) -> Document:
    """Return which emergencies a caller may review at all; raises `NotFound`."""
    if caller.organization == await desk.directory.coalition():
        if COORDINATION in caller.roles:
            return {"with_coordination": True}
    elif caller.roles & _INSIDE:
        return {"owner": caller.organization}
    raise NotFound


async def recall_review(desk: Desk, emergency: EmergencyId) -> None:
    """Escalate an emergency that nobody reviewed in time, again and again; reviewed meanwhile, nothing happens."""

    async def work(session: Session) -> None:
        kept = await desk.store.emergencies.by_id(session, emergency)
        due, at = kept.state.recall_at, desk.clock()
        if due is None or at < due:
            return
        excluded = (await desk.store.people.behind(kept.state.person, session)).state.excluded
        after = recall(kept.state, await officers_of(desk, session, kept.state.owner, excluded), at)
        attempt = Attempt(of_time(after.owner, REVIEW), "emergency.escalate", (emergency,), after.owner)
        await attempt.done(desk, session)
        if after.recall_at:
            await desk.timers.set(session, REVIEW, emergency, after.recall_at)
        told = await escalate(desk, session, after, excluded)
        await desk.store.emergencies.save(session, after, told, at, sealed=kept.sealed, kept=kept)

    await desk.mongo.transaction(work)
