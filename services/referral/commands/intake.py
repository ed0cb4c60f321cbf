"""Intake's desk: what awaits an answer, the most pressing first, and who meets whom."""

from collections.abc import Sequence
from datetime import datetime

from services.referral.commands.desk import Caller, Desk, attempting
from services.referral.commands.moving import Change, Held, change, check_workers
from services.referral.domain.assignment import assign
from services.referral.domain.identifiers import ReferralId, UserId
from services.referral.domain.party import NotFound, Standpoint, leads
from services.referral.domain.referral import Referral
from services.referral.store import Kept


async def assign_workers(
    desk: Desk, caller: Caller, referral: ReferralId, workers: frozenset[UserId], expected: int | None
) -> tuple[Kept[Referral], Standpoint]:
    """Name who meets the person from now on, as intake or coordinator; those newly named are told."""

    async def decide(held: Held) -> Change:
        moved = assign(held.referral, held.side, workers, desk.clock())
        await check_workers(desk, held, workers)
        return Change(moved)

    return await change(desk, caller, "referral.assign", referral, expected, decide)


async def intake_queue(
    desk: Desk, caller: Caller, after: tuple[datetime, str] | None, limit: int
) -> Sequence[Kept[Referral]]:
    """Return what awaits one's organisation's answer by its deadline, nothing unsealed; raises `NotFound`."""
    async with attempting(desk, caller, "referral.queue") as attempt:
        if not leads(caller.roles):
            raise NotFound
        found = await desk.store.referrals.queue(caller.organization, caller.user, after, limit)
        attempt.records = tuple(kept.state.id for kept in found)
        await attempt.done(desk, None)
        return found
