"""The one way a referral moves: loaded, judged, saved with its messages, timers and audit row in one transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kit.http import require_version
from kit.mongo import Session
from services.referral.commands.availability import follow_places
from services.referral.commands.desk import Attempt, Caller, Desk, attempting, of_time
from services.referral.commands.telling import tell
from services.referral.domain.identifiers import ReferralId, UserId
from services.referral.domain.moves import Moved, WorkerUnknown
from services.referral.domain.outwards import as_state
from services.referral.domain.party import Standpoint, standpoint
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import Actor, Fact, MoveRefused, step
from services.referral.domain.waits import Wait, waits_of
from services.referral.store import Kept


@dataclass(frozen=True, slots=True)
class Held:
    """A referral in a transaction, and the side its caller is on."""

    session: Session
    kept: Kept[Referral]
    side: Standpoint

    @property
    def referral(self) -> Referral:
        """Return the referral as it was loaded."""
        return self.kept.state


@dataclass(frozen=True, slots=True)
class Change:
    """What a use case decided: the move, and what it seals anew in the referral."""

    moved: Moved
    sealed: dict[str, bytes] | None = None


PLACES_MOVED = frozenset({Fact.PLACES_TAKEN, Fact.PLACES_RELEASED})

Decide = Callable[[Held], Awaitable[Change]]


def version_for(kept: Kept[Referral], side: Standpoint) -> int:
    """Return the version a party reads: each counts only what it may see change."""
    unseen = kept.state.veil.unseen if kept.state.veil else 0
    return kept.state.view.version if side.actor is Actor.SENDER else kept.version - unseen


async def change(
    desk: Desk, caller: Caller, action: str, referral: ReferralId, expected: int | None, decide: Decide
) -> tuple[Kept[Referral], Standpoint]:
    """Let a party move a referral; raises `NotFound` to anybody else, and the domain's refusals."""
    async with attempting(desk, caller, action, referral) as attempt:

        async def work(session: Session) -> tuple[Kept[Referral], Standpoint]:
            kept = await desk.store.referrals.by_id(session, referral)
            attempt.owner = kept.state.sender
            side = standpoint(kept.state, caller.reader)
            require_version(expected, version_for(kept, side))
            decided = await _as_read(decide, Held(session, kept, side))
            return await save(desk, session, attempt, kept, decided), side

        return await desk.mongo.transaction(work)


async def _as_read(decide: Decide, held: Held) -> Change:
    """Let a move be decided; a sender is refused by the word it reads, since the state it may not know would show."""
    try:
        return await decide(held)
    except MoveRefused as refusal:
        if held.side.actor is Actor.SENDER and refusal.command is not None:
            step(as_state(held.referral.view.word), refusal.command, Actor.SENDER)
        raise


async def check_workers(desk: Desk, held: Held, workers: frozenset[UserId]) -> None:
    """Raise `WorkerUnknown` unless all work in the receiving organisation, and the person excludes none of them."""
    present = await desk.directory.works_in(held.referral.receiver, workers, held.session)
    if present != workers or workers & held.referral.excluded.accounts:
        raise WorkerUnknown


async def save(
    desk: Desk, session: Session, attempt: Attempt, kept: Kept[Referral] | None, change: Change
) -> Kept[Referral]:
    """Write a move with everything that follows from it."""
    moved, before = change.moved, kept.state if kept else None
    messages = await tell(desk, session, before, moved, attempt.caller)
    await _follow(desk, session, before, moved)
    await attempt.done(desk, session, purpose=moved.referral.purpose.value)
    await _note_closing(desk, session, attempt, moved)
    return await desk.store.referrals.save(session, moved.referral, messages, desk.clock(), kept, change.sealed)


def closing(referral: Referral) -> Caller:
    """Return as whose act an end that was not the receiver's stands in the receiver's chain."""
    return of_time(referral.receiver, "closing")


async def _note_closing(desk: Desk, session: Session, attempt: Attempt, moved: Moved) -> None:
    """Leave one row in the receiver's chain, the same whatever the end was: a race lost must not read otherwise."""
    referral = moved.referral
    if Fact.CLOSED in moved.facts and attempt.caller.organization != referral.receiver:
        row = Attempt(closing(referral), "referral.close", (referral.id,), referral.sender)
        await row.done(desk, session, purpose=referral.purpose.value)


async def _follow(desk: Desk, session: Session, before: Referral | None, moved: Moved) -> None:
    """Set, move or take away the timers, and give back the places."""
    after = moved.referral
    if Fact.PLACES_RELEASED in moved.facts:
        await desk.store.places.release(session, after.service, after.id)
    if PLACES_MOVED & {*moved.facts}:
        await follow_places(desk, session, after.service)
    earlier, now = waits_of(before) if before else {}, waits_of(after)
    due = {wait: now.get(wait) for wait in Wait if now.get(wait) != earlier.get(wait)}
    await desk.timers.arrange(session, after.id, due)
