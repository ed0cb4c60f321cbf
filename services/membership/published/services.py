"""What happened to the services of the directory."""

from typing import ClassVar, Literal

from kit.messages import Message
from services.membership.domain.directory import Fact as ServiceFact
from services.membership.domain.directory import Service, public_entry
from services.membership.published.words import Words


class ServicePublished(Message):
    """A service is in the directory: what everyone may know of it."""

    subject: ClassVar[str] = "membership.service-published.v1"
    service_id: str
    organization_id: str
    name: Words
    needs: tuple[str, ...]
    regions: tuple[str, ...]
    languages: tuple[str, ...]
    populations: tuple[str, ...]
    confidential: bool
    capacity: Literal["counted", "open"]
    places: int | None
    status: Literal["active", "temporarily closed"]
    stale: bool


class ServiceChanged(ServicePublished):
    """What is said of a service is now this."""

    subject: ClassVar[str] = "membership.service-changed.v1"


class ServiceWithdrawn(Message):
    """A service left the directory for good."""

    subject: ClassVar[str] = "membership.service-withdrawn.v1"
    service_id: str
    organization_id: str


def tell_service(service: Service, fact: ServiceFact) -> Message:
    """Return the message that tells a fact of a service; a confidential one tells what is public of it."""
    if fact is ServiceFact.WITHDRAWN:
        return ServiceWithdrawn(service_id=service.id, organization_id=service.organization_id)
    told = ServicePublished if fact is ServiceFact.PUBLISHED else ServiceChanged
    entry = public_entry(service.entry)
    return told(
        service_id=service.id,
        organization_id=service.organization_id,
        name=Words(fr=entry.name.fr, en=entry.name.en),
        needs=entry.needs,
        regions=entry.service_areas,
        languages=entry.languages,
        populations=entry.eligibility.populations,
        confidential=entry.confidential,
        capacity=entry.capacity.value,
        # Whoever gives the places out must know how many there are, of a confidential service too.
        places=service.entry.places,
        status=entry.status.value,
        stale=service.stale,
    )
