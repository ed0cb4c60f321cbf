"""The refusals of this service; each has a stable code."""
# ruff: noqa: N818 - a refusal's name says what stands in the way


class NotificationsError(Exception):
    """The root of this service's refusals."""

    code: str


class UnknownKind(NotificationsError):
    """No notice has this kind."""

    code = "notifications.unknown-kind"


class UnknownChannel(NotificationsError):
    """No notice goes out by this channel."""

    code = "notifications.unknown-channel"


class QuietHoursEmpty(NotificationsError):
    """Quiet hours that begin when they end would be none, or the whole day: say which you mean."""

    code = "notifications.quiet-hours-empty"


class EntryNotFound(NotificationsError):
    """The reader has no such entry."""

    code = "notifications.entry-not-found"


class AccessEnded(NotificationsError):
    """The reader may no longer act for this organisation."""

    code = "notifications.access-ended"


class MalformedEventId(NotificationsError):
    """`Last-Event-ID` is not an identifier that a stream of ours has given."""

    code = "notifications.malformed-event-id"


class TooManyStreams(NotificationsError):
    """The reader holds as many live streams as one may."""

    code = "notifications.too-many-streams"
