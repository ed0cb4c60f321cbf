"""The closed lists a referral speaks in: needs, urgency, sectors, regimes, regions, ages, classes of data."""

from enum import StrEnum


class Sector(StrEnum):
    """The six sectors of the coalition's members."""

    COMMUNITY = "community"
    HEALTH_SOCIAL = "health-social"
    VICTIM_SERVICES = "victim-services"
    YOUTH_PROTECTION = "youth-protection"
    LAW_ENFORCEMENT = "law-enforcement"
    GOVERNMENT = "government"


class Regime(StrEnum):
    """The privacy law an organisation lives under: P-39.1, A-2.1 or R-22.1 of Quebec."""

    PRIVATE = "private"
    PUBLIC = "public"
    HEALTH = "health"


class Need(StrEnum):
    """The coalition's taxonomy of needs, shared with the directory of services."""

    SHELTER_TONIGHT = "shelter-tonight"
    SHELTER = "shelter"
    FOOD_CLOTHING = "food-clothing"
    HEALTH_CARE = "health-care"
    MENTAL_HEALTH = "mental-health"
    LEGAL_ADVICE = "legal-advice"
    LEGAL_REPRESENTATION = "legal-representation"
    IMMIGRATION_HELP = "immigration-help"
    COMPENSATION = "compensation"
    POLICE_COMPLAINT = "police-complaint"
    LABOUR_STANDARDS = "labour-standards"
    INTERPRETATION = "interpretation"
    TRANSPORT = "transport"
    EMPLOYMENT = "employment"
    EDUCATION = "education"
    CHILD_PROTECTION = "child-protection"
    INCOME_SUPPORT = "income-support"
    PEER_SUPPORT = "peer-support"
    SAFETY_PLANNING = "safety-planning"
    DOCUMENT_REPLACEMENT = "document-replacement"
    DETOX = "detox"


class Urgency(StrEnum):
    """How soon help is needed; it sets the deadlines."""

    BED_TONIGHT = "bed-tonight"
    SAME_DAY = "same-day"
    WITHIN_WEEK = "within-week"
    STANDARD = "standard"


class AgeBand(StrEnum):
    """The ages that change the rules; unknown is treated as 14 to 17 (Civil Code of Quebec, art. 14)."""

    UNDER_14 = "under-14"
    FROM_14_TO_17 = "14-17"
    ADULT = "adult"
    UNKNOWN = "unknown"

    @property
    def may_be_minor(self) -> bool:
        """Say whether nothing shows this person to be an adult."""
        return self is not AgeBand.ADULT


class DataClass(StrEnum):
    """The kinds of personal data that disclosure tells apart, in the order in which people see them."""

    SAFE_CONTACT = "safe-contact"
    IDENTITY = "identity"
    CURRENT_LOCATION = "current-location"
    SAFETY = "safety"
    HOUSEHOLD = "household"
    PRACTICAL_NEEDS = "practical-needs"
    INDIGENOUS_IDENTITY = "indigenous-identity"
    EXPLOITATION = "exploitation"
    HEALTH = "health"
    IMMIGRATION = "immigration"
    LEGAL = "legal"
    AGGREGATES = "aggregates"


PERSONAL: frozenset[DataClass] = frozenset(DataClass) - {DataClass.AGGREGATES}

REGIONS: frozenset[str] = frozenset(f"{number:02d}" for number in range(1, 18))


class Purpose(StrEnum):
    """Why data are shared; `support` is ordinary help and opens no cell of its own."""

    SUPPORT = "support"
    COMPLAINT = "complaint"
    COMPENSATION = "compensation"
    LEGAL_REPRESENTATION = "legal-representation"
    RESIDENCE_PERMIT = "residence-permit"
    LABOUR_STANDARDS = "labour-standards"
    PROTECTION = "protection"
