"""The receiver's waiting list: put on it, still on it, taken off it for review."""

from services.referral.commands.answering import Answered, simply
from services.referral.commands.desk import Caller, Desk
from services.referral.commands.moving import Change, Held, change
from services.referral.domain.identifiers import ReferralId
from services.referral.domain.moves import keep_waiting
from services.referral.domain.transitions import Command


async def waitlist_referral(desk: Desk, caller: Caller, referral: ReferralId, expected: int | None) -> Answered:
    """Put a request on the waiting list: its deadline goes, the receiver is asked again by need, the sender told."""
    return await simply(desk, caller, referral, expected, Command.WAITLIST)


async def resume_review(desk: Desk, caller: Caller, referral: ReferralId, expected: int | None) -> Answered:
    """Look at it again: a deadline begins anew."""
    return await simply(desk, caller, referral, expected, Command.RESUME_REVIEW)


async def still_waiting(desk: Desk, caller: Caller, referral: ReferralId, expected: int | None) -> Answered:
    """Answer an ask: the person still waits here."""

    async def decide(held: Held) -> Change:
        return Change(keep_waiting(held.referral, held.side.actor, desk.clock()))

    return await change(desk, caller, "referral.keep-waiting", referral, expected, decide)
