"""The directory of services, in the words of HSDS 3.1 (Human Services Data Specification, Open Referral).

A confidential place shows its region and nothing else of where it is, how to reach it or how many places it has, to
everyone but its own organisation: what is searched, sorted and told comes from `public_entry`, so nothing reveals the
rest.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from services.membership.domain.organization import Organization, OrganizationId, UserId
from services.membership.domain.refusal import MembershipRefusal
from services.membership.domain.region import known_region
from services.membership.domain.standing import NotMember
from services.membership.domain.taxonomy import ACCESSIBILITY, NEEDS, POPULATIONS
from services.membership.domain.text import Text

ServiceId = NewType("ServiceId", str)

# Half a year: after that nobody should drive a person there at night on the entry's word alone.
ASSURED_FOR = timedelta(days=180)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
# ISO 639-3, as everywhere in the system: only it has codes for the languages of the First Peoples.
_LANGUAGE = re.compile(r"[a-z]{3}")


class Status(StrEnum):
    """Whether the service can be had (HSDS `service.status`)."""

    ACTIVE = "active"
    TEMPORARILY_CLOSED = "temporarily closed"


class Capacity(StrEnum):
    """Whether places are counted one by one, or the service takes who comes."""

    COUNTED = "counted"
    OPEN = "open"


class Cost(StrEnum):
    """What it costs the person (HSDS `cost_option.option`)."""

    FREE = "free"
    SLIDING = "sliding-scale"
    FEE = "fee"
    LEGAL_AID = "legal-aid"


class Presence(StrEnum):
    """What a schedule means: someone is there, or someone answers and comes."""

    OPEN = "open"
    ON_CALL = "on-call"


class PhoneType(StrEnum):
    """HSDS `phone.type`."""

    VOICE = "voice"
    TEXT = "text"
    FAX = "fax"
    TELETYPE = "textphone"


class Fact(StrEnum):
    """What happened, as the message that tells it is named."""

    PUBLISHED = "service-published"
    CHANGED = "service-changed"
    WITHDRAWN = "service-withdrawn"


class UnknownService(MembershipRefusal):
    """No such service, or none the caller may know of."""

    code = "membership.unknown-service"


class ServiceWithdrawn(MembershipRefusal):
    """The service has been taken out of the directory for good."""

    code = "membership.service-withdrawn"


class UnknownTerm(MembershipRefusal):
    """A need, population, accessibility or language that the taxonomy does not know."""

    code = "membership.unknown-term"


class PlacesInconsistent(MembershipRefusal):
    """Counted places have a number, open ones have none."""

    code = "membership.places-inconsistent"


class AgesInconsistent(MembershipRefusal):
    """The youngest age is above the oldest."""

    code = "membership.ages-inconsistent"


class ScheduleMalformed(MembershipRefusal):
    """A schedule needs known days and two different times of day."""

    code = "membership.schedule-malformed"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Hours that repeat each week, local time; closing before opening means past midnight."""

    byday: tuple[str, ...]
    opens_at: str
    closes_at: str
    presence: Presence = Presence.OPEN


