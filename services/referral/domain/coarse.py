"""How a case is told in statistics: each fact from what was recorded up to what everybody shares.

There is no Indigenous identity here: it is told under that nation's agreement alone (OCAP). Nor is it told where
somebody was sheltered, since that would count the places of confidential houses.
"""

from collections.abc import Mapping
from typing import Any

from services.referral.domain.anonymity import ANY, Case, Ladder
from services.referral.domain.capacity import Query
from services.referral.domain.reasons import Outcome
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import Need, Sector

_GROUPS: Mapping[str, frozenset[Need]] = {
    "shelter-and-basics": frozenset(
        {Need.SHELTER_TONIGHT, Need.SHELTER, Need.FOOD_CLOTHING, Need.TRANSPORT, Need.INCOME_SUPPORT}
    ),
    "health": frozenset({Need.HEALTH_CARE, Need.MENTAL_HEALTH, Need.DETOX}),
    "law": frozenset(
        {
            *(Need.LEGAL_ADVICE, Need.LEGAL_REPRESENTATION, Need.COMPENSATION, Need.POLICE_COMPLAINT),
            *(Need.LABOUR_STANDARDS, Need.IMMIGRATION_HELP, Need.DOCUMENT_REPLACEMENT),
        }
    ),
    "life": frozenset({Need.INTERPRETATION, Need.EMPLOYMENT, Need.EDUCATION, Need.PEER_SUPPORT}),
    "protection": frozenset({Need.CHILD_PROTECTION, Need.SAFETY_PLANNING}),
}
GROUP_OF: Mapping[str, str] = {need.value: group for group, needs in _GROUPS.items() for need in needs}
_SHELTERED = frozenset({Need.SHELTER, Need.SHELTER_TONIGHT})

# The administrative regions of Quebec in four zones: two cities with those around them, the rest near, and far.
_ZONES: Mapping[str, frozenset[str]] = {
    "montreal": frozenset({"06", "13", "14", "15", "16"}),
    "quebec": frozenset({"03", "12"}),
    "near": frozenset({"04", "05", "07", "17"}),
    "far": frozenset({"01", "02", "08", "09", "10", "11"}),
}
ZONE_OF: Mapping[str, str] = {region: zone for zone, regions in _ZONES.items() for region in regions} | {ANY: ANY}
_GENDERS = {"Feminine": "feminine", "Masculine": "masculine"}
_AUTHORITIES = frozenset({Sector.YOUTH_PROTECTION.value, Sector.LAW_ENFORCEMENT.value, Sector.GOVERNMENT.value})


def _as_is(value: str) -> str:
    return value


def _side(sector: str) -> str:
    return "authority" if sector in _AUTHORITIES else "help"


def _half(quarter: str) -> str:
    return f"{quarter[:4]}-H{(int(quarter[-1]) + 1) // 2}"


NEED = Ladder("need", (GROUP_OF.__getitem__, _as_is))
REGION = Ladder("region", (ZONE_OF.__getitem__, _as_is))
AGE = Ladder("age", (_as_is,))
GENDER = Ladder("gender", (_as_is,))
SECTOR = Ladder("sector", (_side, _as_is))
PERIOD = Ladder("period", (lambda quarter: quarter[:4], _half, _as_is))
OUTCOME = Ladder("outcome", (_as_is,))

ASKED: tuple[Ladder, ...] = (NEED, REGION, AGE, GENDER)
"""What a month's counts of people who asked for help tell of each."""
ENDED: tuple[Ladder, ...] = (SECTOR, OUTCOME)
"""What a month's counts of people whose referral ended tell of each."""
SURVIVING: tuple[Ladder, ...] = (PERIOD, NEED, SECTOR, AGE, REGION)
"""What is left of a case once nobody can be recognised in it."""

# From the best to what nobody was asked about: of several needs, the case has the least good.
_WORST = (Outcome.NOT_MET, Outcome.PARTLY_MET, Outcome.MET, Outcome.NO_LONGER_NEEDED)


def case_of(
    referral: Referral, query: Query, outcomes: Mapping[str, str] | None, identity: Mapping[str, Any] | None
) -> Case:
    """Return what statistics know of one person's referral; the organisation only tells that there are several."""
    need = query.needs[0]
    at = referral.ended_at or referral.created_at
    gender = (identity or {}).get("prs_Gender")
    facts = {
        "need": need.value,
        "region": ANY if need in _SHELTERED or query.region is None else query.region,
        "age": query.age.value,
        "gender": _GENDERS.get(str(gender), "other-or-unknown"),
        "sector": referral.receiver_sector.value,
        "period": f"{at.year}-Q{(at.month + 2) // 3}",
        "outcome": outcome_of(referral, outcomes),
    }
    return Case(facts, facts["outcome"], referral.sender)


def outcome_of(referral: Referral, outcomes: Mapping[str, str] | None) -> str:
    """Return the least good of the outcomes, else the word it ended with."""
    told = set((outcomes or {}).values())
    return next((outcome.value for outcome in _WORST if outcome.value in told), referral.state.value)
