"""Whether a person may still act for an organisation, from what two consumers know, whichever is ahead.

The projection knows people; the one that takes access away has nothing queued before it. For one aggregate the higher
sequence knows better, and a revocation that is parked, so that nobody read it, denies.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Standing(StrEnum):
    """What is known of a person in an organisation."""

    ACTIVE = "active"
    ENDED = "ended"
    UNKNOWN = "unknown"  # nobody told of them yet, or they are of another organisation
    SHUT = "shut"  # unknown too, and the organisation is shut out


DENIED: Final = frozenset({Standing.ENDED, Standing.SHUT})


@dataclass(frozen=True, slots=True)
class Word:
    """What is known of one representative or organisation: what the projection says, and the last revocation.

    `told` and `revoked` are sequences of that aggregate's messages, 0 is none; `parked` is a revocation nobody read.
    """

    granted: bool
    told: int
    revoked: int
    parked: bool

    @property
    def holds(self) -> bool:
        """Say whether access stands."""
        return self.granted and self.told >= self.revoked and not self.parked


def standing(representatives: Iterable[Word], organization: Word) -> Standing:
    """Judge a person by every representative they are, or were, in one organisation."""
    known = list(representatives)
    if not known:
        return Standing.UNKNOWN if organization.holds else Standing.SHUT
    active = organization.holds and any(word.holds for word in known)
    return Standing.ACTIVE if active else Standing.ENDED


def best_of(found: Iterable[Standing]) -> Standing:
    """Return how a person stands towards several organisations together, of which they may be in one only.

    Being unknown in one organisation says nothing against having lost access in the other.
    """
    standings = set(found)
    order = (Standing.ACTIVE, Standing.ENDED, Standing.UNKNOWN)
    return next((best for best in order if best in standings), Standing.SHUT)
