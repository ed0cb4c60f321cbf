"""Who meets the person, changed while the service is under way."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from datetime import datetime

from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import UserId
from services.referral.domain.moves import Moved, move
from services.referral.domain.party import Standpoint
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import Command


class AssigningNotYours(ReferralError):
    """Intake or a coordinator says who meets the person."""

    code = "referral.assigning-not-yours"


def assign(referral: Referral, side: Standpoint, workers: frozenset[UserId], at: datetime) -> Moved:
    """Entrust the person to these workers instead of those before, who see the referral no more."""
    moved = move(referral, Command.ASSIGN, side.actor, at, assigned=workers)
    if not side.leads:
        raise AssigningNotYours
    return moved
