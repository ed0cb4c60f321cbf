"""How a person comes to a service: when, by what way, with whom, and where, in codes alone."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.referral.domain.errors import ReferralError
from services.referral.domain.reveals import Facet, is_shown
from services.referral.domain.taxonomy import DataClass


class Way(StrEnum):
    """How the person comes, or is first spoken to."""

    ON_FOOT = "on-foot"
    PUBLIC_TRANSPORT = "public-transport"
    TAXI = "taxi"
    PRIVATE_CAR = "private-car"
    SERVICE_VEHICLE = "service-vehicle"
    PHONE = "phone"
    VIDEO = "video"


class Escort(StrEnum):
    """Who comes along."""

    NONE = "none"
    SENDERS_WORKER = "senders-worker"
    RECEIVERS_WORKER = "receivers-worker"
    OTHER = "other"


class Place(StrEnum):
    """Where they meet: never an address, which a reader of the code could use."""

    AT_SERVICE = "at-service"
    AGREED_ELSEWHERE = "agreed-elsewhere"
    AT_SENDER = "at-sender"
    WHERE_THE_PERSON_IS = "where-the-person-is"


_LOCATION = frozenset({Facet(DataClass.CURRENT_LOCATION)})
_NOTHING: frozenset[Facet] = frozenset()

# Where the person will be found before they come is where they are now.
PLACES: Mapping[Place, frozenset[Facet]] = {
    Place.AT_SERVICE: _NOTHING,
    Place.AGREED_ELSEWHERE: _NOTHING,
    Place.AT_SENDER: _LOCATION,
    Place.WHERE_THE_PERSON_IS: _LOCATION,
}

# A handover put off further would put its alarm off too.
FURTHEST = timedelta(days=30)


class HandoverTimeInvalid(ReferralError):
    """A handover is to come, within thirty days."""

    code = "referral.handover-time-invalid"


class HandoverPlaceWithheld(ReferralError):
    """The place would tell where the person is now, which this receiver may not know."""

    code = "referral.handover-place-withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What both sides arranged for the person's coming."""

    at: datetime
    way: Way
    escort: Escort
    place: Place | None = None

    def place_for(self, opened: frozenset[Facet]) -> Place | None:
        """Return the place, where what it reveals is open to the reader."""
        return self.place if self.place is not None and is_shown(PLACES[self.place], opened) else None


def check_handover(handover: Handover, opened: frozenset[Facet], at: datetime) -> None:
    """Raise the named refusal unless the time is near enough and the place tells its receiver nothing withheld."""
    if not at < handover.at <= at + FURTHEST:
        raise HandoverTimeInvalid
    if handover.place_for(opened) is not handover.place:
        raise HandoverPlaceWithheld
