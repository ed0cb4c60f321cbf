"""Who holds the counted places of a service: one document a service, so that the last place is given once."""

from kit.mongo import Database, Session, save_version
from services.referral.domain.identifiers import ReferralId, ServiceId
from services.referral.domain.place import Places


class PlaceBook:
    """Places by service. The total is the directory's; who holds them is ours."""

    def __init__(self, database: Database) -> None:
        self._rows = database["places"]

    async def take(
        self, session: Session, service: ServiceId, total: int | None, referral: ReferralId, count: int
    ) -> int:
        """Hold places for a referral; raises `NoPlaceLeft`; returns how many are held, 0 where none are counted."""
        places, version = await self._load(session, service, total)
        taken = places.take(referral, count)
        if taken is places:
            return 0
        await self._save(session, taken, version)
        return count

    async def release(self, session: Session, service: ServiceId, referral: ReferralId) -> None:
        """Give back what a referral holds."""
        places, version = await self._load(session, service, None)
        if referral in places.held:
            await self._save(session, places.release(referral), version)

    async def taken(self, session: Session, service: ServiceId) -> int:
        """Count the places of a service that are held."""
        return (await self._load(session, service, None))[0].taken

    async def _load(self, session: Session, service: ServiceId, total: int | None) -> tuple[Places, int]:
        row = await self._rows.find_one({"_id": service}, session=session) or {"held": {}, "version": 0}
        return Places(service, total, row["held"]), row["version"]

    async def _save(self, session: Session, places: Places, version: int) -> None:
        # Both write one document, so two takers of the last place collide and one of them looks again.
        await save_version(session, self._rows, {"_id": places.service, "held": dict(places.held)}, version)
