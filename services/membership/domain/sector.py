"""The sectors of the coalition, the families of access and the privacy regimes, and which go together."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from services.membership.domain.refusal import MembershipRefusal


class Sector(StrEnum):
    """Where an organisation works (seed of domain.md)."""

    COMMUNITY = "community"
    HEALTH_SOCIAL = "health-social"
    VICTIM_SERVICES = "victim-services"
    YOUTH_PROTECTION = "youth-protection"
    LAW_ENFORCEMENT = "law-enforcement"
    GOVERNMENT = "government"
    COALITION = "coalition"


class Family(StrEnum):
    """What access an organisation's people can have."""

    NGO = "ngo"
    PUBLIC_AGENCY = "public-agency"
    POLICE = "police"
    COALITION = "coalition"


class Regime(StrEnum):
    """The privacy law that binds it: P-39.1, A-2.1 or R-22.1."""

    PRIVATE = "private"
    PUBLIC = "public"
    HEALTH = "health"


FAMILIES: Mapping[Sector, frozenset[Family]] = MappingProxyType(
    {
        Sector.COMMUNITY: frozenset({Family.NGO}),
        Sector.HEALTH_SOCIAL: frozenset({Family.PUBLIC_AGENCY}),
        Sector.VICTIM_SERVICES: frozenset({Family.NGO, Family.PUBLIC_AGENCY}),
        Sector.YOUTH_PROTECTION: frozenset({Family.PUBLIC_AGENCY}),
        Sector.LAW_ENFORCEMENT: frozenset({Family.POLICE}),
        Sector.GOVERNMENT: frozenset({Family.PUBLIC_AGENCY}),
    }
)
REGIMES: Mapping[Family, frozenset[Regime]] = MappingProxyType(
    {
        Family.NGO: frozenset({Regime.PRIVATE}),
        Family.PUBLIC_AGENCY: frozenset({Regime.PUBLIC, Regime.HEALTH}),
        Family.POLICE: frozenset({Regime.PUBLIC}),
    }
)


class FamilyNotOfSector(MembershipRefusal):
    """No organisation of this sector belongs to this family, or is bound by this regime."""

    code = "membership.family-not-of-sector"


def hold_together(sector: Sector, family: Family, regime: Regime) -> None:
    """Raise `FamilyNotOfSector` for a combination that does not exist; the coalition's own sector never applies."""
    if family not in FAMILIES.get(sector, frozenset()) or regime not in REGIMES[family]:
        raise FamilyNotOfSector
