"""Every field of a person's record, by data class: what its being there gives away, and what each of its codes does.

HTCDS 2.0 names where the standard has one. While a class is withheld, whatever here reveals it reads as never written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from services.referral.domain import htcds
from services.referral.domain.contact import Channel
from services.referral.domain.reveals import LANGUAGES, NEEDS, Facet, is_shown
from services.referral.domain.taxonomy import REGIONS, AgeBand, DataClass, Need

_NOTHING: frozenset[Facet] = frozenset()
Codes = Mapping[str, frozenset[Facet]]


@dataclass(frozen=True, slots=True)
class Fact:
    """A field: what its being there reveals, what each of its codes does, and the fields of its entries.

    An empty `codes` is free text, a number or a date; an entry of which one field or code must go, goes whole.
    """

    reveals: frozenset[Facet] = _NOTHING
    codes: Codes = field(default_factory=dict)
    entries: Mapping[str, "Fact"] = field(default_factory=dict)


def _of(*classes: DataClass) -> frozenset[Facet]:
    return frozenset(map(Facet, classes))


def _coded(codes: Iterable[str], revealing: Mapping[str, frozenset[Facet]] | None = None) -> Fact:
    return Fact(codes=dict.fromkeys(codes, _NOTHING) | dict(revealing or {}))


def _listed(literal: object, **revealing: frozenset[Facet]) -> Fact:
    return _coded(get_args(literal), revealing)


def _plain(*names: str) -> dict[str, Fact]:
    return dict.fromkeys(names, Fact())


_HEALTH = _of(DataClass.HEALTH)
_HOUSEHOLD = _of(DataClass.HOUSEHOLD)
_IDENTITY = _of(DataClass.IDENTITY)
_IMMIGRATION = _of(DataClass.IMMIGRATION)
_LEGAL = _of(DataClass.LEGAL)
_SAFETY = _of(DataClass.SAFETY)

_LANGUAGE = Fact(codes=LANGUAGES)
"""Any ISO 639-3 code; those that reveal something are listed."""

# What happened abroad tells that somebody came from there.
_COUNTRY = _coded(htcds.COUNTRIES, dict.fromkeys(htcds.COUNTRIES - {"CA"}, _IMMIGRATION))

_EVENT = {
    "hte_Type": _listed(htcds.EventType),
    "hte_Country": _COUNTRY,
    **_plain("hte_Date", "hte_State", "hte_City", "hte_Description"),
}
_PERPETRATOR = {
    "per_RoleInProcess": _listed(htcds.PerpetratorRole, Smuggler=_IMMIGRATION, BrokerTravelAgent=_IMMIGRATION),
    **_plain("per_RoleDetails"),
}

_EXPLOITATION = {
    # A child's work tells an age; a marriage, an adoption or a surrogacy, who there is; an organ, a body.
    "vic_TypeOfExploitation": _listed(
        htcds.Exploitation,
        ChildLabour=_IDENTITY,
        ForcedMarriage=_HOUSEHOLD,
        ForcedAdoption=_HOUSEHOLD,
        OrganRemoval=_HEALTH,
        Surrogacy=_HEALTH | _HOUSEHOLD,
    ),
    "vic_TraffickingStatus": _listed(htcds.TraffickingStatus),
    # Who decided tells of a file with them; of a government, in Canada, a permit for victims of trafficking.
    "vic_TraffickingStatusDecisionMakingOrg": _listed(
        htcds.DecisionMaker, Police=_LEGAL, CourtOrProsecution=_LEGAL, NonPoliceGovernmentalOrganization=_IMMIGRATION
    ),
    "vic_RelationshipToTrafficker": _listed(htcds.Relationship, Familial=_HOUSEHOLD),
    "vic_AgeWhenTrafficked": Fact(reveals=_IDENTITY),
    "vic_MethodOfRecruitment": _listed(htcds.Recruitment, ThroughFamilyOrFamilyEvents=_HOUSEHOLD),
    "vic_RecruitmentWebsitesAndApps": _listed(htcds.WebsiteOrApp),
    # A place abroad tells where somebody comes from, and no list of codes says which places are.
    "vic_LocationOfRecruitment": Fact(reveals=_IMMIGRATION),
    # Papers are withheld, and police or agents threatened, where somebody's right to be here hangs on them.
    "vic_MethodsOfControl": _listed(
        htcds.Control,
        ThreatsLawEnforcement=_IMMIGRATION,
        WithholdsDocuments=_IMMIGRATION,
        ThreatensChildrenFamily=_HOUSEHOLD,
        RestrictsMedicalCare=_HEALTH,
        PsychoactiveSubstance=_HEALTH,
    ),
    "vic_ForcedLabourIndustry": _listed(htcds.Industry),
    "vic_TypeOfSexExploitation": _listed(htcds.SexExploitation),
    # Somebody may be there still, or near.
    "vic_LocationOfExploitation": Fact(reveals=_of(DataClass.CURRENT_LOCATION)),
    "vic_ExploitationWebsitesAndApps": _listed(htcds.WebsiteOrApp),
    "events": Fact(entries=_EVENT),
    "perpetrators": Fact(entries=_PERPETRATOR),
    **_plain("facts"),
}

FACTS: Mapping[DataClass, Mapping[str, Fact]] = {
    DataClass.SAFE_CONTACT: {
        "channel": _coded(Channel),
        **_plain("address", "hours", "ask_for", "code_word", "voicemail", "sms", "email", "device_seen_by"),
        **_plain("verified_on"),
    },
    DataClass.IDENTITY: {
        **_plain("preferred_name", "prs_FirstName", "prs_MiddleName", "prs_SecondName", "prs_Birthdate"),
        "age_band": _coded(AgeBand),
        "prs_Gender": _listed(htcds.Gender),
        "prs_PrimaryLanguage": _LANGUAGE,
        "prs_SecondaryLanguage": _LANGUAGE,
        "languages": _LANGUAGE,
    },
    DataClass.CURRENT_LOCATION: {"region": _coded(REGIONS), **_plain("place", "note")},
    DataClass.SAFETY: {
        "risk": _coded(("imminent", "high", "moderate", "low", "unknown")),
        **_plain("areas_to_avoid", "note"),
    },
    DataClass.HOUSEHOLD: {
        "prs_MaritalStatus": _listed(htcds.MaritalStatus),
        **_plain("prs_NumberOfChildren", "adults", "children_ages", "note"),
    },
    DataClass.PRACTICAL_NEEDS: {
        "needs": _coded(Need, {need.value: facets for need, facets in NEEDS.items()}),
        "prs_HighestLevelOfEducation": _listed(htcds.Education),
        **_plain("note"),
    },
    DataClass.INDIGENOUS_IDENTITY: _plain("nation", "community", "note"),
    DataClass.EXPLOITATION: _EXPLOITATION,
    DataClass.HEALTH: _plain("attestation_signed", "note"),
    DataClass.IMMIGRATION: {
        "prs_Citizenship": _coded(htcds.COUNTRIES),
        **_plain("prs_IdentityNumber", "insured", "status", "note"),
    },
    DataClass.LEGAL: {
        "entries": Fact(
            entries={
                "kind": _coded(
                    ("police-file", "court-file", "protection-order", "other"), {"protection-order": _SAFETY}
                ),
                **_plain("reference", "author_organization_id", "note"),
            }
        ),
    },
}

# The names of earlier releases, whose records are read as if they were written today.
EARLIER: Mapping[DataClass, Mapping[str, str]] = {
    DataClass.IDENTITY: {
        "first_name": "prs_FirstName",
        "last_name": "prs_SecondName",
        "birth_date": "prs_Birthdate",
        "gender": "prs_Gender",
    },
    DataClass.EXPLOITATION: {"types": "vic_TypeOfExploitation", "status": "vic_TraffickingStatus"},
}


def as_named_now(data_class: DataClass, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a class under today's names, whichever release wrote them."""
    names = EARLIER.get(data_class, {})
    return {names.get(name, name): value for name, value in fields.items()}


def revealing_nothing(data_class: DataClass, fields: Mapping[str, Any], open_to: frozenset[Facet]) -> dict[str, Any]:
    """Return the fields of a class without all that gives away what is not open; what is left of nothing is absent.

    A field this table does not know is left out: nobody said what it reveals.
    """
    facts = FACTS.get(data_class, {})
    kept = {name: _kept(facts[name], value, open_to) for name, value in fields.items() if name in facts}
    return {name: value for name, value in kept.items() if value is not None and value != []}


def _kept(fact: Fact, value: Any, open_to: frozenset[Facet]) -> Any:
    """Return what of a value may be told; None where nothing may."""
    if isinstance(value, list | tuple):
        return [each for each in value if _kept(fact, each, open_to) is not None]
    if isinstance(value, Mapping):
        return value if all(_is_kept_whole(fact, name, each, open_to) for name, each in value.items()) else None
    told = fact.reveals | fact.codes.get(value, _NOTHING) if isinstance(value, str) else fact.reveals
    return value if is_shown(told, open_to) else None


def _is_kept_whole(fact: Fact, name: str, value: Any, open_to: frozenset[Facet]) -> bool:
    known = fact.entries.get(name)
    return known is not None and _kept(known, value, open_to) == value
