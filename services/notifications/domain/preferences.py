"""What a reader asks of us: which notices leave by which channel, in which language, and when to keep quiet."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from services.notifications.domain.errors import QuietHoursEmpty, UnknownChannel
from services.notifications.domain.kinds import Channel, Kind, kind_of

Language = Literal["fr", "en"]

# The zones of Quebec: nearly everywhere, the Îles-de-la-Madeleine, and the Lower North Shore.
# Source: Legal Time Act (CQLR, c. T-5.1).
Zone = Literal["America/Toronto", "America/Halifax", "America/Blanc-Sablon"]
DEFAULT_ZONE: Final[Zone] = "America/Toronto"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` on the reader's own clock, past midnight where `end` comes first."""

    start: time
    end: time
    zone: Zone = DEFAULT_ZONE

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise QuietHoursEmpty

    def covers(self, at: datetime) -> bool:
        """Say whether the instant is a quiet one."""
        local = at.astimezone(ZoneInfo(self.zone)).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def end_after(self, at: datetime) -> datetime:
        """Return the next instant at which they end, in UTC; a change of clocks in between is counted."""
        local = at.astimezone(ZoneInfo(self.zone))
        day = local.date() if local.time() < self.end else local.date() + timedelta(days=1)
        return datetime.combine(day, self.end, ZoneInfo(self.zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Preferences:
    """A reader's wishes; `channels` holds only what differs from a kind's defaults, `version` 0 is never saved.

    `language` None follows the account.
    """

    language: Language | None = None
    quiet: QuietHours | None = None
    channels: Mapping[tuple[str, Channel], bool] = field(default_factory=dict)
    version: int = 0

    def wants(self, kind: Kind, channel: Channel) -> bool:
        """Say whether a notice of this kind goes out by this channel."""
        return self.channels.get((kind.code, channel), channel in kind.channels)

    def with_choices(self, choices: Mapping[str, Mapping[str, bool]]) -> "Preferences":
        """Return them with these channels by kind; raises `UnknownKind` or `UnknownChannel`."""
        chosen = {
            (kind_of(code), _channel(name)): wanted
            for code, by_channel in choices.items()
            for name, wanted in by_channel.items()
        }
        # A choice that is the default is not one: should the default change, its reader follows.
        kept = {(kind.code, to): wanted for (kind, to), wanted in chosen.items() if wanted != (to in kind.channels)}
        return replace(self, channels=kept)


def _channel(name: str) -> Channel:
    try:
        return Channel(name)
    except ValueError:
        raise UnknownChannel from None
