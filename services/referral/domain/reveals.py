"""What a code gives away: while a class is withheld, every code that reveals it is hidden too."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.referral.domain.taxonomy import DataClass, Need


class Part(StrEnum):
    """How much of a class: a sector may be given a part alone."""

    WHOLE = "whole"
    TYPE = "type"
    COVERAGE = "coverage"
    ATTESTATION = "attestation"


@dataclass(frozen=True, slots=True)
class Facet:
    """A part of a data class."""

    data_class: DataClass
    part: Part = Part.WHOLE


_HEALTH = frozenset({Facet(DataClass.HEALTH)})
_LEGAL = frozenset({Facet(DataClass.LEGAL)})
_IMMIGRATION = frozenset({Facet(DataClass.IMMIGRATION)})
_HOUSEHOLD = frozenset({Facet(DataClass.HOUSEHOLD)})
_SAFETY = frozenset({Facet(DataClass.SAFETY)})
_PRACTICAL = frozenset({Facet(DataClass.PRACTICAL_NEEDS)})
_INDIGENOUS = frozenset({Facet(DataClass.INDIGENOUS_IDENTITY)})
_EXPLOITATION_TYPE = frozenset({Facet(DataClass.EXPLOITATION, Part.TYPE)})

NEEDS: Mapping[Need, frozenset[Facet]] = {
    Need.HEALTH_CARE: _HEALTH,
    Need.MENTAL_HEALTH: _HEALTH,
    Need.DETOX: _HEALTH,
    Need.IMMIGRATION_HELP: _IMMIGRATION,
    Need.DOCUMENT_REPLACEMENT: _IMMIGRATION,
    Need.POLICE_COMPLAINT: _EXPLOITATION_TYPE,
    Need.COMPENSATION: _EXPLOITATION_TYPE,
    Need.LABOUR_STANDARDS: _EXPLOITATION_TYPE,
    Need.CHILD_PROTECTION: _HOUSEHOLD,
    Need.SAFETY_PLANNING: _SAFETY,
}

# First peoples' languages spoken in Quebec (ISO 639-3, and the ISO 639-2 codes that HTCDS writes).
LANGUAGES: Mapping[str, frozenset[Facet]] = dict.fromkeys(
    ("abe", "alq", "atj", "cre", "crj", "crl", "iku", "ike", "mic", "moe", "moh", "nsk", "oji", "pqm", "wya"),
    _INDIGENOUS,
)

# Fields of a need that say more than the need itself.
QUERY_FIELDS: Mapping[str, frozenset[Facet]] = {
    "children": _HOUSEHOLD,
    "accessibility": _PRACTICAL,
    "areas_to_avoid": _SAFETY,
}


_NEED_CODES: Mapping[str, frozenset[Facet]] = {need.value: facets for need, facets in NEEDS.items()}


def of_code(code: str) -> frozenset[Facet]:
    """Return what a need or a language, given by its code, gives away; an unknown code gives nothing."""
    return _NEED_CODES.get(code) or LANGUAGES.get(code, frozenset())


def is_shown(facets: Iterable[Facet], opened: frozenset[Facet]) -> bool:
    """Say whether everything given away is open to the reader; the whole of a class opens its parts."""
    return all(facet in opened or Facet(facet.data_class) in opened for facet in facets)
