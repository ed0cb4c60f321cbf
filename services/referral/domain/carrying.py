"""A referral that a recorded ground carries in place of consent: sent under it, ended with it."""

from dataclasses import replace
from datetime import datetime

from services.referral.domain.grounds import Ground
from services.referral.domain.moves import Moved, end_consent, move
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import Actor, Command


def request_on_ground(referral: Referral, actor: Actor, ground: Ground, at: datetime) -> Moved:
    """Send the draft under a ground; the sender learns afterwards what it learns by default."""
    return move(referral, Command.REQUEST, actor, at, ground=ground.id, requested_at=at)


def end_ground(referral: Referral, at: datetime) -> Moved:
    """Follow the closing of the ground that carries it, as the end of a consent is followed."""
    moved = end_consent(replace(referral, ground=None), at)
    return replace(moved, referral=replace(moved.referral, ground=referral.ground))
