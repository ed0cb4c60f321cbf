"""What becomes of a referral whose receiver the person excludes: it ends as if its sender had cancelled it."""

from dataclasses import replace
from datetime import datetime

from services.referral.domain.moves import Moved, cancel, move
from services.referral.domain.outwards import is_end
from services.referral.domain.reasons import CancelReason
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import Actor, Command


def end_excluded(referral: Referral, at: datetime) -> Moved:
    """End a referral to an excluded organisation, as its sender's cancelling would: places are given back.

    A receiver that finds nothing could neither serve the person nor give the place back.
    """
    if not is_end(referral.view.word):
        return cancel(referral, Actor.SENDER, CancelReason.PERSONS_WISH, at)
    if not referral.is_open:
        return Moved(referral, (), told_sender=False)
    # The sender reads it as over, and may not know that behind that word it went on.
    ended = move(referral, Command.CANCEL, Actor.SENDER, at, reason=CancelReason.PERSONS_WISH.value)
    return Moved(replace(ended.referral, view=referral.view), ended.facts, told_sender=False)
