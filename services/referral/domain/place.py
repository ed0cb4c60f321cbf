"""Counted places of a service: taken all at once with an acceptance, released by its end."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import ReferralId, ServiceId


class NoPlaceLeft(ReferralError):
    """The service counts its places, and too few are free for everyone in the referral."""

    code = "referral.no-place-left"


@dataclass(frozen=True, slots=True)
class Places:
    """Who holds how many places of one service; `total` None is a service that does not count."""

    service: ServiceId
    total: int | None
    held: Mapping[ReferralId, int]

    @property
    def taken(self) -> int:
        """Count the places held."""
        return sum(self.held.values())

    def take(self, referral: ReferralId, count: int) -> "Places":
        """Hold `count` places for a referral, or raise `NoPlaceLeft`; an uncounted service holds none."""
        if self.total is None:
            return self
        others = self.taken - self.held.get(referral, 0)
        # A total lowered below what is held gives nothing more, and takes from nobody.
        if others + count > self.total:
            raise NoPlaceLeft
        return replace(self, held={**self.held, referral: count})

    def release(self, referral: ReferralId) -> "Places":
        """Give back what a referral holds; nothing where it holds nothing."""
        return replace(self, held={holder: count for holder, count in self.held.items() if holder != referral})
