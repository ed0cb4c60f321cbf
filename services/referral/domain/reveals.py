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
    COUNT = "count"


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
HOW_MANY = Facet(DataClass.HOUSEHOLD, Part.COUNT)
"""How many come along: whoever houses or transports them must know it."""
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
    Need.LEGAL_ADVICE: _LEGAL,
    Need.LEGAL_REPRESENTATION: _LEGAL,
}

# Languages of First Nations, Inuit and Métis in Canada, as ISO 639-3 has them, with their groups in ISO 639-2, which
# HTCDS writes: each variety has a code of its own, and a person's village may be read from any of them.
_ALGONQUIAN = """aaq abe alg alq atj bla ciw cre crj crk crl crm csw cwd del mic moe nsk ojb ojc ojg oji ojs ojw
otw pot pqm umu unm"""
_INUIT = "ike ikt iks iku ipk"
_IROQUOIAN_AND_SIOUAN = "asb cay dak iro lkt moh one ono see sio sto tus wdt wya wyn"
_DENE = "ath bcr bea caf chp clc crx den dgr gwi haa kkz scs sek srs tau tce tgx tht ttm xsl"
_PACIFIC = """blc chn clm coo dtd git hai has hax hdn hei hur kut kwk lil ncg nuk oka sal sec shs squ str thp tli tsi
wak"""
_MICHIF = "crg"
_GROUPS = (_ALGONQUIAN, _INUIT, _IROQUOIAN_AND_SIOUAN, _DENE, _PACIFIC, _MICHIF)
LANGUAGES: Mapping[str, frozenset[Facet]] = {code: _INDIGENOUS for group in _GROUPS for code in group.split()}

# Fields of a need that say more than the need itself.
QUERY_FIELDS: Mapping[str, frozenset[Facet]] = {
    "children": _HOUSEHOLD,
    "party_size": frozenset({HOW_MANY}),
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
