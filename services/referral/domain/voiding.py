"""A void that takes two: one party proposes, the other confirms; neither tells a secret by it."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from dataclasses import replace
from datetime import datetime

from services.referral.domain.errors import ReferralError
from services.referral.domain.moves import Moved, VoidNeedsTwo, confirm_void, may_void, move
from services.referral.domain.outwards import is_end
from services.referral.domain.party import Standpoint
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import Actor, Command, NotYourMove, ReferralClosed


class VoidAlone(ReferralError):
    """Nobody accepted it: its sender takes it back alone."""

    code = "referral.void-alone"


class VoidAlreadyProposed(ReferralError):
    """One party has said so: the other confirms."""

    code = "referral.void-already-proposed"


class VoidUnseen(ReferralError):
    """The sender may not know of the acceptance, and a proposal would tell it."""

    code = "referral.void-unseen"


def proposed_by(referral: Referral, actor: Actor) -> Actor | None:
    """Return who proposed a void, as this party knows it."""
    return referral.view.void_proposed_by if actor is Actor.SENDER else referral.void_proposed_by


def propose_void(referral: Referral, side: Standpoint, at: datetime) -> Moved:
    """Say that it was entered in error; the state stays until the other party confirms."""
    actor = side.actor
    if _reads_an_end(referral, actor):
        raise ReferralClosed  # As it reads; what goes on behind that word is not for it to know.
    moved = move(referral, Command.PROPOSE_VOID, actor, at, void_proposed_by=actor, void_proposer=side.user)
    if proposed_by(referral, actor) is not None:
        raise VoidAlreadyProposed
    _check_proposer(referral, actor)
    if referral.is_own:
        return moved
    # The word stays: a proposal is no act from which the sender may learn how far it came.
    view = replace(referral.view, version=referral.view.version + 1, changed_at=at, void_proposed_by=actor)
    return replace(moved, referral=replace(moved.referral, view=view), told_sender=True)


def confirm(referral: Referral, side: Standpoint, at: datetime) -> Moved:
    """Confirm what the other party proposed; where there is no other, what a colleague did."""
    if not referral.is_own:
        return confirm_void(referral, side.actor, at)
    if referral.void_proposer in {None, side.user}:
        raise VoidNeedsTwo
    return confirm_void(referral, Actor.SENDER, at)


def _reads_an_end(referral: Referral, actor: Actor) -> bool:
    """Say whether a sender who may not know more reads that it is over."""
    return actor is Actor.SENDER and referral.is_untold and is_end(referral.view.word)


def _check_proposer(referral: Referral, actor: Actor) -> None:
    if actor is Actor.SENDER and may_void(referral):
        raise VoidAlone
    if actor is Actor.RECEIVER and referral.accepted_at is None:
        raise NotYourMove
    if actor is Actor.RECEIVER and referral.is_untold and not referral.is_own:
        raise VoidUnseen


def may_propose(referral: Referral, actor: Actor) -> bool:
    """Say whether this party may propose, where the state it reads lets it: judged from what it may know."""
    if proposed_by(referral, actor) is not None:
        return False
    if actor is Actor.SENDER:
        return not may_void(referral) and not _reads_an_end(referral, actor)
    return referral.accepted_at is not None and (referral.is_own or not referral.is_untold)


def may_confirm(referral: Referral, side: Standpoint) -> bool:
    """Say whether the other party, or the colleague, proposed."""
    if referral.is_own:
        return referral.void_proposer not in {None, side.user}
    return proposed_by(referral, side.actor) not in {None, side.actor}
