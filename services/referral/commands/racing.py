"""What an acceptance means for the referrals sent for the same need: the others close in the same transaction."""

from kit.mongo import Session
from services.referral.commands.desk import Attempt, Desk
from services.referral.commands.moving import Change, closing, save
from services.referral.domain.identifiers import ReferralId
from services.referral.domain.moves import Moved
from services.referral.domain.race import Mode, lose, lose_unseen
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import BEFORE_ACCEPTANCE


async def close_others(desk: Desk, session: Session, winner: Referral) -> None:
    """Let an accepted referral have its need alone; raises the neutral `ReferralClosed` where another has it."""
    if winner.sent_with is None:
        return
    found = await desk.store.sets.touch(session, winner.sent_with)
    won = found.state.won_by(winner.id)
    if won is found.state:
        return
    await desk.store.sets.save(session, won, found.version)
    for other in won.others(winner.id):
        await _close(desk, session, other, winner)


async def _close(desk: Desk, session: Session, other: ReferralId, winner: Referral) -> None:
    """Close one that was not quick enough, with the row that any end leaves in its receiver's chain."""
    kept = await desk.store.referrals.by_id(session, other)
    if kept.state.state not in BEFORE_ACCEPTANCE:
        return
    moved = lose(kept.state, winner, desk.clock())
    if moved.referral is not kept.state:
        by = closing(kept.state)
        attempt = Attempt(by, "referral.close", (other,), kept.state.sender)
        await save(desk, session, attempt, kept, Change(moved))


async def unless_won(desk: Desk, session: Session, sent: Moved) -> Moved:
    """Return a referral just sent; where another has the need, unknown to the sender, it goes no further."""
    if sent.referral.sent_with is None:
        return sent
    found = (await desk.store.sets.touch(session, sent.referral.sent_with)).state
    if found.mode is Mode.ALL or found.winner is None:
        return sent
    unseen = lose_unseen(sent.referral, desk.clock())
    return Moved(unseen.referral, (), told_sender=False)