@dataclass(frozen=True, slots=True)
class Phone:
    """A number to call (E.164)."""

    number: str
    type: PhoneType = PhoneType.VOICE
    extension: str | None = None
    description: Text | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask for."""

    name: str
    title: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A place; a confidential one is stored whole and shown as its region."""

    region: str
    address_1: str | None = None
    city: str | None = None
    postal_code: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class CostOption:
    """What it costs, and a word about it."""

    option: Cost = Cost.FREE
    description: Text | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whom the service takes; ages in years, party size in people."""

    populations: tuple[str, ...]
    minimum_age: int | None = None
    maximum_age: int | None = None
    maximum_party_size: int | None = None
    children: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What an organisation says of a service it offers."""

    name: Text
    description: Text
    needs: tuple[str, ...]
    service_areas: tuple[str, ...]
    languages: tuple[str, ...]
    eligibility: Eligibility
    status: Status = Status.ACTIVE
    interpreters: bool = False
    accessibility: tuple[str, ...] = ()
    confidential: bool = False
    locations: tuple[Location, ...] = ()
    phones: tuple[Phone, ...] = ()
    contacts: tuple[Contact, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    required_documents: tuple[Text, ...] = ()
    cost_option: CostOption = CostOption()
    capacity: Capacity = Capacity.OPEN
    places: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Assurance:
    """Who said last that the entry is right, and when (HSDS `assured_date`)."""

    by: UserId
    at: datetime


@dataclass(frozen=True, slots=True)
class Service:
    """A service in the directory, of the one organisation that keeps it right."""

    id: ServiceId
    organization_id: OrganizationId
    entry: Entry
    assurance: Assurance
    stale: bool = False
    withdrawn: bool = False

    @property
    def stale_from(self) -> datetime:
        """The instant from which nobody has assured the entry for too long."""
        return self.assurance.at + ASSURED_FOR


Outcome = tuple[Service, tuple[Fact, ...]]


def publish(identity: ServiceId, organization: Organization, by: UserId, entry: Entry, at: datetime) -> Outcome:
    """Put a service in the directory; raises the rule its entry breaks."""
    if not organization.member:
        raise NotMember
    service = Service(identity, organization.id, sound(entry), Assurance(by, at))
    return service, (Fact.PUBLISHED,)


def change(service: Service, by: OrganizationId, person: UserId, entry: Entry, at: datetime) -> Outcome:
    """Replace what is said of a service; whoever changes it assures it. The same again changes nothing but that."""
    _refuse_outsider(service, by)
    fresh = replace(service, entry=sound(entry), assurance=Assurance(person, at), stale=False)
    told = fresh.entry != service.entry or service.stale
    return fresh, (Fact.CHANGED,) if told else ()


def assure(service: Service, by: OrganizationId, person: UserId, at: datetime) -> Outcome:
    """Record that the entry is still right."""
    return change(service, by, person, service.entry, at)


def flag_stale(service: Service, at: datetime) -> Outcome:
    """Flag an entry nobody has assured for too long; before that, or twice, nothing happens."""
    if service.withdrawn or service.stale or at < service.stale_from:
        return service, ()
    return replace(service, stale=True), (Fact.CHANGED,)


def withdraw(service: Service, by: OrganizationId) -> Outcome:
    """Take a service out of the directory for good."""
    _refuse_outsider(service, by)
    return replace(service, withdrawn=True), (Fact.WITHDRAWN,)


def sound(entry: Entry) -> Entry:
    """Return the entry with its codes in order and once; raises the rule it breaks."""
    _hold_places(entry)
    _hold_ages(entry.eligibility)
    for schedule in entry.schedules:
        _hold_schedule(schedule)
    for location in entry.locations:
        known_region(location.region)
    return replace(
        entry,
        needs=_known(entry.needs, NEEDS),
        service_areas=tuple(sorted({known_region(code) for code in entry.service_areas})),
        languages=_languages(entry.languages),
        accessibility=_known(entry.accessibility, ACCESSIBILITY),
        eligibility=replace(entry.eligibility, populations=_known(entry.eligibility.populations, POPULATIONS)),
    )


def public_entry(entry: Entry) -> Entry:
    """Return what everyone may see: of a confidential place, neither where it is nor how to reach it, nor its size."""
    if not entry.confidential:
        return entry
    regions = tuple(Location(code) for code in sorted({place.region for place in entry.locations}))
    return replace(entry, locations=regions, phones=(), contacts=(), url=None, places=None)


def _refuse_outsider(service: Service, by: OrganizationId) -> None:
    if service.organization_id != by:
        raise UnknownService
    if service.withdrawn:
        raise ServiceWithdrawn


def _known(codes: Iterable[str], taxonomy: dict[str, Text]) -> tuple[str, ...]:
    found = set(codes)
    if not found <= taxonomy.keys():
        raise UnknownTerm
    return tuple(sorted(found))


def _languages(codes: Iterable[str]) -> tuple[str, ...]:
    found = set(codes)
    if not all(_LANGUAGE.fullmatch(code) for code in found):
        raise UnknownTerm
    return tuple(sorted(found))


def _hold_places(entry: Entry) -> None:
    if (entry.capacity is Capacity.COUNTED) != (entry.places is not None):
        raise PlacesInconsistent


def _hold_ages(eligibility: Eligibility) -> None:
    youngest, oldest = eligibility.minimum_age, eligibility.maximum_age
    if youngest is not None and oldest is not None and youngest > oldest:
        raise AgesInconsistent


def _hold_schedule(schedule: Schedule) -> None:
    times = (schedule.opens_at, schedule.closes_at)
    days = set(schedule.byday)
    if not days or not days <= set(WEEKDAYS):
        raise ScheduleMalformed
    if not all(_TIME.fullmatch(time) for time in times) or times[0] == times[1]:
        raise ScheduleMalformed
