"""What the API shows and takes: entries, the stream's events, preferences, the delivery log."""

from datetime import datetime, time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kit.http import Page
from services.notifications.domain.delivery import State, as_of
from services.notifications.domain.kinds import KINDS, Channel, Kind, kind_of
from services.notifications.domain.preferences import DEFAULT_ZONE, Language, Preferences, QuietHours, Zone
from services.notifications.store import Delivery, Entry

Hour = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Words(BaseModel):
    """The same words in both languages."""

    fr: str
    en: str


class EntryView(BaseModel):
    """One notice: what kind of thing happened, when, and where to look; never about whom."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0b0e5a2e-6f2b-4d57-9a53-7c1c4f2f0a11",
                "kind": "referral-requested",
                "title": {"fr": "Une orientation vous est adressée", "en": "A referral is addressed to you"},
                "alarm": False,
                "link": "/referrals/6f9c2a34-1f0e-4a55-8f38-0f3a7a1a9b10",
                "at": "2026-11-24T03:10:00Z",
                "read_at": None,
            }
        }
    )
    id: str
    kind: str = Field(description="A code of `GET /api/v1/notifications/kinds`.")
    title: Words
    alarm: bool = Field(description="Safety or a promised delay hangs on it; quiet hours never hold it back.")
    link: str = Field(description="A path inside the system, to be opened once signed in.")
    at: datetime = Field(description="When it happened, UTC.")
    read_at: datetime | None


class InboxPage(Page[EntryView]):
    """One page of the inbox, newest first."""

    unread: int = Field(description="How many are unread, counted up to 1000.")
    last_event_id: str = Field(description="Open the stream with it as `after`: nothing is missed in between.")


class UnreadView(BaseModel):
    """How many notices are unread."""

    model_config = ConfigDict(json_schema_extra={"example": {"unread": 3}})
    unread: int = Field(description="Counted up to 1000.")


class ReadUpTo(BaseModel):
    """Everything up to and including this entry was seen."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"up_to": "0b0e5a2e-6f2b-4d57-9a53-7c1c4f2f0a11"}}
    )
    up_to: str = Field(max_length=64)


class KindView(BaseModel):
    """One kind of notice, and the channels it takes unless its reader says otherwise."""

    kind: str
    title: Words
    alarm: bool
    channels: dict[Channel, bool]


class KindsView(BaseModel):
    """Every kind of notice there is."""

    items: list[KindView]


class QuietHoursView(BaseModel):
    """When to keep quiet, on the reader's own clock; `end` before `start` goes past midnight."""

    model_config = ConfigDict(extra="forbid")
    start: Hour
    end: Hour
    zone: Zone = DEFAULT_ZONE

    def hours(self) -> QuietHours:
        """Read them; raises `QuietHoursEmpty`."""
        return QuietHours(time.fromisoformat(self.start), time.fromisoformat(self.end), self.zone)


class PreferencesView(BaseModel):
    """How a person wants to be told; given whole, and what is left out of `channels` follows the kind's default."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "language": "fr",
                "quiet_hours": {"start": "22:00", "end": "07:00", "zone": "America/Toronto"},
                "channels": {"referral-accepted": {"email": False}},
            }
        },
    )
    language: Language | None = Field(None, description="Of e-mails; null follows the account.")
    quiet_hours: QuietHoursView | None = Field(None, description="E-mails wait until they end; alarms never do.")
    channels: dict[str, dict[str, bool]] = Field(default_factory=dict, max_length=100)

    def wishes(self) -> Preferences:
        """Read them; raises `UnknownKind`, `UnknownChannel` or `QuietHoursEmpty`."""
        quiet = self.quiet_hours.hours() if self.quiet_hours else None
        return Preferences(self.language, quiet).with_choices(self.channels)


class DeliveryView(BaseModel):
    """What became of one notice on its way out."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "entry": "0b0e5a2e-6f2b-4d57-9a53-7c1c4f2f0a11",
                "kind": "referral-requested",
                "channel": "email",
                "state": "retrying",
                "reason": "SMTPConnectError",
                "attempts": 2,
                "created_at": "2026-11-24T03:10:00Z",
                "changed_at": "2026-11-24T03:10:06Z",
            }
        }
    )
    entry: str
    kind: str
    channel: Channel
    state: State
    reason: str | None = Field(description="A code: why it waits, failed or was dropped.")
    attempts: int
    created_at: datetime
    changed_at: datetime


class ReadyEvent(BaseModel):
    """The stream has begun; `reset` says that the point to resume from was unknown: read the inbox again."""

    unread: int
    reset: bool


class EndEvent(BaseModel):
    """The stream ends, and why."""

    reason: Literal["token-expired", "access-ended", "restarting"]


def entry_view(entry: Entry) -> EntryView:
    """Show an entry."""
    kind = kind_of(entry.kind)
    return EntryView(
        id=entry.id,
        kind=entry.kind,
        title=_title(kind),
        alarm=kind.alarm,
        link=entry.link,
        at=entry.at,
        read_at=entry.read_at,
    )


def kinds_view() -> KindsView:
    """Show the table of kinds."""
    return KindsView(items=[_kind_view(kind) for kind in KINDS.values()])


def preferences_view(wishes: Preferences) -> PreferencesView:
    """Show a person's preferences with every kind spelled out."""
    channels = {
        kind.code: {channel.value: wishes.wants(kind, channel) for channel in Channel} for kind in KINDS.values()
    }
    hours = _hours(wishes.quiet) if wishes.quiet else None
    return PreferencesView(language=wishes.language, quiet_hours=hours, channels=channels)


def _hours(quiet: QuietHours) -> QuietHoursView:
    return QuietHoursView(start=quiet.start.isoformat("minutes"), end=quiet.end.isoformat("minutes"), zone=quiet.zone)


def delivery_view(delivery: Delivery, now: datetime) -> DeliveryView:
    """Show a delivery as it stands at `now`."""
    return DeliveryView(
        entry=delivery.entry,
        kind=delivery.kind,
        channel=delivery.channel,
        state=as_of(delivery.state, delivery.until, now),
        reason=delivery.reason,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        changed_at=delivery.changed_at,
    )


def _kind_view(kind: Kind) -> KindView:
    channels = {channel: channel in kind.channels for channel in Channel}
    return KindView(kind=kind.code, title=_title(kind), alarm=kind.alarm, channels=channels)


def _title(kind: Kind) -> Words:
    return Words(fr=kind.title.fr, en=kind.title.en)
