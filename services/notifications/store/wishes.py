"""People's preferences, by user id and nothing else."""

from datetime import time
from typing import Any

from kit.mongo import Database, Document, Session, save_version
from services.notifications.domain.kinds import KINDS, Channel
from services.notifications.domain.preferences import Preferences, QuietHours

SCHEMA = 1


class Wishes:
    """Everybody's preferences; who has saved none has the defaults, version 0."""

    def __init__(self, db: Database) -> None:
        self._preferences = db["preferences"]

    async def of(self, user: str, session: Session | None = None) -> Preferences:
        """Return a person's preferences; a kind that no longer exists is left out."""
        row = await self._preferences.find_one({"_id": user}, session=session)
        return _preferences(row) if row else Preferences()

    async def save(self, session: Session, user: str, wishes: Preferences, expected: int) -> None:
        """Save them as version `expected + 1`; raises `VersionConflict`."""
        await save_version(session, self._preferences, _document(user, wishes), expected)


def _document(user: str, wishes: Preferences) -> Document:
    channels = [[kind, channel.value, wanted] for (kind, channel), wanted in wishes.channels.items()]
    hours = _hours(wishes.quiet) if wishes.quiet else None
    return {"_id": user, "schema": SCHEMA, "language": wishes.language, "quiet": hours, "channels": channels}


def _hours(quiet: QuietHours) -> Document:
    return {"start": quiet.start.isoformat("minutes"), "end": quiet.end.isoformat("minutes"), "zone": quiet.zone}


def _preferences(row: Document) -> Preferences:
    channels = {(kind, Channel(name)): wanted for kind, name, wanted in row["channels"] if kind in KINDS}
    return Preferences(row["language"], _quiet(row["quiet"]), channels, row["version"])


def _quiet(hours: dict[str, Any] | None) -> QuietHours | None:
    if hours is None:
        return None
    return QuietHours(time.fromisoformat(hours["start"]), time.fromisoformat(hours["end"]), hours["zone"])
