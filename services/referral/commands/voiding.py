"""A void by two parties: one proposes, the other confirms."""

from services.referral.commands.answering import Answered, May
from services.referral.commands.desk import Caller, Desk
from services.referral.commands.moving import Change, Held, change
from services.referral.domain.identifiers import ReferralId
from services.referral.domain.voiding import confirm, propose_void


async def propose_voiding(desk: Desk, caller: Caller, referral: ReferralId, expected: int | None, may: May) -> Answered:
    """Say, as either party, that it was entered in error. `may` raises where the side's scope is missing."""

    async def decide(held: Held) -> Change:
        may(held.side)
        return Change(propose_void(held.referral, held.side, desk.clock()))

    return await change(desk, caller, "referral.propose-void", referral, expected, decide)


async def confirm_voiding(desk: Desk, caller: Caller, referral: ReferralId, expected: int | None, may: May) -> Answered:
    """Confirm what the other party proposed: it is never shown as real afterwards, its places are free."""

    async def decide(held: Held) -> Change:
        may(held.side)
        return Change(confirm(held.referral, held.side, desk.clock()))

    return await change(desk, caller, "referral.confirm-void", referral, expected, decide)
