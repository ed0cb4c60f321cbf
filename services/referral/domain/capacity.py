"""Asking several services whether they could help, without saying whom; what singles out is made coarser first."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.referral.domain.deadlines import DEADLINES
from services.referral.domain.errors import ReferralError
from services.referral.domain.reveals import QUERY_FIELDS, Facet, is_shown
from services.referral.domain.taxonomy import REGIONS, AgeBand, Need, Sector, Urgency


class Eligibility(StrEnum):
    """For whom a place must be meant."""

    WOMEN = "women"
    MEN = "men"
    ANYONE = "anyone"
    TRANS_INCLUSIVE = "trans-inclusive"


class ChildBand(StrEnum):
    """The ages of accompanying children."""

    UNDER_5 = "under-5"
    FROM_5_TO_11 = "5-11"
    FROM_12_TO_17 = "12-17"


class Accessibility(StrEnum):
    """What a place must allow."""

    STEP_FREE = "step-free"
    SERVICE_ANIMAL = "service-animal"
    SIGN_LANGUAGE = "sign-language"
    LOW_VISION = "low-vision"


class Duration(StrEnum):
    """For how long."""

    NIGHT = "night"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


class Answer(StrEnum):
    """What a service says to a query."""

    CAPACITY = "capacity"
    NO_CAPACITY = "no-capacity"
    WAITLIST = "waitlist"
    MORE_INFORMATION = "more-information"


INTERPRETER = "interpreter"
COMMON_LANGUAGES: frozenset[str] = frozenset({"fra", "eng", "spa", "ara", "por", "zho", "hat"})
LARGE_FAMILY = 3
FEW_AREAS = 3
PARTY_LIMIT = 50
SERVICES_AT_ONCE = 10
QUERIES_AN_HOUR = 20
HOUR = timedelta(hours=1)


class QueryInvalid(ReferralError):
    """A code of the query is in no list, or a number out of bounds."""

    code = "capacity.query-invalid"


class QueryClosed(ReferralError):
    """The time to answer is over."""

    code = "capacity.query-closed"


class QueryAlreadyAnswered(ReferralError):
    """This service has given another answer; ask the sender to ask again."""

    code = "capacity.already-answered"


class TooManyQueries(ReferralError):
    """A worker asks at most 20 times an hour: availability must not be mapped."""

    code = "capacity.too-many-queries"


class InformationNotSaid(ReferralError):
    """To ask for more information is to say which, by its code; other answers ask for none."""

    code = "capacity.information-not-said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked for; everything but one need is optional, and no field can hold a sentence."""

    needs: tuple[Need, ...]
    urgency: Urgency = Urgency.STANDARD
    region: str | None = None
    age: AgeBand = AgeBand.UNKNOWN
    eligibility: Eligibility = Eligibility.ANYONE
    party_size: int = 1
    children: tuple[ChildBand, ...] = ()
    accessibility: tuple[Accessibility, ...] = ()
    duration: Duration | None = None
    areas_to_avoid: tuple[str, ...] = ()
    language: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no list holds."""
        areas = {*self.areas_to_avoid, *([self.region] if self.region else [])}
        if not self.needs or areas - REGIONS or not 1 <= self.party_size <= PARTY_LIMIT:
            raise QueryInvalid


@dataclass(frozen=True, slots=True)
class Coarsening:
    """One field made coarser: what was said stays with the asker, what is sent is shown first."""

    field: str
    sent: Any
    why: str


def _rare_language(query: Query) -> Any:
    rare = query.language is not None and query.language not in COMMON_LANGUAGES
    return INTERPRETER if rare else query.language


def _large_family(query: Query) -> Any:
    return tuple(sorted(set(query.children))) if len(query.children) > LARGE_FAMILY else query.children


def _rare_eligibility(query: Query) -> Any:
    return Eligibility.ANYONE if query.eligibility is Eligibility.TRANS_INCLUSIVE else query.eligibility


def _sign_language(query: Query) -> Any:
    return tuple(code for code in query.accessibility if code is not Accessibility.SIGN_LANGUAGE)


def _signing_interpreter(query: Query) -> Any:
    return INTERPRETER if Accessibility.SIGN_LANGUAGE in query.accessibility else query.language


def _many_areas(query: Query) -> Any:
    return query.areas_to_avoid if len(query.areas_to_avoid) <= FEW_AREAS else ()


# In this order: the interpreter is taken from the accessibility before the sign language goes from it.
COARSENINGS: tuple[tuple[str, str, Callable[[Query], Any]], ...] = (
    ("language", "rare-language", _rare_language),
    ("language", "sign-language", _signing_interpreter),
    ("accessibility", "sign-language", _sign_language),
    ("children", "large-family", _large_family),
    ("eligibility", "small-group", _rare_eligibility),
    ("areas_to_avoid", "many-areas", _many_areas),
)


def coarsen(query: Query) -> tuple[Query, tuple[Coarsening, ...]]:
    """Return the query as it may be sent, and what was made coarser, to be previewed by whoever asks."""
    changed = []
    for name, why, rule in COARSENINGS:
        sent = rule(query)
        if sent != getattr(query, name):
            query = replace(query, **{name: sent})
            changed.append(Coarsening(name, sent, why))
    return query, tuple(changed)


# They house nobody and answer for no places; asking them would only tell them that somebody needs help.
_NEVER_ASKED: frozenset[Sector] = frozenset({Sector.LAW_ENFORCEMENT, Sector.GOVERNMENT})


def may_be_asked(sector: Sector) -> bool:
    """Say whether organisations of a sector are asked for capacity."""
    return sector not in _NEVER_ASKED


def open_until(query: Query, asked: datetime) -> datetime:
    """Return the instant after which no answer is taken."""
    return asked + DEADLINES[query.urgency].expire


def check_rate(asked_this_hour: int) -> None:
    """Raise `TooManyQueries` where a worker has asked too often within the hour."""
    if asked_this_hour >= QUERIES_AN_HOUR:
        raise TooManyQueries


def check_answer(
    earlier: Answer | None, answer: Answer, information: frozenset[str], until: datetime, at: datetime
) -> None:
    """Raise the named refusal where this answer cannot be taken; `more-information` may be followed by another."""
    if at >= until:
        raise QueryClosed
    if earlier not in {None, Answer.MORE_INFORMATION}:
        raise QueryAlreadyAnswered
    if bool(information) != (answer is Answer.MORE_INFORMATION) or information - ASKABLE:
        raise InformationNotSaid


_NAMES = tuple(field.name for field in fields(Query))
ASKABLE: frozenset[str] = frozenset(_NAMES) - {"needs"}


def shown(query: Query, needs: tuple[Need, ...], facets: frozenset[Facet]) -> Mapping[str, Any]:
    """Return the query's fields for a receiver to whom `facets` are open, hiding what would reveal the rest."""
    visible = {name: getattr(query, name) for name in _NAMES if is_shown(QUERY_FIELDS.get(name, ()), facets)}
    return {**visible, "needs": needs}
