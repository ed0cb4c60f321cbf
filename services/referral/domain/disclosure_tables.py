"""The two tables of who may see what, as data; nothing else in the code says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.referral.domain.taxonomy import PERSONAL, DataClass, Need, Purpose, Sector


class Rule(StrEnum):
    """What consent opens in a cell; the ground is told apart (`Cell.ground`)."""

    CONSENT = "C"
    PURPOSE = "purpose"
    PROVIDER = "provider"
    SERVICE = "service"
    ONCE = "C once"
    TYPE = "type"
    COVERAGE = "coverage"
    ATTESTATION = "attestation"
    OWN = "own"
    CLOSED = "-"
    NEVER = "never"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Cell:
    """One data class for one sector: what consent opens, and whether a recorded ground opens it too."""

    rule: Rule
    ground: bool = False


def _cell(text: str) -> Cell:
    """Read a cell as the domain writes it: `C/L`, `type`, `L`, `-`."""
    words = text.split("/")
    ground = words[-1] == "L"
    rule = words[0] if words[0] != "L" else Rule.CLOSED
    return Cell(Rule(rule), ground)


_SECTORS = (
    Sector.COMMUNITY,
    Sector.HEALTH_SOCIAL,
    Sector.VICTIM_SERVICES,
    Sector.YOUTH_PROTECTION,
    Sector.LAW_ENFORCEMENT,
    Sector.GOVERNMENT,
)


def _row(*texts: str) -> dict[Sector, Cell]:
    return dict(zip(_SECTORS, map(_cell, texts), strict=True))


Cells = Mapping[DataClass, Mapping[Sector, Cell]]

# Columns as in _SECTORS: community, health-social, victim-services, youth-protection, law-enforcement, government.
CELLS: Cells = {
    DataClass.IDENTITY: _row("C/L", "C/L", "C/L", "C/L", "purpose/L", "purpose"),
    DataClass.SAFE_CONTACT: _row("C/L", "C/L", "C/L", "C/L", "C/L", "C"),
    DataClass.CURRENT_LOCATION: _row("provider/L", "provider/L", "L", "L", "C once/L", "-"),
    DataClass.SAFETY: _row("C/L", "C/L", "C/L", "C/L", "C/L", "-"),
    DataClass.HOUSEHOLD: _row("C", "C", "C", "C/L", "L", "purpose"),
    DataClass.PRACTICAL_NEEDS: _row("C", "C", "C", "C/L", "-", "-"),
    DataClass.INDIGENOUS_IDENTITY: _row("C", "C", "C", "C", "-", "-"),
    DataClass.EXPLOITATION: _row("type", "type", "C", "C/L", "purpose", "type"),
    DataClass.HEALTH: _row("service/L", "C/L", "attestation/L", "C/L", "-", "attestation"),
    DataClass.IMMIGRATION: _row("service", "coverage", "C", "coverage/L", "never", "purpose"),
    DataClass.LEGAL: _row("-", "-", "C", "C/L", "own", "purpose"),
    DataClass.AGGREGATES: _row(*["suppressed"] * 6),
}


@dataclass(frozen=True, slots=True)
class Opening:
    """Who may hear of a purpose, and the classes it names; `clinics` adds legal clinics of other sectors."""

    sectors: frozenset[Sector]
    opens: frozenset[DataClass]
    clinics: bool = False


_NO_CLINIC_AMONG = frozenset({Sector.LAW_ENFORCEMENT})
LEGAL_CLINIC: frozenset[Need] = frozenset({Need.LEGAL_REPRESENTATION})

Purposes = Mapping[Purpose, Opening]

PURPOSES: Purposes = {
    Purpose.SUPPORT: Opening(frozenset(Sector), frozenset()),
    Purpose.COMPLAINT: Opening(
        frozenset({Sector.LAW_ENFORCEMENT}), frozenset({DataClass.IDENTITY, DataClass.EXPLOITATION})
    ),
    Purpose.COMPENSATION: Opening(
        frozenset({Sector.GOVERNMENT, Sector.VICTIM_SERVICES}),
        frozenset({DataClass.IDENTITY, DataClass.HOUSEHOLD, DataClass.EXPLOITATION, DataClass.HEALTH, DataClass.LEGAL}),
    ),
    Purpose.LEGAL_REPRESENTATION: Opening(
        frozenset({Sector.VICTIM_SERVICES}), PERSONAL - {DataClass.CURRENT_LOCATION}, clinics=True
    ),
    Purpose.RESIDENCE_PERMIT: Opening(
        frozenset({Sector.GOVERNMENT}),
        frozenset({DataClass.IDENTITY, DataClass.EXPLOITATION, DataClass.IMMIGRATION}),
    ),
    Purpose.LABOUR_STANDARDS: Opening(
        frozenset({Sector.GOVERNMENT}), frozenset({DataClass.IDENTITY, DataClass.EXPLOITATION})
    ),
    Purpose.PROTECTION: Opening(frozenset({Sector.YOUTH_PROTECTION}), frozenset()),
}


def suits(purpose: Purpose, sector: Sector, needs: frozenset[Need], purposes: Purposes = PURPOSES) -> bool:
    """Say whether a purpose may be declared to a recipient of this sector whose service meets these needs."""
    opening = purposes[purpose]
    clinic = opening.clinics and sector not in _NO_CLINIC_AMONG and bool(needs & LEGAL_CLINIC)
    return sector in opening.sectors or clinic


# "provider": whoever houses or transports must know where the person is.
PROVIDER_NEEDS: frozenset[Need] = frozenset({Need.SHELTER_TONIGHT, Need.SHELTER, Need.TRANSPORT})

# "service": the class that a service of this kind cannot work without.
SERVICE_NEEDS: Mapping[DataClass, frozenset[Need]] = {
    DataClass.HEALTH: frozenset({Need.HEALTH_CARE, Need.MENTAL_HEALTH, Need.DETOX}),
    DataClass.IMMIGRATION: frozenset({Need.IMMIGRATION_HELP, Need.DOCUMENT_REPLACEMENT}),
}
