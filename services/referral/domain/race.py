"""One need sent to several: either each may accept, or whoever accepts first has it and the others close neutrally.

Where the sender may not learn of that acceptance, the others' closing would tell it. Its view of them then stays
what it would have been had nobody accepted: a request unanswered, that is recalled and ends at its own deadline.
"""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.referral.domain.deadlines import ASK_EXPIRES
from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import (
    GroundId,
    OrganizationId,
    PersonId,
    ReferralId,
    ReferralSetId,
    UserId,
)
from services.referral.domain.moves import Moved, move
from services.referral.domain.outwards import Telling, to_sender
from services.referral.domain.referral import Referral, Sharing, Veil
from services.referral.domain.transitions import Actor, Command, Fact, ReferralClosed, State

MOST_RECIPIENTS = 10
FEWEST_RECIPIENTS = 2


class Mode(StrEnum):
    """What an acceptance means for the others."""

    ALL = "all"
    FIRST_ACCEPT_WINS = "first-accept-wins"


class ReferralAlreadyOpen(ReferralError):
    """A person has one open referral to an organisation at most, as its sender reads it."""

    code = "referral.already-open"


class SetNotReady(ReferralError):
    """Nothing was sent: `errors` names, by its place in the set, what stands in the way of each recipient."""

    code = "referral-set.not-ready"

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        super().__init__()
        self.errors = errors


class SetAlreadySent(ReferralError):
    """Nothing of the set is a draft any more."""

    code = "referral-set.already-sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One referral of a set; `ground` carries it where no consent does."""

    referral: ReferralId
    ground: GroundId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralSet:
    """One need of one person, sent to several services at once (FHIR RequestGroup)."""

    id: ReferralSetId
    person: PersonId
    sender: OrganizationId
    mode: Mode
    recipients: tuple[Recipient, ...]
    created_by: UserId
    created_at: datetime
    winner: ReferralId | None = None

    def others(self, referral: ReferralId) -> tuple[ReferralId, ...]:
        """Return the other referrals of the set."""
        return tuple(each.referral for each in self.recipients if each.referral != referral)

    def won_by(self, referral: ReferralId) -> "ReferralSet":
        """Let a referral have the need alone, or raise the neutral `ReferralClosed` where another has it."""
        if self.mode is Mode.ALL:
            return self
        if self.winner is not None:
            raise ReferralClosed
        return replace(self, winner=referral)


def sent_twice(receivers: Sequence[OrganizationId]) -> frozenset[OrganizationId]:
    """Return the organisations that a set names more than once: each gets one referral of a person at most."""
    return frozenset(each for each, times in Counter(receivers).items() if times > 1)


def lose(referral: Referral, winner: Referral, at: datetime) -> Moved:
    """Close a referral because another was accepted first; a draft of which nothing may be told stays a draft."""
    if not winner.is_untold:
        return move(referral, Command.LOSE, Actor.RACE, at)
    return lose_unseen(referral, at) if referral.was_sent else Moved(referral, (), told_sender=False)


def lose_unseen(referral: Referral, at: datetime) -> Moved:
    """Close a referral that was sent without its sender reading anything of it."""
    lost = move(referral, Command.LOSE, Actor.RACE, at)
    veiled = replace(lost.referral, view=referral.view, veil=_veil(referral, at))
    return Moved(veiled, lost.facts, told_sender=False)


def _veil(referral: Referral, at: datetime) -> Veil:
    """Keep the dates at which the sender would have heard of it, unanswered; of an ask on a list it hears the end."""
    if referral.state is State.WAITLISTED:
        asked = (referral.remind_at or at) + ASK_EXPIRES
        return Veil(remind_at=None, expires_at=referral.expires_at or asked)
    return Veil(remind_at=referral.remind_at, expires_at=referral.expires_at or at)


def lift(referral: Referral, veil: Veil, at: datetime) -> Moved:
    """Tell the sender what it would have heard by now of a request that nobody answered, and nobody else."""
    seen = replace(veil, remind_at=None, unseen=veil.unseen + 1)
    if at < veil.expires_at:
        return Moved(replace(referral, veil=seen), (Fact.REMINDED,), told_sender=True)
    telling = Telling(
        state=State.EXPIRED,
        sector=referral.sender_sector,
        feedback=referral.feedback,
        was_accepted=False,
        sharing=referral.sharing is Sharing.LIVE,
        own_act=False,
    )
    word = to_sender(telling, referral.view.word)
    view = replace(referral.view, word=word, version=referral.view.version + 1, changed_at=at)
    return Moved(replace(referral, veil=seen, view=view), (Fact.EXPIRED,), told_sender=True)
