"""What becomes of what an excluded organisation or account had: a referral ends as if its sender had cancelled it."""

from dataclasses import replace
from datetime import datetime

from services.referral.domain.emergency import Emergency, Kind
from services.referral.domain.exclusions import Exclusions
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


def end_emergency(emergency: Emergency, added: Exclusions, at: datetime) -> Emergency:
    """End an emergency under which someone newly excluded could go on reading; any other stays as it is."""
    if not emergency.opens(at):
        return emergency
    if emergency.kind is Kind.READING:
        shut = added.shuts_out(emergency.owner, emergency.acted_by)
    else:
        shut = emergency.recipient in added.organizations
    return emergency.end(at) if shut else emergency
