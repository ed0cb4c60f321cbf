"""What others were told of a service's places: one document a service that counts them."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter

from kit.messages import Message
from kit.mongo import Database, Session, save_version
from kit.outbox import Outbox
from services.referral.domain.availability import Shown
from services.referral.domain.identifiers import ServiceId
from services.referral.store.records import Kept, to_fields, to_kept

_SHOWN = TypeAdapter(Shown)


class AvailabilityBook:
    """By service, loaded by its id alone."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._rows = database["availability"]
        self._outbox = outbox

    async def of(self, service: ServiceId, session: Session | None = None) -> Kept[Shown]:
        """Load what is shown of a service; of one whose places were never taken, that there are some."""
        row = await self._rows.find_one({"_id": service}, session=session)
        return to_kept(_SHOWN, row) if row else Kept(Shown(id=service), 0)

    async def save(
        self, session: Session, shown: Shown, messages: Sequence[Message], at: datetime, kept: Kept[Shown]
    ) -> None:
        """Write it over the one loaded, with what it tells."""
        told = await self._outbox.append(session, f"availability:{shown.id}", kept.told, messages, at)
        await save_version(session, self._rows, to_fields(_SHOWN, shown) | {"told": told}, kept.version)
