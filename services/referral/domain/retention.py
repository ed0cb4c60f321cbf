"""How long what is known of a person is kept once nothing happens any more, by regime and kind of record.

No law gives community groups a number of years: each says that what has served its purpose is destroyed or anonymised.
The years are the coalition's, the same for a kind wherever they can be; a referral is kept as long as the longest of
the regimes of those who took part.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.referral.domain.taxonomy import Regime


class RecordKind(StrEnum):
    """What was done with a record, which says for what it may still be needed."""

    ALONE = "alone"
    UNSERVED = "unserved"
    SERVED = "served"
    WITHOUT_CONSENT = "without-consent"


@dataclass(frozen=True, slots=True)
class Keep:
    """How many years, counted as 366 days so that it is never a day short, and on what ground."""

    years: int
    source: str

    @property
    def delay(self) -> timedelta:
        """Return it as a length of time."""
        return timedelta(days=366 * self.years)


_PRIVATE, _PUBLIC, _HEALTH = "P-39.1, s. 23", "A-2.1, s. 73", "R-22.1, destruction or anonymisation"

SCHEDULE: Mapping[tuple[Regime, RecordKind], Keep] = {
    (Regime.PRIVATE, RecordKind.ALONE): Keep(1, _PRIVATE),
    (Regime.PRIVATE, RecordKind.UNSERVED): Keep(2, _PRIVATE),
    (Regime.PRIVATE, RecordKind.SERVED): Keep(3, f"{_PRIVATE}; Civil Code, art. 2925"),
    (Regime.PUBLIC, RecordKind.ALONE): Keep(1, _PUBLIC),
    (Regime.PUBLIC, RecordKind.UNSERVED): Keep(2, _PUBLIC),
    (Regime.PUBLIC, RecordKind.SERVED): Keep(5, f"{_PUBLIC}; the body's schedule under A-21.1"),
    (Regime.HEALTH, RecordKind.ALONE): Keep(1, _HEALTH),
    (Regime.HEALTH, RecordKind.UNSERVED): Keep(2, _HEALTH),
    (Regime.HEALTH, RecordKind.SERVED): Keep(5, f"{_HEALTH}; the body's schedule"),
    # What was told without consent must be answered for: as long as a register of incidents.
    **{(regime, RecordKind.WITHOUT_CONSENT): Keep(5, "as the registers of Law 25 (5 years)") for regime in Regime},
}

LOOK_AGAIN = timedelta(days=30)
"""When a record that is still in use is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What decides whether a person's record is still needed."""

    kind: RecordKind
    last: datetime
    in_use: bool
    is_held: bool

    def kept_for(self, regimes: Iterable[Regime]) -> timedelta:
        """Return how long it is kept after the last thing done; where no regime is known, the longest."""
        return max(SCHEDULE[regime, self.kind].delay for regime in (set(regimes) or set(Regime)))

    def has_served(self, regimes: Iterable[Regime], before: datetime) -> bool:
        """Say whether it was no longer needed before an instant; a legal hold needs it."""
        return not (self.is_held or self.in_use) and self.last + self.kept_for(regimes) < before


def month_of(at: datetime) -> datetime:
    """Return the instant when a month began (UTC): what ended before it goes together, so that nobody goes alone."""
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
