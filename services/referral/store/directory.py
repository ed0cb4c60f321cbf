"""The directory as referral reads it: services, their organisations, and whom to tell there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pymongo import ASCENDING, IndexModel

from kit.mongo import Collection, Document, Session
from services.referral.domain.availability import Counted
from services.referral.domain.consent import Recipient
from services.referral.domain.identifiers import OrganizationId, ServiceId, UserId
from services.referral.domain.party import COORDINATOR, INTAKE
from services.referral.domain.taxonomy import Need, Regime, Sector

INDEXES = [
    IndexModel([("kind", ASCENDING), ("organization", ASCENDING), ("roles", ASCENDING)]),
]
MOST_TOLD = 200
_ANSWERING_ROLES = [INTAKE, COORDINATOR]
_KNOWN_SECTORS = frozenset(sector.value for sector in Sector)
_KNOWN_REGIMES = frozenset(regime.value for regime in Regime)
_KNOWN_NEEDS = frozenset(need.value for need in Need)


@dataclass(frozen=True, slots=True)
class Destination:
    """A service that can be asked: its organisation, what it does, and its places where it counts them."""

    service: ServiceId
    organization: OrganizationId
    sector: Sector
    needs: frozenset[Need]
    places: int | None


class Directory:
    """Reads the live copy of the projection `referral-directory`."""

    def __init__(self, live: Callable[[], Awaitable[Collection]]) -> None:
        self._live = live

    async def destination(self, service: ServiceId, session: Session | None = None) -> Destination | None:
        """Return an active service with its organisation; None for any that cannot be asked."""
        copy = await self._live()
        found = await copy.find_one({"_id": f"service:{service}"}, session=session)
        if not found or not found.get("active"):
            return None
        organization = OrganizationId(found["organization"])
        sector = await self._sector(copy, organization, session)
        if sector is None or not await self._is_staffed(copy, organization, session):
            return None
        return Destination(service, organization, sector, _needs([found]), found["places"])

    async def destinations(self) -> list[Destination]:
        """Return every service that can be asked."""
        rows = (await self._live()).find({"kind": "service", "active": True}, {"_id": 1})
        found = [await self.destination(ServiceId(row["_id"].removeprefix("service:"))) async for row in rows]
        return [destination for destination in found if destination is not None]

    async def _is_staffed(self, copy: Collection, organization: OrganizationId, session: Session | None) -> bool:
        """Say whether anybody is there to answer: a request to an empty house would wait in silence."""
        query = {"kind": "representative", "organization": organization, "roles": {"$in": _ANSWERING_ROLES}}
        return await copy.find_one(query, {"_id": 1}, session=session) is not None

    async def places(self, service: ServiceId, session: Session) -> int | None:
        """Return how many places a service counts, withdrawn or not; None where it counts none."""
        found = await (await self._live()).find_one({"_id": f"service:{service}"}, {"places": 1}, session=session)
        return found.get("places") if found else None

    async def counted(self, service: ServiceId, session: Session | None = None) -> Counted | None:
        """Return what is known of a service's places; one of which it is not known counts as confidential."""
        found = await (await self._live()).find_one({"_id": f"service:{service}"}, session=session)
        if not found or found.get("places") is None:
            return None
        return Counted(
            organization=OrganizationId(found["organization"]),
            total=found["places"],
            confidential=found.get("confidential", True),
        )

    async def recipient(self, organization: OrganizationId, session: Session | None = None) -> Recipient | None:
        """Return what consent depends on: an organisation's sector, and what all its services do."""
        copy = await self._live()
        sector = await self._sector(copy, organization, session)
        if sector is None:
            return None
        query = {"kind": "service", "organization": organization}
        services = await copy.find(query, {"needs": 1, "active": 1}, session=session).to_list()
        return Recipient(organization=organization, sector=sector, needs=_needs(services))

    async def users(
        self, organization: OrganizationId, role: str, session: Session | None = None
    ) -> tuple[UserId, ...]:
        """Return the active people who hold a role in an organisation, at most 200."""
        copy = await self._live()
        query = {"kind": "representative", "organization": organization, "roles": role}
        rows = await copy.find(query, {"user": 1}, session=session).limit(MOST_TOLD).to_list()
        return tuple(dict.fromkeys(UserId(row["user"]) for row in rows))

    async def works_in(
        self, organization: OrganizationId, users: frozenset[UserId], session: Session | None = None
    ) -> frozenset[UserId]:
        """Return those of the users who are active in an organisation."""
        copy = await self._live()
        query = {"kind": "representative", "organization": organization, "active": True, "user": {"$in": sorted(users)}}
        rows = await copy.find(query, {"user": 1}, session=session).to_list()
        return frozenset(UserId(row["user"]) for row in rows)

    async def regime(self, organization: OrganizationId) -> Regime | None:
        """Return the privacy law a member lives under; None for one that is not known."""
        copy = await self._live()
        found = await copy.find_one({"_id": f"organization:{organization}"}, {"regime": 1})
        known = found.get("regime") if found else None
        return Regime(known) if known in _KNOWN_REGIMES else None

    async def coalition(self, session: Session | None = None) -> OrganizationId | None:
        """Return the coalition's own organisation, which helps nobody and coordinates everybody."""
        copy = await self._live()
        found = await copy.find_one({"kind": "organization", "family": "coalition"}, {"_id": 1}, session=session)
        return OrganizationId(found["_id"].removeprefix("organization:")) if found else None

    async def _sector(self, copy: Collection, organization: OrganizationId, session: Session | None) -> Sector | None:
        """Return a member's sector; None for whom no referral can go to, the coalition itself included."""
        found = await copy.find_one({"_id": f"organization:{organization}"}, {"sector": 1}, session=session)
        known = found.get("sector") if found else None
        return Sector(known) if known in _KNOWN_SECTORS else None


def _needs(services: list[Document]) -> frozenset[Need]:
    """Return what active services do; a need that this version does not know is left out."""
    return frozenset(
        Need(need) for service in services if service.get("active") for need in service["needs"] if need in _KNOWN_NEEDS
    )
