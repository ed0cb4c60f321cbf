"""What of a need stays open once a referral is over, as far as its sender may know; a new referral takes it further."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Mapping, Sequence

from services.referral.domain.errors import ReferralError
from services.referral.domain.outwards import OVER
from services.referral.domain.reasons import Outcome
from services.referral.domain.taxonomy import Need
from services.referral.domain.transitions import State

_WHOLE: frozenset[str] = frozenset({State.DECLINED.value, State.EXPIRED.value, State.FAILED.value})
_UNMET: frozenset[str] = frozenset({Outcome.NOT_MET.value, Outcome.PARTLY_MET.value})


class NothingLeftOpen(ReferralError):
    """It is not over as its sender reads it, or what is asked for does not stay open in it."""

    code = "referral.nothing-left-open"


def needs_left(word: str, needs: Sequence[Need], outcomes: Mapping[str, str] | None) -> tuple[Need, ...] | None:
    """Return the needs that stay open, judged from the word and the outcomes read; None where one may not know.

    A need without an outcome was never shown to the receiver: nobody met it.
    """
    if word == OVER:
        return None
    if word in _WHOLE:
        return tuple(needs)
    if word != State.COMPLETED:
        return ()
    found = outcomes or {}
    return tuple(need for need in needs if found.get(need.value, Outcome.NOT_MET.value) in _UNMET)


def needs_to_carry(left: Sequence[Need] | None, needs: Sequence[Need], wanted: frozenset[Need]) -> tuple[Need, ...]:
    """Return what a linked referral asks for: what is wanted, else all that stays open; raises `NothingLeftOpen`."""
    known = tuple(needs) if left is None else tuple(left)
    carried = tuple(need for need in known if not wanted or need in wanted)
    if not carried or wanted - set(known):
        raise NothingLeftOpen
    return carried
