"""The moves around a person's coming: the handover arranged, and nobody arrived; what of it the sender may read."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.referral.domain.handover import Handover
from services.referral.domain.moves import Moved, move
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import Actor, Command, State


def arrange(referral: Referral, actor: Actor, handover: Handover, at: datetime) -> Moved:
    """State or change the handover; its time is the one by which the person should be there, and has its own alarm."""
    return _stated(move(referral, Command.ARRANGE_HANDOVER, actor, at), handover, at)


def arranged_at_once(accepted: Moved, handover: Handover, at: datetime) -> Moved:
    """State the handover with the acceptance itself."""
    return _stated(accepted, handover, at)


def _stated(moved: Moved, handover: Handover, at: datetime) -> Moved:
    set_out = replace(moved.referral, handover=handover, handover_by=handover.at, not_arrived_at=None)
    return _shown(replace(moved, referral=set_out), at, handover=handover, not_arrived_at=None)


def miss_arrival(referral: Referral, at: datetime) -> Moved:
    """Say that nobody came, once a handover; the place is kept until someone decides."""
    return _shown(move(referral, Command.MISS_ARRIVAL, Actor.TIMER, at, not_arrived_at=at), at, not_arrived_at=at)


def _shown(moved: Moved, at: datetime, **what: Any) -> Moved:
    """Let a sender read it that reads of the acceptance, while the consent lasts; to any other it would tell of one."""
    referral = moved.referral
    if referral.is_untold or referral.view.word != State.ACCEPTED or not referral.shares(at):
        return moved
    view = replace(referral.view, version=referral.view.version + 1, changed_at=at, **what)
    return replace(moved, referral=replace(referral, view=view), told_sender=True)
